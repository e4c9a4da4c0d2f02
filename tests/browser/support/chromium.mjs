// Chromium with a profile on disk that can be closed and opened again, for the tests that look at what it keeps.

import { rmSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { Profile } from './store-page.mjs'
import { CHROMIUM, FLAGS, START_WITHIN_MS } from './windows.mjs'

/** See the top of this file; with `isPrivate`, a private window each time. */
export class ChromiumBrowser {
  profile = new Profile()
  warnings = []
  /** What is said to a page that asks whether it may be left. */
  answer = 'accept'

  constructor({ isPrivate = false } = {}) {
    this.isPrivate = isPrivate
  }

  get folder() {
    return this.profile.folder
  }

  /** Starts it and resolves to a tab. */
  async open() {
    if (this.isPrivate) {
      this.browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: START_WITHIN_MS })
      this.context = await this.browser.newContext()
    } else {
      this.context = (await this.profile.start()).context
    }
    this.warnings = []
    return this.page()
  }

  /** One more tab. */
  async page() {
    const page = await this.context.newPage()
    page.on('dialog', dialog => {
      this.warnings.push(dialog.type())
      dialog[this.answer]().catch(() => {})
    })
    return page
  }

  /** What only the browser's own tools can do to a page. */
  devtools(page) {
    return this.context.newCDPSession(page)
  }

  /** Closes each tab as a person does, then the browser. Resolves to the warnings that came. */
  async close() {
    for (const page of this.context.pages()) {
      const closed = new Promise(resolve => page.once('close', resolve))
      await page.close({ runBeforeUnload: true })
      await closed
    }
    await this.context.close()
    await this.browser?.close()
    return this.warnings
  }

  /** Closes what is open, whatever it says, but for one empty tab, without which the browser ends. */
  async closeTabs() {
    const pages = this.context.pages()
    await this.context.newPage().catch(() => {})
    for (const page of pages) await page.close().catch(() => {})
  }

  async stop() {
    await this.context?.close().catch(() => {})
    await this.browser?.close()
    // A process of the browser's may still be ending, and write.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
