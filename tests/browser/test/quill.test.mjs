// Another editor, on an unmodified provider, in the same text as ours.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Demo } from '../support/demo.mjs'
import { serveQuill } from '../support/quill.mjs'
import { until } from '../../interop/support/until.mjs'
import { open, startBrowser, watch } from '../support/windows.mjs'

let demo, chromium, quill

before(async () => {
  ;[demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
  quill = await serveQuill(demo)
})

after(async () => {
  await quill?.stop()
  await chromium?.stop()
  await demo?.stop()
  assert.deepEqual(chromium?.complaints, [], 'no page erred, broke its content policy or asked another origin')
})

test('somebody in Quill and somebody on our page write in one text', async () => {
  const context = await chromium.browser.newContext()
  const page = await context.newPage()
  watch(page, 'safiya, in Quill', quill, chromium.complaints)
  await page.goto(quill.linkOf('safiya'))
  const editor = page.locator('.ql-editor')
  await editor.waitFor()
  const ilse = await open(chromium, demo, 'ilse')

  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' From our page.')
  await until('Quill has it', async () => (await editor.innerText()).includes('From our page.'))
  await editor.evaluate(root => {
    const line = [...root.querySelectorAll('p, li')].find(line => line.textContent.includes('From our page.'))
    root.focus()
    getSelection().selectAllChildren(line)
    getSelection().collapseToEnd()
  })
  await page.keyboard.type(' From Quill.')
  await ilse.seesText('From our page. From Quill.')
  await ilse.saved()
  await until('Quill sees who else is here', () => page.locator('.presence', { hasText: 'Ilse Marenko' }).count())
  await Promise.all([context.close(), ilse.page.context().close()])
})
