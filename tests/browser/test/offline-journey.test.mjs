// A co-author on a bad line, in Chromium, through the pages in the binary: nothing is lost, and what the page says about the
// words in it is true at every moment.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { offlineJourney } from '../support/offline-journey.mjs'
import { Profile } from '../support/store-page.mjs'

/** A Chromium with a profile on disk. */
export class ChromiumBrowser {
  profile = new Profile()

  async open() {
    await this.profile.start()
    this.warnings = []
    return this.page()
  }

  async page() {
    const [blank] = this.profile.context.pages()
    const page = blank?.url() === 'about:blank' ? blank : await this.profile.context.newPage()
    page.on('dialog', dialog => {
      this.warnings.push(dialog.type())
      dialog.accept().catch(() => {})
    })
    return page
  }

  /** Closes each tab as a person does, then the browser. Resolves to the warnings that came. */
  async close() {
    for (const page of this.profile.context.pages()) {
      const closed = new Promise(resolve => page.once('close', resolve))
      await page.close({ runBeforeUnload: true })
      await closed
    }
    await this.profile.close()
    return this.warnings
  }

  stop() {
    return this.profile.stop()
  }
}

test('the journey', async t => {
  const steps = await offlineJourney(new ChromiumBrowser())
  for (const step of steps) t.diagnostic(step)
})
