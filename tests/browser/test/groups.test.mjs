// The pages of groups, who works on what, embedding sites and logs, on a real server.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { until } from '../../interop/support/until.mjs'
import { BINARY, Demo } from '../support/demo.mjs'
import { choose, focused, press, tabTo } from '../support/keyboard.mjs'
import { open, showText, signIn, startBrowser, watch } from '../support/windows.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PASSWORD = 'four loud herons at dawn'
const GROUP = 'Coalition for Valdoria'
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

let demo, chromium, group

before(async () => {
  ;[demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
  await command('organisation', 'add', '--name', 'en=Open Door', '--name', 'ar=الباب المفتوح', '--at-risk', 'true').then(id =>
    command('organisation', 'assign', '--email', 'safiya@demo.example', '--organisation', id),
  )
  const init = command('init', '--email', 'ada@demo.example', '--name', 'Ada Quill', '--password-stdin')
  init.child.stdin.end(`${PASSWORD}\n`)
  await init
  group = (await command('--json', 'group', 'list').then(JSON.parse)).groups[0].id
})

after(async () => {
  await chromium?.stop()
  await demo?.stop()
  // What the server refuses, the browser notes.
  const complaints = chromium?.complaints.filter(line => !/status of (403|404|409|422)|ERR_INTERNET_DISCONNECTED/.test(line))
  assert.deepEqual(complaints, [], 'no page erred, broke its content policy or asked another origin')
})

/** What the command line answers. */
function command(...words) {
  const running = promisify(execFile)(BINARY, [...words, '--data-dir', join(demo.folder, 'data')])
  return Object.assign(running.then(({ stdout }) => stdout.trim()), { child: running.child })
}

/** The administrator, who is in no group. */
async function signInAda(options = {}) {
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  watch(page, 'ada', demo, chromium.complaints)
  await page.goto(demo.address)
  await page.locator('#email').fill('ada@demo.example')
  await page.locator('#password').fill(PASSWORD)
  await page.locator('form button.primary').click()
  await page.locator('main.list h1').waitFor()
  return page
}

/** axe finds nothing on a page. */
async function axe(page, what) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [], `axe on ${what}`)
}

/** A page that is open already goes to another address, as a link does. */
async function visit(page, path, heading) {
  await page.goto(`${demo.address}${path}`)
  await page.getByRole('heading', { name: heading, exact: true }).first().waitFor()
}

const row = (page, name) => page.locator('.row', { hasText: name })

/** A page moves the focus in its own time, when what it has to say is there. */
const hasFocus = (page, name) => {
  let last
  return until(() => `“${name}” has the focus, not “${last}”`, async () => (last = await focused(page)) === name)
}

const said = (page, words) => page.locator('.outcome', { hasText: words }).waitFor()
const close = (...pages) => Promise.all(pages.map(page => page.context().close()))

