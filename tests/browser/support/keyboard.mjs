// A page used by the keyboard alone.

import assert from 'node:assert/strict'

/** The name by which a screen reader calls what is in focus, as far as the tests need it. */
const focused = page =>
  page.evaluate(() => {
    const element = document.activeElement
    const label = element.labels?.[0]?.textContent ?? ''
    return (element.getAttribute('aria-label') ?? (label || element.textContent)).replaceAll(/\s+/g, ' ').trim()
  })

/** Goes on by Tab until what is called `name` has the focus. */
export async function tabTo(page, name, { key = 'Tab', most = 120 } = {}) {
  const met = []
  for (let i = 0; i <= most; i++) {
    const now = await focused(page)
    if (now === name) return
    met.push(now)
    await page.keyboard.press(key)
  }
  assert.fail(`Tab never came to “${name}”, but to: ${[...new Set(met)].map(it => it.slice(0, 40)).join(' | ')}`)
}

/** Goes to what is called `name` and presses it. */
export async function press(page, name, options) {
  await tabTo(page, name, options)
  await page.keyboard.press('Enter')
}

/** Chooses among radio buttons by the arrow keys. */
export async function choose(page, from, to) {
  await tabTo(page, from)
  for (let i = 0; i < 6 && (await focused(page)) !== to; i++) await page.keyboard.press('ArrowDown')
  assert.equal(await focused(page), to)
}

export { focused }
