// A long text, of which the browser lays out only what is in sight: wherever one goes in it, what is there is there.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serveBuilt } from '../support/editor-page.mjs'
import { until } from '../../interop/support/until.mjs'
import { startBrowser } from '../support/windows.mjs'

let site, chromium

before(async () => {
  ;[site, chromium] = await Promise.all([serveBuilt('packages/editor/dev/vite.config.js'), startBrowser()])
})

after(async () => {
  await chromium?.stop()
  await site?.stop()
})

async function open(query = '') {
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(`${site.origin}/?words=5600&people=0&${query}`)
  await page.locator('.ProseMirror').waitFor()
  return page
}

const body = page => page.evaluate(() => dev.mine.doc.getText('body').toString())

/** As in a browser that lays out everything. */
const layOutAll = page =>
  page.evaluate(() => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('.plenary-text .ProseMirror > * { content-visibility: visible !important }')
    document.adoptedStyleSheets.push(sheet)
  })

/** Where the cursor is drawn in the window, between what lies over the text. */
const cursorIsInSight = page =>
  page.evaluate(() => {
    const { view, shadowRoot } = dev.editor
    const { top, bottom } = view.coordsAtPos(view.state.selection.head)
    const edge = name => shadowRoot.querySelector(name).getBoundingClientRect()
    return top >= edge('.head').bottom && bottom <= edge('plenary-status').top
  })

test('most of a long text is not laid out, and the page is as long as it will be', async () => {
  const page = await open()
  const skipped = await page.evaluate(() =>
    [...dev.editor.view.dom.querySelectorAll('strong, em, sup')].filter(run => !run.checkVisibility({ contentVisibilityAuto: true })).length)
  assert.ok(skipped > 50, `${skipped} runs out of sight are left for later`)
  const height = () => page.evaluate(() => dev.editor.shadowRoot.querySelector('.stage').scrollHeight)
  const guessed = await height()
  await layOutAll(page)
  const real = await height()
  assert.ok(Math.abs(guessed - real) < real / 5, `guessed ${guessed}, is ${real}`)
  await page.context().close()
})

test('at the end of the text, reached by keys, one types in the last line and sees it', async () => {
  const page = await open()
  await page.evaluate(() => dev.editor.focus())
  await page.keyboard.press('Control+End')
  await page.keyboard.type('the last words')
  await page.keyboard.press('Enter')
  await page.keyboard.type('and more')
  assert.match(await body(page), /the last words\nand more\n?$/)
  await until('the cursor is in sight', () => cursorIsInSight(page))
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('First ')
  assert.match(await body(page), /^First /)
  await until('the cursor is in sight', () => cursorIsInSight(page))
  await page.context().close()
})

/** Where the cursor is after each of `times` presses of a key. */
async function walk(page, start, key, times) {
  await page.keyboard.press(start)
  const places = []
  for (let i = 0; i < times; i++) {
    await page.keyboard.press(key)
    // The editor hears of it a moment later.
    places.push(await page.evaluate(() => {
      const { focusNode, focusOffset } = getSelection()
      return dev.editor.view.posAtDOM(focusNode, focusOffset)
    }))
  }
  return places
}

test('keys take the cursor to the same places as if all had been laid out', async () => {
  const [page, whole] = [await open(), await open()]
  await layOutAll(whole)
  for (const one of [page, whole]) await one.evaluate(() => dev.editor.focus())
  for (const [start, key, times] of [
    ['Control+Home', 'ArrowDown', 100],
    ['Control+End', 'ArrowUp', 100],
    ['Control+Home', 'Control+ArrowRight', 60],
    ['Control+End', 'Control+ArrowLeft', 60],
    ['Control+Home', 'Shift+ArrowDown', 40],
  ]) {
    assert.deepEqual(await walk(page, start, key, times), await walk(whole, start, key, times), key)
  }
  // How far a page is depends on where the window stands.
  for (const [start, key, by] of [['Control+Home', 'PageDown', 1], ['Control+End', 'PageUp', -1]]) {
    const [places, others] = [await walk(page, start, key, 5), await walk(whole, start, key, 5)]
    for (const [i, place] of places.entries()) assert.ok(i === 0 || (place - places[i - 1]) * by > 0, `${key}: ${places}`)
    const [went, goes] = [places, others].map(all => Math.abs(all.at(-1) - all[0]))
    assert.ok(went > goes / 2 && went < goes * 2, `${key}: ${places} and ${others}`)
  }
  for (const one of [page, whole]) await one.context().close()
})