test('invite, accept, change role, hand over the contact person, remove: by keyboard alone', async () => {
  const ilse = await signIn(chromium, demo, 'ilse', { permissions: ['clipboard-read', 'clipboard-write'] })
  const jon = await open(chromium, demo, 'jon')

  await press(ilse, 'Groups')
  // The link that was pressed is called so, too.
  await until('reading goes on at the top of the page', async () =>
    (await focused(ilse)) === 'Groups' && (await ilse.evaluate(() => document.activeElement.tagName)) === 'H1')
  await tabTo(ilse, await ilse.locator('a.statement').first().evaluate(it => it.textContent.replaceAll(/\s+/g, ' ').trim()))
  await ilse.keyboard.press('Enter')
  await row(ilse, 'Jon Aruk').waitFor()

  // An invitation, once as it stands, to nobody else but her.
  await press(ilse, 'Invitations and links')
  await press(ilse, 'Invite')
  await ilse.getByRole('dialog').waitFor()
  await choose(ilse, 'Drafter', 'Commenter')
  await tabTo(ilse, 'Only for this e-mail address')
  await ilse.keyboard.type('noor@example.org')
  await press(ilse, 'Make the link')
  await ilse.locator('plenary-fresh-link').waitFor()
  await until('the button that copies is in focus', async () => (await focused(ilse)) === 'Copy')
  await ilse.keyboard.press('Enter')
  await ilse.getByText('Copied.').waitFor()
  const invitation = await ilse.evaluate(() => navigator.clipboard.readText())
  assert.ok(invitation.startsWith(`${demo.address}/#invitation=`))
  await press(ilse, 'Done')
  await ilse.locator('plenary-fresh-link').waitFor({ state: 'detached' })
  assert.equal((await ilse.content()).includes(invitation.split('=')[1]), false, 'the secret is not in the page any more')
  await row(ilse, 'only for noor@example.org').getByText('0 of 1 used').waitFor()

  // She has no account yet.
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 900 } })
  const noor = await context.newPage()
  watch(noor, 'noor', demo, chromium.complaints)
  await noor.goto(invitation)
  await noor.getByText(GROUP).waitFor()
  await tabTo(noor, 'Your name')
  await noor.keyboard.type('Noor Haddad')
  await tabTo(noor, 'E-mail')
  await noor.keyboard.type('noor@example.org')
  await tabTo(noor, 'Password')
  await noor.keyboard.type('seven quiet herons at dusk')
  await noor.keyboard.press('Enter')
  await noor.locator('a.statement').first().waitFor()
  await press(noor, 'Groups')
  await noor.locator('a.statement', { hasText: 'Commenter' }).waitFor()

  // Her role; the contact person; somebody goes.
  await press(ilse, 'Members')
  await row(ilse, 'Noor Haddad').getByText('Commenter').waitFor()
  await press(ilse, 'Change role: Noor Haddad')
  await ilse.getByRole('dialog', { name: 'Role of Noor Haddad' }).waitFor()
  await choose(ilse, 'Commenter', 'Observer')
  await tabTo(ilse, 'Observer')
  for (let i = 0; i < 4 && (await focused(ilse)) !== 'Coordinator'; i++) await ilse.keyboard.press('ArrowUp')
  await press(ilse, 'Save')
  await said(ilse, 'New role of Noor Haddad: Coordinator.')
  await hasFocus(ilse, 'Change role: Noor Haddad')

  assert.equal(await ilse.getByRole('button', { name: 'Leave the group' }).count(), 0, 'the contact person cannot leave')
  await press(ilse, 'Make contact person: Noor Haddad')
  await ilse.getByRole('dialog').getByText('Ilse Marenko stays a coordinator').waitFor()
  await press(ilse, 'Make contact person')
  await said(ilse, 'Noor Haddad is the contact person now.')
  await row(ilse, 'Noor Haddad').getByText('Contact person', { exact: true }).waitFor()
  assert.equal(await row(ilse, 'Ilse Marenko').getByText('Contact person', { exact: true }).count(), 0)
  assert.equal(await ilse.getByRole('button', { name: 'Remove: Noor Haddad' }).count(), 0, 'she stays, now')
  await ilse.getByRole('button', { name: 'Leave the group' }).waitFor()

  await press(ilse, 'Remove: Jon Aruk')
  const question = ilse.getByRole('dialog', { name: 'Remove Jon Aruk from the group?' })
  await question.getByText('texts they have open close').waitFor()
  // What changes nothing is ready to be pressed.
  await hasFocus(ilse, 'Keep')
  await ilse.keyboard.press('Enter')
  await question.waitFor({ state: 'hidden' })
  await hasFocus(ilse, 'Remove: Jon Aruk')
  await ilse.keyboard.press('Enter')
  await press(ilse, 'Remove')
  await said(ilse, 'Jon Aruk is in the group no longer.')
  // The keyboard goes on at the list.
  await hasFocus(ilse, 'Members')
  assert.equal(await row(ilse, 'Jon Aruk').count(), 0)
  await jon.page.locator('plenary-notices .banner').waitFor()
  await jon.page.goto(`${demo.address}/groups`)
  await jon.page.getByText('You are in no group yet.').waitFor()

  // All of it is remembered.
  await press(ilse, 'Who was here')
  await row(ilse, 'Jon Aruk').getByText('removed by Ilse Marenko').waitFor()
  await press(ilse, 'Log')
  for (const sentence of [
    'Ilse Marenko made an invitation. Role: Commenter.',
    'Noor Haddad accepted an invitation.',
    'Ilse Marenko changed the role of Noor Haddad from Commenter to Coordinator.',
    'Ilse Marenko made Noor Haddad the contact person.',
    'Ilse Marenko took Jon Aruk out of the group. Role: Observer.',
  ]) {
    await ilse.locator('.log li', { hasText: sentence }).waitFor()
  }
  assert.match(await ilse.locator('.log li').first().textContent(), /took Jon Aruk out/, 'the newest is first')
  await command('member', 'add', '--group', group, '--email', 'jon@demo.example', '--role', 'observer')
  await close(ilse, noor, jon.page)
})

