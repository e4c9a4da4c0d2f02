// Debian's Firefox, driven by Puppeteer over WebDriver BiDi: Playwright drives only a Firefox of its own making.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer from 'puppeteer-core'
import { START_WITHIN_MS } from './windows.mjs'

const FIREFOX =
  process.env.PLENARY_FIREFOX ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(path => existsSync(path))

// Nothing is asked of anybody, and what a person would be asked to confirm is left to the pages.
const PREFERENCES = {
  'app.normandy.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.disable_beforeunload': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
}

/** A Firefox with a profile on disk that can be closed and opened again. What is downloaded comes into `downloads`. */
export class FirefoxBrowser {
  folder = mkdtempSync(join(tmpdir(), 'plenary-firefox-'))
  downloads = mkdtempSync(join(tmpdir(), 'plenary-downloads-'))
  warnings = []
  /** What is said to a page that asks whether it may be left. */
  answer = 'accept'

  /** `preferences`: beside those of every test. */
  constructor({ isPrivate = false, preferences = {} } = {}) {
    this.preferences = {
      ...PREFERENCES,
      'browser.privatebrowsing.autostart': isPrivate,
      'browser.download.folderList': 2,
      'browser.download.dir': this.downloads,
      'browser.helperApps.neverAsk.saveToDisk': 'text/plain',
      ...preferences,
    }
  }

  /** Starts it and resolves to a tab. */
  async open() {
    if (!FIREFOX) {
      throw new Error("this test needs Firefox: install the package 'firefox-esr', or name one in PLENARY_FIREFOX")
    }
    this.browser = await puppeteer.launch({
      browser: 'firefox',
      timeout: START_WITHIN_MS,
      executablePath: FIREFOX,
      userDataDir: this.folder,
      extraPrefsFirefox: this.preferences,
      headless: true,
    })
    this.warnings = []
    this.tabs = []
    return this.page()
  }

  /** One more tab. */
  async page() {
    const page = await this.browser.newPage()
    page.on('dialog', dialog => {
      this.warnings.push(dialog.type())
      dialog[this.answer]().catch(() => {})
    })
    this.tabs.push(page)
    return page
  }

  /** Closes each tab as a person does, then the browser. Resolves to the warnings that came. */
  async close() {
    for (const page of this.tabs) if (!page.isClosed()) await page.close({ runBeforeUnload: true })
    await this.browser.close()
    return this.warnings
  }

  /** Closes what is open, whatever it says. */
  async closeTabs() {
    for (const page of this.tabs.splice(0)) await page.close().catch(() => {})
  }

  async stop() {
    await this.browser?.close().catch(() => {})
    // A process of the browser's may still be ending, and write.
    for (const folder of [this.folder, this.downloads]) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}