test('a section far away is jumped to, its heading in sight, and typed in at once', async () => {
  const page = await open()
  const rows = page.locator('plenary-sidebar li button')
  await until('the outline is there', async () => (await rows.count()) > 10)
  const row = rows.last()
  const title = await row.locator('.title').textContent()
  await row.click()
  await page.keyboard.type('New: ')
  assert.ok((await body(page)).includes(`New: ${title}`), 'typed in front of the heading')
  const top = () =>
    page.evaluate(() => {
      const { view, shadowRoot } = dev.editor
      const { node } = view.domAtPos(view.state.selection.head)
      const heading = (node instanceof Element ? node : node.parentElement).closest('.ProseMirror > *')
      return heading.getBoundingClientRect().top - shadowRoot.querySelector('.head').getBoundingClientRect().bottom
    })
  // The last section may be too short to reach the top.
  await until('the heading is in sight', async () => (await top()) >= 0 && cursorIsInSight(page))
  await rows.nth(5).click()
  await until('the heading is at the top', async () => Math.abs(await top()) < 100)
  await page.context().close()
})

test('what is undone far away is shown', async () => {
  const page = await open()
  await page.evaluate(() => dev.editor.focus())
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('Mistake ')
  await page.keyboard.press('Control+End')
  await page.keyboard.press('Control+z')
  assert.doesNotMatch(await body(page), /^Mistake/)
  await until('the cursor is in sight', () => cursorIsInSight(page))
  await page.context().close()
})

test('all of a long text can be chosen, copied, printed and found by the browser', async () => {
  const page = await open()
  await page.evaluate(() => dev.editor.focus())
  await page.keyboard.press('Control+a')
  const copied = await page.evaluate(() => {
    const data = new DataTransfer()
    dev.editor.view.dom.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }))
    return data.getData('text/plain')
  })
  assert.ok(copied.length > 30_000, `${copied.length} letters`)
  const words = (await body(page)).split('\n').filter(line => line.length > 40).at(-1).slice(0, 40)
  await page.evaluate(() => getSelection().removeAllRanges())
  assert.ok(await page.evaluate(words => window.find(words), words), `the browser finds "${words}"`)
  await page.emulateMedia({ media: 'print' })
  const left = await page.evaluate(() =>
    [...dev.editor.view.dom.children].filter(line => getComputedStyle(line).contentVisibility !== 'visible').length)
  assert.equal(left, 0, 'on paper every line is laid out')
  await page.context().close()
})

test('a note that the text points to twice has one number, in tables as well, and keeps up with what is written', async () => {
  const page = await open('empty')
  await page.evaluate(() => {
    const { doc } = dev.mine
    const { Y } = dev
    doc.transact(() => {
      for (const id of ['a', 'b', 'c']) doc.getMap('notes').set(id, new Y.Text(`note ${id}\n`))
      const table = doc.getMap('tables').set('t', new Y.Map())
      table.set('rows', Y.Array.from(['r']))
      table.set('columns', Y.Array.from(['k']))
      const cell = table.set('cells', new Y.Map()).set('r/k', new Y.Text())
      cell.applyDelta([{ insert: 'cell' }, { insert: { footnote: 'b' } }, { insert: '\n' }])
      doc.getText('body').applyDelta([
        { insert: 'one' }, { insert: { footnote: 'a' } }, { insert: '\n' },
        { insert: { table: 't' } }, { insert: '\n' },
        { insert: 'two' }, { insert: { footnote: 'a' } }, { insert: ' three' }, { insert: { footnote: 'c' } }, { insert: '\n' },
      ])
    })
  })
  const numbers = () =>
    page.evaluate(() => [...document.querySelectorAll('.ProseMirror sup')].map(mark => getComputedStyle(mark, '::after').content.replaceAll('"', '')))
  await until('each has its number', async () => (await numbers()).join() === '1,2,1,3')
  await until('the list has each once', async () => (await page.locator('.notes li').count()) === 3)
  await page.locator('[data-table] sup').click()
  await page.getByText('Footnote 2', { exact: true }).first().waitFor()
  await page.keyboard.press('Escape')
  await page.evaluate(() => dev.mine.doc.getText('body').delete(3, 1))
  await until('the numbers follow', async () => (await numbers()).join() === '1,2,3')
  await page.evaluate(() => {
    const cell = dev.mine.doc.getMap('tables').get('t').get('cells').get('r/k')
    cell.insertEmbed(0, { footnote: 'c' })
  })
  await until('and those in tables', async () => (await numbers()).join() === '1,2,3,1')
  await page.context().close()
})
