// Takes the picture in the README: `npm run screenshot [folder]` (with a folder: many pictures there, to be looked at).

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Demo } from './support/demo.mjs'
import { until } from '../interop/support/until.mjs'
import { open, showText, signIn, startBrowser } from './support/windows.mjs'

const folder = process.argv[2]
const README = fileURLToPath(new URL('../../docs/images/demo.png', import.meta.url))

const wide = { viewport: { width: 1280, height: 900 } }
const narrow = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
const looks = {
  'wide-light': wide,
  'wide-dark': { ...wide, colorScheme: 'dark' },
  'wide-arabic': { ...wide, locale: 'ar' },
  'narrow-light': narrow,
  'narrow-dark': { ...narrow, colorScheme: 'dark' },
  'narrow-arabic': { ...narrow, locale: 'ar' },
}

const [demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
const shoot = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) })

/** Several at work, and the picture of one of them. */
async function together() {
  const ilse = await open(chromium, demo, 'ilse', { viewport: { width: 1280, height: 1250 } })
  const renee = await open(chromium, demo, 'renee')
  const safiya = await open(chromium, demo, 'safiya')
  await ilse.goToEndOf('This submission covers')
  await ilse.page.evaluate(() => scrollTo(0, 0))
  await renee.goToEndOf('Established in 2014')
  await renee.page.keyboard.press('Shift+Home')
  await safiya.goToEndOf('This submission covers')
  await safiya.type(' Two more were held online.')
  await ilse.seesText('held online.')
  await until('both cursors are shown', async () => (await ilse.page.locator('.plenary-cursor').count()) >= 2)
  await ilse.saved()
  await ilse.page.screenshot({ path: folder ? join(folder, 'demo.png') : README })
  return [ilse, renee, safiya]
}

/** Every page in one look. */
async function pages(name, options) {
  const context = await chromium.browser.newContext(options)
  const page = await context.newPage()
  await page.goto(demo.address)
  await page.locator('form').waitFor()
  await shoot(page, `${name}-sign-in`)
  await context.close()
  const list = await signIn(chromium, demo, 'ilse', options)
  await shoot(list, `${name}-list`)
  await list.locator('a.statement').first().click()
  await showText(list, name)
  await list.locator('plenary-status .good').waitFor()
  await shoot(list, `${name}-statement`)
  await list.goBack()
  await list.locator('.kept').waitFor()
  await shoot(list, `${name}-list-kept`)
  return list
}

try {
  const windows = await together()
  if (folder) {
    const opened = []
    for (const [name, options] of Object.entries(looks)) opened.push([name, await pages(name, options)])
    const observer = await open(chromium, demo, 'jon', wide)
    await shoot(observer.page, 'wide-observer')
    await demo.kill()
    for (const [name, page] of opened) {
      await page.goForward()
      const window = await showText(page, name)
      await window.page.locator('plenary-notices .banner').waitFor()
      await window.goToEndOf('I. Summary')
      await window.type(' !')
      await window.page.locator('plenary-status .warn').waitFor()
      await window.page.evaluate(() => scrollTo(0, 0))
      await shoot(page, `${name}-away`)
    }
    const [, leaving] = opened[0]
    await leaving.getByRole('button', { name: 'Sign out' }).click()
    await leaving.locator('dialog[open]').waitFor()
    await shoot(leaving, 'wide-light-sign-out')
  }
  await Promise.all(windows.map(({ page }) => page.context().close()))
} finally {
  await chromium.stop()
  demo.child.kill('SIGKILL')
}
