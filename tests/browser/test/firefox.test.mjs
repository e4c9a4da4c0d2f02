// A co-author on a bad line, in Firefox ESR: as in `offline-journey.test.mjs`, as far as the browsers differ.

import { test } from 'node:test'
import { FirefoxBrowser } from '../support/firefox.mjs'
import { offlineJourney } from '../support/offline-journey.mjs'

test('the journey', async t => {
  const steps = await offlineJourney(new FirefoxBrowser())
  for (const step of steps) t.diagnostic(step)
})
