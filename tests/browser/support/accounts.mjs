// People with passwords of their own, and links, made as coordinators and administrators make them.

import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import assert from 'node:assert/strict'
import { BINARY } from '../../interop/support/server.mjs'
import { watch } from './windows.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const PASSWORD = 'four rivers in spring'

/** Looks of a page that has to be right in each. */
export const LOOKS = {
  'light': { colorScheme: 'light' },
  'dark': { colorScheme: 'dark' },
  'Arabic': { locale: 'ar' },
  'a phone': { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
}

/** Fails when a page breaks a rule of accessibility, or has something beyond the edge of the screen. */
export async function looksRight(page, what) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => axe.run())
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`)
  assert.deepEqual(found, [], what)
  const overflow = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth)
  assert.ok(overflow <= 0, `${what}: nothing reaches beyond the screen (${overflow} px)`)
}

/** A window in a profile of its own. */
export async function windowOf({ browser, complaints }, demo, who, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  watch(page, who, demo, complaints)
  return page
}

/** What the `plenary` command answers about the demo's data. */
export async function plenary(demo, ...command) {
  return (await promisify(execFile)(BINARY, [...command, '--data-dir', join(demo.folder, 'data')])).stdout.trim()
}

/** Asks the server as one of the demo's people: `ask('POST', path, body)`. */
export async function asking(demo, person) {
  const token = await demo.tokenOf(person)
  return async (method, path, body) => {
    const answer = await fetch(new URL(path, demo.address), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? undefined : answer.json()
  }
}

/** The demo's group and statement, and what its coordinator asks for. */
export async function coordinator(demo) {
  const ask = await asking(demo, 'ilse')
  const { groups, statements } = await ask('GET', '/api/v1/me')
  const [group, statement] = [groups[0], statements[0]]
  return {
    ask,
    group,
    statement,
    /** An invitation with where its link leads: `{ id, link }`. */
    async invite(options) {
      const made = await ask('POST', `/api/v1/groups/${group.id}/invitations`, options)
      return { ...made, link: new URL(made.path, demo.address).href }
    },
    async invitation(id) {
      const { invitations } = await ask('GET', `/api/v1/groups/${group.id}/invitations`)
      return invitations.find(one => one.id === id)
    },
    async guestLink(options = {}) {
      const made = await ask('POST', `/api/v1/statements/${statement.id}/guest-links`, options)
      return { ...made, link: new URL(made.path, demo.address).href }
    },
  }
}

/** Makes an account with `PASSWORD`, in the demo's group: `{ email, name }`. */
export async function newcomer(demo, name, role = 'drafter') {
  const { invite } = await coordinator(demo)
  const email = `${name.toLowerCase().replaceAll(' ', '.')}@ngo.example`
  const { secret } = await invite({ role })
  const answer = await fetch(new URL('/api/v1/invitations/accept', demo.address), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'origin': demo.address },
    body: JSON.stringify({ secret, newcomer: { name, email, password: PASSWORD } }),
  })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return { email, name }
}

/** Fills in the form of a page that asks to sign in. */
export async function typePassword(page, email, password = PASSWORD) {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.locator('plenary-sign-in-form button.primary').click()
}

/** Signs in by password and shows the list of statements. */
export async function enter(page, demo, email, password = PASSWORD) {
  await page.goto(demo.address)
  await typePassword(page, email, password)
  await page.locator('main.list h1').waitFor()
}

/** Opens one's own account. */
export async function openAccount(page) {
  await page.locator('a.name').click()
  await page.locator('plenary-account h1').waitFor()
  await page.locator('#sessions-title ~ .rows').waitFor()
}