test('what the server refuses is said in words, and nothing is sent twice', async () => {
  const ilse = await signIn(chromium, demo, 'ilse')
  const { keyboard } = ilse
  await visit(ilse, `/groups/${group}`, GROUP)
  await press(ilse, 'Add a member')
  await tabTo(ilse, 'E-mail')
  await keyboard.type('nobody@example.org')
  await keyboard.press('Enter')
  await ilse.getByRole('alert').getByText('Nobody here has this e-mail address.').waitFor()
  await ilse.keyboard.press('Escape')
  await ilse.getByRole('dialog').waitFor({ state: 'hidden' })

  // The list is older than what it shows: whoever is to go has become the contact person meanwhile.
  const [contact] = (await ilse.evaluate(async path => (await fetch(path)).json(), `/api/v1/groups/${group}/members`)).members.filter(
    member => member.contact_person,
  )
  await command('member', 'set-role', '--group', group, '--email', 'renee@demo.example', '--role', 'coordinator')
  await ilse.reload()
  await row(ilse, 'Renée Aubry').getByText('Coordinator').waitFor()
  await press(ilse, 'Remove: Renée Aubry')
  await command('member', 'set-role', '--group', group, '--email', 'renee@demo.example', '--role', 'coordinator', '--contact-person')
  await press(ilse, 'Remove')
  await ilse.getByRole('alert').getByText('The contact person stays until another coordinator has taken over.').waitFor()
  await press(ilse, 'Keep')
  await command('member', 'set-role', '--group', group, '--email', contact.user.email, '--role', 'coordinator', '--contact-person')

  // Pressed twice while the answer is on its way, it is one invitation.
  let made = 0
  let letGo = () => {}
  const held = new Promise(resolve => (letGo = resolve))
  await ilse.route('**/invitations', async route => {
    if (route.request().method() !== 'POST') return route.continue()
    made += 1
    await held
    return route.continue()
  })
  await visit(ilse, `/groups/${group}/links`, GROUP)
  await press(ilse, 'Invite')
  await tabTo(ilse, 'How many people')
  await keyboard.press('Enter')
  await until('it is sent', () => made === 1)
  assert.equal(await ilse.getByRole('dialog').getByRole('button', { name: 'One moment' }).isDisabled(), true)
  await keyboard.press('Enter')
  letGo()
  await ilse.locator('plenary-fresh-link').waitFor()
  assert.equal(made, 1)

  // Taken back, its link is of no use.
  const link = await ilse.locator('plenary-fresh-link input').inputValue()
  await ilse.locator('.row', { hasText: 'Drafter' }).getByRole('button').press('Enter')
  await press(ilse, 'Take back')
  await said(ilse, 'It works no longer.')
  await ilse.locator('plenary-fresh-link').waitFor({ state: 'detached' })
  const context = await chromium.browser.newContext()
  const late = await context.newPage()
  await late.goto(link)
  await late.getByText(/ask .*new/i).first().waitFor()
  await close(ilse, late)
})

test('a guest comes by a link, and is out at once when it is taken back', async () => {
  const ilse = await signIn(chromium, demo, 'ilse')
  await visit(ilse, `/groups/${group}/links`, GROUP)
  await press(ilse, 'New link for guests')
  await press(ilse, 'Make the link')
  const input = ilse.locator('plenary-fresh-link input')
  await input.waitFor()
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 900 } })
  const guest = await context.newPage()
  watch(guest, 'guest', demo, chromium.complaints)
  await guest.goto(await input.inputValue())
  await guest.locator('form input').first().fill('Lena')
  await guest.locator('form button.primary').click()
  const text = await showText(guest, 'guest')
  assert.ok((await text.text()).length > 100)
  assert.equal(await guest.getByRole('link', { name: 'Groups' }).count(), 0, 'guests see nothing of groups')
  await ilse.reload()
  await ilse.locator('.row', { hasText: 'Came: Lena' }).getByRole('button').press('Enter')
  await ilse.getByRole('dialog').getByText('the guests who came by it are out at once').waitFor()
  await press(ilse, 'Take back')
  await said(ilse, 'It works no longer.')
  await ilse.getByText('No link opens a statement to guests.').waitFor()
  await guest.locator('plenary-notices .banner').waitFor()
  await close(ilse, guest)
})

