// Links that people follow: invitations into a group, and links for guests, in Chromium with a real server.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { until } from '../../interop/support/until.mjs'
import { coordinator, LOOKS, looksRight, newcomer, PASSWORD, plenary, typePassword, windowOf } from '../support/accounts.mjs'
import { Demo } from '../support/demo.mjs'
import { showText, startBrowser, useLink } from '../support/windows.mjs'

let demo, chromium, ilse

before(async () => {
  ;[demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
  ilse = await coordinator(demo)
})

after(async () => {
  await chromium?.stop()
  await demo?.stop()
  // What is asked of a link that works no longer, the browser notes by itself.
  const complaints = chromium?.complaints.filter(words => !/status of (403|409|410)/.test(words))
  assert.deepEqual(complaints, [], 'no page erred, broke its content policy or asked another origin')
})

const close = page => page.context().close()
const addressOf = page => page.evaluate(() => location.pathname + location.hash)

/** Goes on with the key until what has the focus is called so. */
async function tabTo(page, name, key = 'Tab') {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press(key)
    const found = await page.evaluate(() => {
      const { activeElement: element } = document
      const label = element?.labels?.[0] ?? element
      return label?.textContent.trim() ?? ''
    })
    if (name.test(found)) return
  }
  assert.fail(`the keyboard does not come to ${name}`)
}

test('somebody new accepts an invitation by keyboard alone', async () => {
  const { id, link } = await ilse.invite({ role: 'drafter', email: 'vera@ngo.example' })
  const page = await windowOf(chromium, demo, 'vera')
  await page.goto(link)
  await page.getByRole('heading', { name: 'An invitation' }).waitFor()
  await page.getByText(ilse.group.name).waitFor()
  await page.getByText('As: Drafter. You write in the texts.').waitFor()
  await page.getByText('It is for one address only').waitFor()
  assert.equal(await addressOf(page), '/', 'the secret has left the address')
  assert.equal((await ilse.invitation(id)).uses, 0, 'looking uses nothing up')

  await tabTo(page, /No, I am new here/)
  await tabTo(page, /^Your name$/)
  await page.keyboard.type('Vera Holm')
  await tabTo(page, /^E-mail$/)
  await page.keyboard.type('somebody.else@ngo.example')
  await tabTo(page, /^Password$/)
  await page.keyboard.type(PASSWORD)
  await tabTo(page, /Make my account and join/)
  await page.keyboard.press('Enter')
  await page.getByText('This invitation is for another address.').waitFor()
  assert.equal((await ilse.invitation(id)).uses, 0)
  await tabTo(page, /^E-mail$/, 'Shift+Tab')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('vera@ngo.example')
  await page.keyboard.press('Enter')
  await page.locator('main.list h1').waitFor()
  await page.getByRole('heading', { name: ilse.group.name }).waitFor()
  await page.getByText('Your role here: Drafter').waitFor()
  assert.equal((await ilse.invitation(id)).state, 'used-up')

  // Once more, by the same link: it says so, and what to do.
  await page.goto(link)
  await page.getByText('This invitation works no longer').waitFor()
  await page.getByRole('button', { name: 'To the statements' }).click()
  await page.getByRole('heading', { name: 'Statements' }).waitFor()
  await close(page)
})

