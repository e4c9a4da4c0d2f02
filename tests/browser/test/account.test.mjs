// Signing in with a second factor, and one's own account, in Chromium with a real server.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { until } from '../../interop/support/until.mjs'
import {
  enter, LOOKS, looksRight, newcomer, openAccount, PASSWORD, plenary, typePassword, windowOf,
} from '../support/accounts.mjs'
import { Demo } from '../support/demo.mjs'
import { totp, wrongCode } from '../support/totp.mjs'
import { showText, startBrowser, useLink } from '../support/windows.mjs'

let demo, chromium

before(async () => {
  ;[demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
})

after(async () => {
  await chromium?.stop()
  await demo?.stop()
  // What is asked for with a wrong code, or before a second factor is there, the browser notes by itself.
  const complaints = chromium?.complaints.filter(words => !/status of (403|422|429)/.test(words))
  assert.deepEqual(complaints, [], 'no page erred, broke its content policy or asked another origin')
})

const close = (...pages) => Promise.all(pages.map(page => page.context().close()))
const problem = (page, words) => until(`the page says ${words}`, async () =>
  words.test((await page.locator('.problem').allTextContents()).join(' ')))

/** Sets up the second factor that the page offers, up to its recovery codes: `{ secret, codes }`. */
async function setUp(page) {
  await page.locator('plenary-second-factor-setup button.primary').click()
  const secret = (await page.locator('.secret code').textContent()).trim()
  await page.getByLabel('Code from the app').fill(totp(secret))
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page.locator('.codes li').first().waitFor()
  return { secret, codes: await page.locator('.codes code').allTextContents() }
}

async function putAway(page) {
  await page.getByLabel('I have put them away').check()
  await page.getByRole('button', { name: 'Done' }).click()
}

async function signOut(page) {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}

test('a second factor is set up, asked for, and taken in place of by a recovery code', async () => {
  const { email } = await newcomer(demo, 'Tara Quist')
  const page = await windowOf(chromium, demo, 'tara')
  await enter(page, demo, email)
  await openAccount(page)
  await page.getByRole('button', { name: 'Set it up' }).click()
  await page.getByRole('img', { name: /QR code/ }).waitFor()
  const secret = (await page.locator('.secret code').textContent()).trim()
  const uri = await page.getByRole('link', { name: 'open the app' }).getAttribute('href')
  assert.ok(uri.startsWith('otpauth://totp/') && uri.includes(`secret=${secret.replaceAll(' ', '')}`))
  await page.getByLabel('Code from the app').fill(wrongCode(secret))
  await page.getByRole('button', { name: 'Turn on' }).click()
  await problem(page, /This code does not fit/)
  await page.getByLabel('Code from the app').fill(totp(secret))
  await page.keyboard.press('Enter')
  await page.locator('.codes li').first().waitFor()
  const codes = await page.locator('.codes code').allTextContents()
  assert.equal(new Set(codes).size, 10)
  assert.ok(await page.getByRole('button', { name: 'Done' }).isDisabled(), 'not before the codes are put away')
  // Gone elsewhere they would be lost: asked, and answered with no.
  const asked = []
  page.once('dialog', dialog => asked.push(dialog.message()) && dialog.dismiss())
  await page.getByRole('link', { name: 'Statements' }).click()
  await until('the person is asked', () => /not put away/.test(asked[0]))
  assert.deepEqual(await page.locator('.codes code').allTextContents(), codes)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ])
  const file = readFileSync(await download.path(), 'utf8')
  assert.deepEqual(codes.filter(code => !file.includes(code)), [])
  await putAway(page)
  await page.getByText('10 recovery codes left').waitFor()
  await page.getByText('With a second factor').waitFor()

  await signOut(page)
  await typePassword(page, email)
  await page.getByText('One more step').waitFor()
  await page.getByLabel('Code from the app').fill(wrongCode(secret))
  await page.keyboard.press('Enter')
  await problem(page, /does not fit, or was used before/)
  // A code counts once: the one of the next half minute fits, too.
  await page.getByLabel('Code from the app').fill(totp(secret, 1))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Statements' }).waitFor()

  await signOut(page)
  await typePassword(page, email)
  await page.getByRole('button', { name: 'use a recovery code' }).click()
  await page.getByLabel('Recovery code').fill('ABCD-EFGH-IJKL-MNOP')
  await page.keyboard.press('Enter')
  await problem(page, /This recovery code does not fit/)
  await page.getByLabel('Recovery code').fill(codes[3])
  await page.keyboard.press('Enter')
  await openAccount(page)
  await page.getByText('9 recovery codes left').waitFor()

  await page.getByRole('button', { name: 'Fresh recovery codes' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Make them' }).click()
  await problem(page, /Fill in the password or a code/)
  await dialog.getByLabel('Password').fill('not this one')
  await dialog.getByRole('button', { name: 'Make them' }).click()
  await problem(page, /This password does not fit/)
  await dialog.getByLabel('Password').fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Make them' }).click()
  await page.locator('.codes li').first().waitFor()
  const fresh = await page.locator('.codes code').allTextContents()
  assert.equal(fresh.some(code => codes.includes(code)), false)
  await putAway(page)
  await page.getByText('10 recovery codes left').waitFor()

  await page.getByRole('button', { name: 'Turn off' }).click()
  await dialog.getByLabel('Code from the app').fill(fresh[0])
  await dialog.getByRole('button', { name: 'Turn off' }).click()
  await page.getByText('The second factor is off.').waitFor()
  await page.getByRole('button', { name: 'Set it up' }).waitFor()
  await close(page)
})

test('a sign-in that ended over a text comes back by both steps, and what was written is saved', async () => {
  const { email } = await newcomer(demo, 'Zoe Marsh')
  const page = await windowOf(chromium, demo, 'zoe')
  await enter(page, demo, email)
  await openAccount(page)
  const { secret } = await setUp(page)
  await putAway(page)
  await page.getByText('10 recovery codes left').waitFor()
  await page.getByRole('link', { name: 'Statements' }).click()
  await page.locator('a.statement').first().click()
  const text = await showText(page, 'zoe')
  await text.saved()
  await page.context().clearCookies()
  await demo.kill()
  await demo.start()
  await page.locator('.note', { hasText: 'Your sign-in has ended.' }).waitFor()
  await text.goToEndOf('Two requests to visit')
  await text.type(' Between the steps.')
  await text.says('Kept on this device only')
  await page.getByRole('status').getByRole('button', { name: 'Sign in' }).click()
  await typePassword(page, email)
  await page.getByRole('dialog').getByLabel('Code from the app').fill(totp(secret, 1))
  await page.keyboard.press('Enter')
  await text.saved()
  assert.equal(await page.getByRole('dialog').count(), 0)
  await text.seesText('Between the steps.')
  await close(page)
})

test('after too many wrong codes, and when one would rather, signing in begins anew', async () => {
  const { email } = await newcomer(demo, 'Bo Lind')
  const page = await windowOf(chromium, demo, 'bo')
  await enter(page, demo, email)
  await openAccount(page)
  const { secret, codes } = await setUp(page)
  await putAway(page)
  await page.getByText('10 recovery codes left').waitFor()
  await signOut(page)
  await typePassword(page, email)
  await page.getByRole('button', { name: 'Start again' }).click()
  assert.equal(await page.getByLabel('E-mail').inputValue(), email, 'which nobody has to type again')
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.keyboard.press('Enter')
  const code = page.getByLabel('Code from the app')
  for (let tries = 0; tries < 5; tries++) {
    const answered = page.waitForResponse(/second-factor/)
    await code.fill(wrongCode(secret))
    await page.keyboard.press('Enter')
    assert.equal((await answered).status(), 401)
    await until('the page has taken note', async () => (await page.getByRole('button', { name: 'Sign in' }).isEnabled()))
  }
  await code.fill(codes[0])
  await page.keyboard.press('Enter')
  await problem(page, /sign in again from the start/)
  await page.getByLabel('Password', { exact: true }).waitFor()
  await close(page)
})

test('whoever tried too often is told when to try again', async () => {
  const { email } = await newcomer(demo, 'Ida Moor')
  const page = await windowOf(chromium, demo, 'ida')
  await page.goto(demo.address)
  let status = 0
  for (let tries = 0; tries < 12 && status !== 429; tries++) {
    const answered = page.waitForResponse(/api\/v1\/session$/)
    await typePassword(page, email, `wrong password ${tries}`)
    status = (await answered).status()
    await until('the page has taken note', async () => (await page.getByRole('button', { name: 'Sign in' }).isEnabled()))
  }
  await problem(page, /Try again after \d+:\d\d:\d\d/)
  await close(page)
})

test('one sees where one is signed in, and ends it there', async () => {
  const { email } = await newcomer(demo, 'Noor Haddad')
  const [desk, phone, third] = await Promise.all(['desk', 'phone', 'third'].map(name => windowOf(chromium, demo, name)))
  for (const page of [desk, phone, third]) await enter(page, demo, email)
  await openAccount(desk)
  const rows = desk.locator('plenary-sessions .row')
  // Beside these three the one by which the account was made.
  await until('all are listed', async () => (await rows.count()) === 4)
  assert.equal(await rows.filter({ hasText: 'This device' }).count(), 1)
  assert.match(await rows.first().textContent(), /Chrome · Linux\s+This device/)
  assert.equal(await rows.first().getByRole('button').count(), 0, 'signing out here is at the top')
  assert.equal(await rows.filter({ hasText: 'A device' }).count(), 1)

  await desk.getByRole('button', { name: /^End: A device/ }).click()
  await desk.getByText('It is signed out.').waitFor()
  await until('three are left', async () => (await rows.count()) === 3)

  await phone.locator('a.statement').first().click()
  const text = await showText(phone, 'noor')
  await text.saved()
  await desk.getByRole('button', { name: 'End all others' }).click()
  await desk.getByRole('dialog').getByRole('button', { name: 'End all others' }).click()
  await desk.getByText('You are signed in nowhere else.').waitFor()
  assert.equal(await rows.count(), 1)
  await phone.locator('.note', { hasText: 'Your sign-in has ended.' }).waitFor()
  await third.reload()
  await third.getByRole('heading', { name: 'Sign in' }).waitFor()
  await close(desk, phone, third)
})

test('a new password signs the other devices out, and the old one opens nothing', async () => {
  const { email } = await newcomer(demo, 'Lea Brandt')
  const [desk, phone] = await Promise.all(['desk', 'phone'].map(name => windowOf(chromium, demo, name)))
  for (const page of [desk, phone]) await enter(page, demo, email)
  await openAccount(desk)
  const form = desk.locator('plenary-password')
  const change = async (present, wanted) => {
    await form.getByLabel('Present password').fill(present)
    await form.getByLabel('New password').fill(wanted)
    await form.getByRole('button', { name: 'Change the password' }).click()
  }
  await change('not this one at all', 'seven herons at dawn')
  await problem(desk, /not your present password/)
  await change(PASSWORD, 'lea.brandt plenary')
  await problem(desk, /Choose another one/)
  await change(PASSWORD, 'seven herons at dawn')
  await desk.getByText('Your password is changed.').waitFor()
  assert.equal(await form.getByLabel('New password').inputValue(), '')
  await until('this one is left', async () => (await desk.locator('plenary-sessions .row').count()) === 1)
  await phone.reload()
  await typePassword(phone, email)
  await problem(phone, /do not belong together/)
  await typePassword(phone, email, 'seven herons at dawn')
  await phone.locator('main.list h1').waitFor()
  await close(desk, phone)
})

test('a reset link sets a password once, by a press, and signs nobody in', async () => {
  const { email } = await newcomer(demo, 'Ola Reyes')
  const link = (await plenary(demo, 'user', 'reset-link', '--email', email)).match(/\S+#reset=\S+/)[0]
  const page = await windowOf(chromium, demo, 'ola')
  await page.goto(new URL(new URL(link).hash, demo.address).href)
  await page.getByRole('heading', { name: 'Set a new password' }).waitFor()
  assert.equal(await page.evaluate(() => location.href), `${demo.address}/`.replace(/\/\/$/, '/'), 'the secret has left the address')
  await looksRight(page, 'a reset link')
  await page.getByLabel('New password').fill('ola reyes')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByLabel('New password').fill('ola.reyes plenary')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await problem(page, /Choose another one/)
  await page.getByLabel('New password').fill('nine otters at noon')
  await page.getByLabel('Show the password').check()
  assert.equal(await page.getByLabel('New password').getAttribute('type'), 'text')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByText('Your new password is set.').waitFor()
  await page.getByRole('button', { name: 'To the sign-in' }).click()
  await typePassword(page, email, 'nine otters at noon')
  await page.locator('main.list h1').waitFor()

  await page.goto(new URL(new URL(link).hash, demo.address).href)
  await page.getByText('is signed in in this browser').waitFor()
  await page.getByLabel('New password').fill('ten otters at noon')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByText('This link works no longer').waitFor()
  await close(page)
})

test('a server that asks for a second factor leads there, and to the text again when one was open', async () => {
  const page = await windowOf(chromium, demo, 'ilse')
  await useLink(page, demo.people.ilse)
  await page.locator('a.statement').first().click()
  const text = await showText(page, 'ilse')
  await text.saved()
  await demo.kill()
  demo.env = { PLENARY_REQUIRE_SECOND_FACTOR: 'coordinators' }
  await demo.start()
  try {
    await page.getByText('This server now asks you for a second factor.').waitFor()
    await text.goToEndOf('Two requests to visit')
    await text.type(' Before the codes.')
    await text.says('Kept on this device only')
    await page.getByRole('status').getByRole('button', { name: 'Set it up' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Set it up' }).waitFor()
    const { secret } = await setUp(page)
    // Whatever is asked meanwhile, the codes stay until they are put away.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await putAway(page)
    await text.saved()
    await text.seesText('Before the codes.')

    // Links of before ended with the other sign-ins; with one of now a code is asked for, too.
    await demo.kill()
    await demo.start()
    const other = await windowOf(chromium, demo, 'ilse elsewhere')
    await other.goto(demo.people.ilse)
    await other.getByRole('button', { name: 'Sign in' }).click()
    await other.getByLabel('Code from the app').fill(totp(secret, 1))
    await other.keyboard.press('Enter')
    await other.locator('main.list h1').waitFor()
    await close(other)

    // Somebody else who coordinates, from the beginning: nothing opens before.
    const { email } = await newcomer(demo, 'Mia Stone', 'coordinator')
    const late = await windowOf(chromium, demo, 'late')
    await late.goto(demo.address)
    await typePassword(late, email)
    await late.getByRole('heading', { name: 'A second factor is needed' }).waitFor()
    await looksRight(late, 'a second factor is needed')
    await late.goto(`${demo.address}/account`)
    await late.getByRole('heading', { name: 'A second factor is needed' }).waitFor()
    await setUp(late)
    await late.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await looksRight(late, 'recovery codes')
    await putAway(late)
    await late.getByRole('heading', { name: 'My account' }).waitFor()
    await late.getByText('10 recovery codes left').waitFor()
    await close(late)
  } finally {
    await close(page)
  }
})

test('one’s own account passes the accessibility rules, light and dark, in Arabic and on a phone', async () => {
  const { email } = await newcomer(demo, 'Ana Pol')
  for (const [what, options] of Object.entries(LOOKS)) {
    const page = await windowOf(chromium, demo, 'ana', options)
    await page.goto(demo.address)
    await page.locator('#email').fill(email)
    await page.locator('#password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('main.list h1').waitFor()
    await openAccount(page)
    await looksRight(page, `my account, ${what}`)
    await page.locator('plenary-second-factor-setup button.primary').click()
    await page.locator('.qr-code').waitFor()
    await looksRight(page, `setting up a second factor, ${what}`)
    const secret = (await page.locator('.secret code').textContent()).trim()
    await page.locator('#code').fill(totp(secret))
    await page.keyboard.press('Enter')
    await page.locator('.codes li').first().waitFor()
    await looksRight(page, `recovery codes, ${what}`)
    const code = await page.locator('.codes code').first().textContent()
    await page.locator('.account button').click()
    await page.locator('#email').fill(email)
    await page.locator('#password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('#code').waitFor()
    await looksRight(page, `the second step, ${what}`)
    await page.locator('button.link').first().click()
    await page.locator('#code').fill(code)
    await page.keyboard.press('Enter')
    await openAccount(page)
    await page.locator('plenary-second-factor .actions button').nth(1).click()
    await page.locator('dialog #proof-password').fill(PASSWORD)
    await looksRight(page, `turning it off, ${what}`)
    await page.locator('dialog button.danger').click()
    await page.locator('plenary-second-factor-setup').waitFor()
    await close(page)
  }
})