test('only what somebody may do is offered', async () => {
  const jon = await signIn(chromium, demo, 'jon')
  await visit(jon, `/groups/${group}`, GROUP)
  await row(jon, 'Safiya Orrin').getByText('Open Door').waitFor()
  assert.deepEqual(await jon.locator('plenary-group-page button').allTextContents().then(all => all.map(it => it.trim())), ['Leave the group'])
  assert.equal(await jon.locator('.sections').count(), 0, 'there is one page for him')
  assert.equal(await jon.getByText('At risk').count(), 0)
  assert.equal(await jon.getByText('safiya@demo.example').count(), 0)
  for (const path of [`/groups/${group}/log`, `/groups/${group}/embedding`]) {
    await visit(jon, path, GROUP)
    await jon.getByText('Your role does not let you do this.').first().waitFor()
  }
  for (const path of ['/embedding', '/log', '/groups/0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e']) await visit(jon, path, 'Nothing here')

  const ilse = await signIn(chromium, demo, 'ilse')
  await visit(ilse, `/groups/${group}`, GROUP)
  await row(ilse, 'Safiya Orrin').getByText('At risk: do not name it outside the group').waitFor()
  await row(ilse, 'Safiya Orrin').getByText('safiya@demo.example').waitFor()
  assert.equal(await ilse.getByRole('button', { name: 'New group' }).count(), 0)
  await close(jon, ilse)
})

test('an administrator makes a group and brings in its first coordinator, by keyboard alone', async () => {
  const ada = await signInAda()
  const { keyboard } = ada
  await press(ada, 'Groups')
  await ada.getByRole('heading', { name: 'Other groups on this server' }).waitFor()
  await press(ada, 'New group')
  await tabTo(ada, 'Name')
  await keyboard.type('Coastal rights 2027')
  await tabTo(ada, 'What brings it together')
  await keyboard.type('On a State')
  await press(ada, 'Make the group')
  await ada.getByRole('alert').filter({ hasText: /State/ }).waitFor()
  await tabTo(ada, 'State under review')
  await keyboard.type('Iceland')
  await tabTo(ada, 'Session')
  await keyboard.type('UPR 58')
  await tabTo(ada, 'Themes')
  await keyboard.type('fishing, housing')
  await keyboard.press('Enter')
  await ada.getByRole('heading', { name: 'Coastal rights 2027' }).waitFor()
  await ada.locator('.facts', { hasText: 'Iceland, UPR 58' }).waitFor()
  await ada.getByText('Nobody is in this group yet.').waitFor()
  await press(ada, 'Add a member')
  await tabTo(ada, 'E-mail')
  await keyboard.type('renee@demo.example')
  await keyboard.press('Enter')
  await said(ada, 'Renée Aubry is in the group now.')
  await row(ada, 'Renée Aubry').getByText('Contact person', { exact: true }).waitFor()

  const renee = await signIn(chromium, demo, 'renee')
  await press(renee, 'Groups')
  await renee.locator('a.statement', { hasText: 'Coastal rights 2027' }).click()
  await press(renee, 'Change rights')
  await tabTo(renee, 'Drafters make links for guests')
  await renee.keyboard.press('Space')
  await choose(renee, 'Nobody outside finds this group', 'Everybody with an account here finds this group, and whom to turn to')
  await press(renee, 'Save')
  await renee.locator('.plain-list', { hasText: 'Drafters make links for guests' }).waitFor()
  await press(renee, 'Archive the group')
  await ada.getByRole('dialog').waitFor({ state: 'hidden' })
  await press(renee, 'Archive the group', { key: 'Shift+Tab' })
  await renee.getByText('Archived: nothing is written here any more').waitFor()
  await press(renee, 'Make active again')
  await renee.getByRole('dialog').waitFor()
  await press(renee, 'Make active again')
  await renee.getByText('Archived: nothing is written here any more').waitFor({ state: 'hidden' })
  await close(ada, renee)
})