test('somebody with an account signs in, comes back to the invitation, and joins by a press', async () => {
  const { email } = await newcomer(demo, 'Per Aas')
  const group = await plenary(demo, 'group', 'add', '--name', 'Valdoria, the next cycle', '--kind', 'thematic')
  const made = await plenary(demo, 'invitation', 'add', '--group', group, '--role', 'observer', '--uses', '2')
  const link = new URL(made.match(/#invitation=\S+/)[0], demo.address).href
  const page = await windowOf(chromium, demo, 'per')
  await page.goto(link)
  await page.getByText('You are invited to work in this group:').waitFor()
  await page.getByLabel('Yes, I have one').check()
  await typePassword(page, email)
  await page.getByText(/You are signed in as .Per Aas/).waitFor()
  const listed = async () => (await plenary(demo, 'member', 'list', '--group', group)).includes('Per Aas')
  assert.equal(await listed(), false, 'signing in is not joining')
  await page.getByRole('button', { name: 'Join the group' }).click()
  await page.getByRole('heading', { name: 'Valdoria, the next cycle' }).waitFor()
  assert.equal(await listed(), true)

  await page.goto(link)
  await page.getByRole('button', { name: 'Join the group' }).click()
  await page.getByText('You are in this group already.').waitFor()
  await page.getByRole('button', { name: 'To the statements' }).click()
  await page.getByRole('heading', { name: 'Valdoria, the next cycle' }).waitFor()

  // Not they, but somebody else at the same computer.
  await page.goto(link)
  await page.getByRole('button', { name: 'Sign out, and go on as somebody else' }).click()
  await page.getByLabel('No, I am new here').check()
  await page.getByLabel('Your name').fill('Elin Aas')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Make my account and join' }).click()
  await page.getByText('There is an account with this address already.').waitFor()
  await page.getByLabel('E-mail').fill('elin@ngo.example')
  await page.getByRole('button', { name: 'Make my account and join' }).click()
  await page.getByRole('heading', { name: 'Valdoria, the next cycle' }).waitFor()
  await page.getByText('Your role here: Observer').waitFor()
  await close(page)
})

test('an invitation that was taken back says so, also when that happened while it was read', async () => {
  const { id, link } = await ilse.invite({ role: 'observer' })
  const page = await windowOf(chromium, demo, 'late')
  await page.goto(link)
  await page.getByLabel('No, I am new here').check()
  await ilse.ask('DELETE', `/api/v1/groups/${ilse.group.id}/invitations/${id}`)
  await page.getByLabel('Your name').fill('Una Late')
  await page.getByLabel('E-mail').fill('una@ngo.example')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Make my account and join' }).click()
  await page.getByText('This invitation works no longer').waitFor()
  await page.getByRole('button', { name: 'To the sign-in' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await close(page)
})

test('a second link in the same window is another one', async () => {
  const [first, second] = [await ilse.invite({ role: 'observer' }), await ilse.invite({ role: 'commenter' })]
  const page = await windowOf(chromium, demo, 'two links')
  await page.goto(first.link)
  await page.getByText('As: Observer.').waitFor()
  await page.evaluate(hash => (location.hash = hash), new URL(second.link).hash)
  await page.getByText('As: Commenter.').waitFor()
  assert.equal(await addressOf(page), '/', 'its secret has left the address, too')
  await close(page)
})

test('nothing is sent twice, however often the button is pressed', async () => {
  const { link } = await ilse.invite({ role: 'observer', uses: 5 })
  const page = await windowOf(chromium, demo, 'quick')
  const sent = []
  page.on('request', request => request.url().endsWith('/invitations/accept') && sent.push(request))
  // The answer is held up, as on a poor line.
  let release
  const held = new Promise(resolve => (release = resolve))
  await page.route('**/invitations/accept', async route => {
    await held
    await route.continue()
  })
  await page.goto(link)
  await page.getByLabel('No, I am new here').check()
  await page.getByLabel('Your name').fill('Quick Finger')
  await page.getByLabel('E-mail').fill('quick@ngo.example')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await page.evaluate(() => {
    for (let i = 0; i < 3; i++) document.querySelector('main.card form:last-of-type button.primary')?.click()
  })
  release()
  await page.locator('main.list h1').waitFor()
  assert.equal(sent.length, 1)
  await close(page)
})

test('a guest comes in by a press, sees one text, and is told when the link has ended', async () => {
  const { id, link } = await ilse.guestLink({ role: 'commenter' })
  const page = await windowOf(chromium, demo, 'guest')
  await page.goto(link)
  await page.getByRole('heading', { name: 'Come in as a guest' }).waitFor()
  await page.getByText(ilse.statement.title).waitFor()
  assert.equal(await addressOf(page), '/', 'the secret has left the address')
  const { links: [before] } = await ilse.ask('GET', `/api/v1/statements/${ilse.statement.id}/guest-links`)
  assert.equal(before.uses, 0, 'looking uses nothing up')
  await page.getByLabel('What are the others to call you?').fill('Kim')
  await page.keyboard.press('Enter')
  const text = await showText(page, 'guest')
  await text.seesText('This submission covers')
  assert.equal(await page.locator('a.name').count(), 0, 'a guest has no account to look at')
  await page.goto(`${demo.address}/account`)
  await page.getByText('This page does not exist, or is not for you.').waitFor()
  await page.goto(demo.address)
  await page.getByText('You are here as a guest.').waitFor()
  assert.equal(await page.locator('a.statement').count(), 1)
  await page.locator('a.statement').click()
  await showText(page, 'guest')
  await ilse.ask('DELETE', `/api/v1/statements/${ilse.statement.id}/guest-links/${id}`)
  await page.getByText('Your link has ended').waitFor()

  const other = await windowOf(chromium, demo, 'too late')
  await other.goto(link)
  await other.getByText('This link works no longer').waitFor()
  await close(page)
  await close(other)
})

test('somebody with an account is told that they cannot come as a guest, and where else to go', async () => {
  const { link } = await ilse.guestLink()
  const page = await windowOf(chromium, demo, 'renee')
  await useLink(page, demo.people.renee)
  await page.goto(link)
  await page.getByText('Your account opens this text, too.').waitFor()
  await page.getByRole('button', { name: 'Open it' }).click()
  await showText(page, 'renee')
  await page.goto(link)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('What are the others to call you?').fill('Renée, once')
  await until('the sign-out has reached the server', async () =>
    !(await page.context().cookies()).some(({ name }) => name === 'plenary-development-http'))
  await page.getByRole('button', { name: 'Come in' }).click()
  await showText(page, 'renee')
  await close(page)
})

test('the pages of links pass the accessibility rules, light and dark, in Arabic and on a phone', async () => {
  const { link: invitation } = await ilse.invite({ role: 'coordinator' })
  const { link: guest } = await ilse.guestLink()
  const over = invitation.replace(/=.*/, `=${'0'.repeat(43)}`)
  for (const [what, options] of Object.entries(LOOKS)) {
    const page = await windowOf(chromium, demo, 'looks', options)
    await page.goto(invitation)
    await page.locator('.offer').waitFor()
    await page.locator('fieldset input').first().check()
    await page.locator('#new').waitFor()
    await looksRight(page, `an invitation for somebody new, ${what}`)
    await page.locator('fieldset input').nth(1).check()
    await page.locator('#password').waitFor()
    await looksRight(page, `an invitation for somebody with an account, ${what}`)
    await page.goto(guest)
    await page.locator('plenary-guest .offer').waitFor()
    await looksRight(page, `a link for guests, ${what}`)
    await page.goto(over)
    await page.locator('plenary-invitation .note').waitFor()
    await looksRight(page, `an invitation that is over, ${what}`)
    await useLink(page, demo.people.safiya)
    await page.goto(invitation)
    await page.locator('plenary-invitation form').waitFor()
    await looksRight(page, `an invitation for somebody who is signed in, ${what}`)
    await close(page)
  }
})
