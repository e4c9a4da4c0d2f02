// Takes the picture in the README: `npm run screenshot [folder]` (without a folder: docs/images/demo.png alone).

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Demo } from './support/demo.mjs'
import { until } from './support/until.mjs'
import { open, startBrowser } from './support/windows.mjs'

const folder = process.argv[2]
const README = fileURLToPath(new URL('../../docs/images/demo.png', import.meta.url))

const [demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
try {
  const wide = { viewport: { width: 1280, height: 1180 } }
  const narrow = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }
  const ilse = await open(chromium, demo, 'ilse', wide)
  const renee = await open(chromium, demo, 'renee', { ...narrow, colorScheme: 'dark' })
  const jon = await open(chromium, demo, 'jon', { ...wide, colorScheme: 'dark' })
  const safiya = await open(chromium, demo, 'safiya', narrow)
  const shoot = (window, name) => window.page.screenshot({ path: join(folder, `${name}.png`) })

  if (folder) {
    await shoot(ilse, 'wide-light')
    await shoot(jon, 'wide-dark-observer')
    await shoot(renee, 'narrow-dark')
    await shoot(safiya, 'narrow-light')
  }
  await ilse.goToEndOf('This submission covers')
  await ilse.page.evaluate(() => scrollTo(0, 0))
  await renee.goToEndOf('Established in 2014')
  await renee.page.keyboard.press('Shift+Home')
  await safiya.goToEndOf('This submission covers')
  await safiya.type(' Two more were held online.')
  await ilse.seesText('held online.')
  await until('both names are shown', async () => (await ilse.page.locator('.ql-cursor-flag').count()) >= 2)
  await until('the names have faded in', () =>
    ilse.page.evaluate(() => [...document.querySelectorAll('.ql-cursor-flag')].filter(flag => getComputedStyle(flag).opacity > 0.85).length >= 2),
  )
  await ilse.page.screenshot({ path: folder ? join(folder, 'demo.png') : README })

  if (folder) {
    await ilse.goToEndOf('I. Summary')
    await ilse.page.keyboard.press('Enter')
    await ilse.type('ينبغي لفالدوريا أن تلغي المادة 14 من قانون النظام العام بحلول نهاية عام 2028.')
    await ilse.page.keyboard.press('Enter')
    await ilse.page.getByLabel('Kind of line').selectOption('Numbered paragraph')
    await ilse.type('وافقت فالدوريا على 141 توصية من أصل 187 (UPR).')
    await safiya.seesText('187 (UPR)')
    await shoot(ilse, 'wide-arabic')
    await safiya.editor.locator('p', { hasText: 'فالدوريا' }).evaluate(node => node.scrollIntoView({ block: 'center' }))
    await shoot(safiya, 'narrow-arabic')
    await ilse.page.locator('.notes').scrollIntoViewIfNeeded()
    await shoot(ilse, 'wide-notes')
    await demo.kill()
    await until('the page says so', async () => (await safiya.connection()).startsWith('Reconnecting'))
    await shoot(safiya, 'narrow-reconnecting')
    await shoot(ilse, 'wide-reconnecting')
  }
} finally {
  await chromium.stop()
  demo.child.kill('SIGKILL')
}