test('who works on what is written down, and found by others once it is shown', async () => {
  const safiya = await signIn(chromium, demo, 'safiya')
  const { keyboard } = safiya
  await press(safiya, 'Who works on what')
  await safiya.getByText('You have written nothing down yet.').waitFor()
  await press(safiya, 'Write down what you work on')
  await safiya.getByRole('dialog').waitFor()
  await tabTo(safiya, 'Whose work it is')
  await keyboard.type('Open Door')
  await tabTo(safiya, 'Add a State')
  await keyboard.type('Iceland')
  await keyboard.press('Tab')
  await safiya.locator('.chips', { hasText: 'Iceland' }).waitFor()
  await tabTo(safiya, 'Themes')
  await keyboard.type('statelessness')
  await press(safiya, 'Save')
  await said(safiya, 'Saved.')
  const own = safiya.locator('section', { has: safiya.locator('#mine') }).locator('.row')
  await own.getByText('Hidden').waitFor()

  const jon = await signIn(chromium, demo, 'jon')
  await press(jon, 'Who works on what')
  const found = jon.locator('section', { has: jon.locator('#search') }).locator('.row', { hasText: 'statelessness' })
  await jon.getByText('Nobody has written down that they work on this.').waitFor()

  await press(safiya, 'Change')
  await choose(safiya, 'Hidden', 'Shown')
  await press(safiya, 'Save')
  await own.getByText('Shown').waitFor()
  await tabTo(jon, 'State')
  await jon.keyboard.type('Iceland')
  await press(jon, 'Search')
  await found.getByText('Open Door').waitFor()
  await tabTo(jon, 'Theme', { key: 'Shift+Tab' })
  await jon.keyboard.type('fisheries')
  await jon.keyboard.press('Enter')
  await jon.getByText('Nobody has written down that they work on this.').waitFor()

  // In the language of the page, where the organisation has a name in it.
  await jon.getByRole('combobox', { name: 'Language' }).selectOption('ar')
  await jon.locator('#theme').fill('')
  await jon.locator('#theme').press('Enter')
  await found.getByText('الباب المفتوح').waitFor()
  await found.getByText('آيسلندا').waitFor()

  await press(safiya, 'Delete')
  await press(safiya, 'Delete', { key: 'Shift+Tab' })
  await said(safiya, 'Deleted.')
  await close(safiya, jon)
})

test('a site’s key is registered, let into a group, and revoked', async () => {
  const ada = await signInAda()
  await press(ada, 'Embedding sites')
  await ada.getByText('No site has a key here.').waitFor()
  const pair = generateKeyPairSync('ed25519')
  const register = async (key, type) => {
    await press(ada, 'Register a key')
    await ada.locator('#issuer').fill('https://intranet.example.org')
    await ada.locator('#origins').fill('https://intranet.example.org\nhttps://www.example.org')
    await ada.locator('#public_key').fill(pair[key].export({ type, format: 'pem' }).toString())
    await press(ada, 'Register')
  }
  await register('privateKey', 'pkcs8')
  await ada.getByRole('alert').getByText('this is a private key', { exact: false }).waitFor()
  await ada.locator('#public_key').fill('{"kty": "OKP"')
  await press(ada, 'Register')
  await ada.getByRole('alert').getByText('begins like a JSON Web Key').waitFor()
  await ada.keyboard.press('Escape')
  await register('publicKey', 'spki')
  await ada.getByText('Registered. This is its “kid”:').waitFor()
  await row(ada, 'https://intranet.example.org').getByText('at most Commenter').waitFor()

  const ilse = await signIn(chromium, demo, 'ilse')
  await visit(ilse, `/groups/${group}/embedding`, GROUP)
  await ilse.getByText('No site may vouch for people in this group.').waitFor()
  await press(ilse, 'Let a site in')
  await ilse.keyboard.type('https://intranet.example.org')
  await choose(ilse, 'In all there are and will be', 'In these')
  await press(ilse, 'Let it in')
  await ilse.getByRole('alert').getByText('Choose at least one statement').waitFor()
  await ilse.locator('input[name=statements]').first().press('Space')
  await press(ilse, 'Let it in')
  await said(ilse, 'The site may vouch for people now.')
  await axe(ilse, 'the sites of a group')
  await press(ilse, 'Withdraw: https://intranet.example.org')
  await press(ilse, 'Withdraw')
  await ilse.getByText('No site may vouch for people in this group.').waitFor()

  await axe(ada, 'the keys')
  await press(ada, 'Revoke: https://intranet.example.org')
  await ada.getByRole('dialog').getByText('are cut at once').waitFor()
  await hasFocus(ada, 'Keep')
  await press(ada, 'Revoke')
  await said(ada, 'Revoked.')
  await ada.getByText('No site has a key here.').waitFor()
  await press(ada, 'Log')
  await ada.locator('.log li', { hasText: 'Ada Quill revoked the key of an embedding site.' }).waitFor()
  await ada.locator('.log li', { hasText: 'made the group Coastal rights 2027.' }).waitFor()
  await close(ada, ilse)
})

