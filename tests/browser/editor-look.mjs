// Screenshots of the editor for people to look at: `node editor-look.mjs FOLDER [NAME...]`.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { serveBuilt } from './support/editor-page.mjs'
import { startBrowser } from './support/windows.mjs'

const [folder = 'screenshots', ...wanted] = process.argv.slice(2)

// What is counted and listed comes in idle time.
const SETTLE_MS = 900

const desk = { width: 1280, height: 860 }
const phone = { width: 390, height: 844 }
const looks = {
  'desk-light': { viewport: desk },
  'desk-dark': { viewport: desk, colorScheme: 'dark', query: 'limit=5000&status=Kept on this device only&tone=warn' },
  'desk-arabic': { viewport: desk, query: 'lang=ar&status=محفوظ' },
  'phone-light': { viewport: phone, hasTouch: true, isMobile: true },
  'phone-dark': { viewport: phone, hasTouch: true, isMobile: true, colorScheme: 'dark' },
  'phone-arabic': { viewport: phone, hasTouch: true, isMobile: true, query: 'lang=ar&status=محفوظ' },
  'desk-empty': { viewport: desk, query: 'empty&limit=0&people=0' },
  'desk-read': { viewport: desk, query: 'mode=read' },
  'desk-help': { viewport: desk, act: page => page.keyboard.press('Control+/') },
  'desk-find': {
    viewport: desk,
    async act(page) {
      await page.keyboard.press('Control+f')
      await page.keyboard.type('recommendation')
      await page.getByLabel('Next match').click()
    },
  },
  'desk-menu': { viewport: desk, act: page => page.getByRole('button', { name: /^Kind of/ }).click() },
  'desk-bracket': {
    viewport: desk,
    async act(page) {
      await page.keyboard.press('End')
      for (let i = 0; i < 4; i++) await page.keyboard.press('Control+Shift+ArrowLeft')
      await page.keyboard.press('Control+Alt+b')
      await page.keyboard.press('Enter')
      await page.keyboard.press('ArrowRight')
      await page.keyboard.type(' and more')
      for (let i = 0; i < 2; i++) await page.keyboard.press('Control+Shift+ArrowLeft')
      await page.keyboard.press('Control+k')
    },
  },
  'desk-note': { viewport: desk, act: page => page.locator('sup[data-footnote]').first().click() },
  'phone-outline': {
    viewport: phone,
    hasTouch: true,
    isMobile: true,
    act: page => page.keyboard.press('Control+Alt+o'),
  },
  'phone-find': { viewport: phone, hasTouch: true, isMobile: true, act: page => page.keyboard.press('Control+f') },
}

const [site, { browser, stop }] = await Promise.all([
  serveBuilt('packages/editor/dev/vite.config.js'),
  startBrowser(),
])
await mkdir(folder, { recursive: true })
for (const [name, { query = '', act, ...options }] of Object.entries(looks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', message => message.type() === 'error' && console.log(name, message.text()))
  page.on('pageerror', error => console.log(name, error.stack))
  await page.goto(`${site.origin}/?${query}`)
  await page.locator('.ProseMirror').waitFor()
  if (!query.includes('empty')) {
    await page.evaluate(() => {
      dev.others[0]?.goTo('Two requests to visit', 0)
      dev.others[1]?.goTo('received its own budget line', 28)
      const paragraphs = [...document.querySelectorAll('.ProseMirror > p')]
      const paragraph = paragraphs.find(one => one.textContent.includes('Each section below'))
      paragraph.scrollIntoView({ block: 'start' })
    })
    await page.getByText('Each section below ends').first().click({ position: { x: 60, y: 8 } })
  }
  await page.waitForFunction(() => dev.editor.shadowRoot.querySelector('plenary-status').counts.total >= 0)
  await page.waitForTimeout(SETTLE_MS)
  await act?.(page)
  await page.waitForTimeout(SETTLE_MS)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  await context.close()
}
await stop()
await site.stop()