test('a long log is read from its end, and more of it when asked', async () => {
  // From two to two more than are fetched at a time.
  for (let i = 0; i < 26; i++) {
    for (const role of ['commenter', 'observer']) {
      await command('member', 'set-role', '--group', group, '--email', 'jon@demo.example', '--role', role)
    }
  }
  const ilse = await signIn(chromium, demo, 'ilse')
  await visit(ilse, `/groups/${group}/log`, GROUP)
  const entries = ilse.locator('.log li')
  await entries.first().waitFor()
  assert.equal(await entries.count(), 50)
  await press(ilse, 'Show older entries')
  await ilse.getByText('This is where the log begins.').waitFor()
  const numbers = await entries.evaluateAll(all => all.map(entry => Number(entry.dataset.seq)))
  assert.deepEqual(numbers, Array.from(numbers, (_, i) => numbers.length - i), 'each entry once, newest first')
  await until('reading goes on at the first of them', async () =>
    (await ilse.evaluate(() => Number(document.activeElement.dataset.seq))) === numbers.length - 50)
  await close(ilse)
})

test('without a line a page says so, and comes by itself once there is one again', async () => {
  const ilse = await signIn(chromium, demo, 'ilse')
  await ilse.evaluate(() => navigator.serviceWorker.ready)
  await ilse.context().setOffline(true)
  await ilse.goto(`${demo.address}/groups`)
  await ilse.getByText('The server cannot be reached.').first().waitFor()
  await ilse.context().setOffline(false)
  await ilse.locator('a.statement', { hasText: GROUP }).waitFor()
  assert.equal(await ilse.getByText('The server cannot be reached.').count(), 0)
  await close(ilse)
})

test('axe finds nothing on any of the pages, and a phone shows all of each', async () => {
  const looks = [
    ['wide', {}],
    ['dark', { colorScheme: 'dark' }],
    ['a phone', PHONE],
    ['a phone in Arabic, dark', { ...PHONE, locale: 'ar', colorScheme: 'dark' }],
    ['a narrow phone in French', { ...PHONE, viewport: { width: 320, height: 640 }, locale: 'fr' }],
    ['Spanish', { locale: 'es' }],
  ]
  const paths = ['/groups', `/groups/${group}`, `/groups/${group}/links`, `/groups/${group}/embedding`, `/groups/${group}/log`, '/interests']
  for (const [look, options] of looks) {
    for (const [person, own] of [['ilse', paths], ['ada', ['/groups', `/groups/${group}`, '/embedding', '/log']]]) {
      const page = await (person === 'ada' ? signInAda(options) : signIn(chromium, demo, person, options))
      for (const path of own) {
        assert.equal((await page.goto(`${demo.address}${path}`)).status(), 200, path)
        await page.locator('main h1').waitFor()
        await until(`${path} has come`, async () => (await page.locator('.loading').count()) === 0)
        await axe(page, `${path}, ${look}, ${person}`)
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(wider <= 0, `${path} is ${wider} px wider than ${look}`)
      }
      if (person === 'ilse') {
        await page.goto(`${demo.address}/groups/${group}/links`)
        await page.locator('plenary-group-links .head button').first().click()
        await page.getByRole('dialog').waitFor()
        await axe(page, `inviting, ${look}`)
        await page.locator('dialog button.primary').click()
        await page.locator('plenary-fresh-link').waitFor()
        await axe(page, `a fresh link, ${look}`)
      }
      await close(page)
    }
  }
})
