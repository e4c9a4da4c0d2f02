// The editor by itself, as people with keyboards, phones and screen readers meet it. Served under a strict content
// policy, with two co-authors in memory; what the page complains about fails the whole file.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { serveBuilt } from '../support/editor-page.mjs'
import { until } from '../../interop/support/until.mjs'
import { startBrowser } from '../support/windows.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let site, chromium

before(async () => {
  ;[site, chromium] = await Promise.all([serveBuilt('packages/editor/dev/vite.config.js'), startBrowser()])
})

after(async () => {
  await chromium?.stop()
  await site?.stop()
  assert.deepEqual(chromium?.complaints, [], 'no page erred, broke the content policy or asked another origin')
})

async function open(query = '', options = {}) {
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
  const page = await context.newPage()
  page.on('pageerror', error => chromium.complaints.push(error.stack))
  page.on('console', message => message.type() === 'error' && chromium.complaints.push(message.text()))
  page.on('request', request => {
    if (new URL(request.url()).origin !== site.origin) chromium.complaints.push(`asked ${request.url()}`)
  })
  await page.goto(`${site.origin}/?${query}&words=300&people=2`)
  await page.locator('.ProseMirror').waitFor()
  return page
}

/** The last part of the shared text in the Quill format, without the fixture before it. */
const delta = page => page.evaluate(() => dev.mine.doc.getText('body').toDelta())

/** A page with one empty line and the cursor in it. */
async function openEmpty(query = '') {
  const page = await open(`empty&${query}`)
  await page.evaluate(() => dev.editor.focus())
  return page
}

async function expectDelta(page, what, expected) {
  let last
  await until(what, async () => {
    last = await delta(page)
    return isDeepStrictEqual(last, expected)
  }).catch(() => assert.deepEqual(last, expected, what))
}

const statusText = page => page.evaluate(() => dev.editor.shadowRoot.querySelector('plenary-status').shadowRoot.textContent.replace(/\s+/g, ' '))

/** The accessible name of what has the focus, however deep. */
const focused = page =>
  page.evaluate(() => {
    let element = document.activeElement
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
    return element?.getAttribute('aria-label') ?? element?.textContent.trim() ?? ''
  })

async function axe(page, what) {
  await page.evaluate(AXE)
  // Every animation and idle work is over, so that colours are those that stay.
  await page.waitForFunction(() => dev.editor.survey.words >= 0 && document.getAnimations().every(a => !(a instanceof CSSTransition)))
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.target.flat().join(' ')).join(', ')}`)
  assert.deepEqual(found, [], `axe on ${what}`)
}

test('axe finds nothing in light, dark, Arabic, on a phone, with two people, panes and sheets open', async () => {
  const page = await open()
  await page.evaluate(() => {
    dev.others[0].goTo('This submission covers')
    dev.others[1].goTo('two of them held', 12)
  })
  await page.locator('.plenary-name').nth(1).waitFor({ state: 'attached' })
  await axe(page, 'the page as it opens')
  await page.locator('.ProseMirror > p').nth(3).click()
  await page.keyboard.press('Control+f')
  await axe(page, 'find')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+/')
  await axe(page, 'help')
  await page.keyboard.press('Escape')
  await page.locator('sup[data-footnote]').first().click()
  await page.locator('.plenary-note .ProseMirror').waitFor()
  await axe(page, 'a footnote')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Kind of paragraph/ }).click()
  await axe(page, 'a menu')
  await page.context().close()

  const dark = await open('limit=100&tone=warn', { colorScheme: 'dark' })
  await axe(dark, 'dark, over the limit')
  await dark.context().close()
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
  const arabic = await open('lang=ar', phone)
  await axe(arabic, 'a phone in Arabic')
  await arabic.context().close()
  const reading = await open('mode=read')
  await axe(reading, 'reading')
  await reading.context().close()
})

test('each key does what the help says', async () => {
  const page = await openEmpty()
  const { keyboard } = page
  await keyboard.type('one two')
  await keyboard.press('Control+Shift+ArrowLeft')
  for (const keys of ['Control+b', 'Control+i', 'Control+u', 'Control+Shift+x', 'Control+.']) await keyboard.press(keys)
  const all = { bold: true, italic: true, underline: true, strike: true, script: 'super' }
  await expectDelta(page, 'all marks are set', [
    { insert: 'one ' },
    { insert: 'two', attributes: all },
    { insert: '\n' },
  ])
  await keyboard.press('Control+\\')
  await expectDelta(page, 'no mark is left', [{ insert: 'one two\n' }])
  for (const [keys, attributes] of [
    ['Control+Alt+1', { header: 1 }],
    ['Control+Alt+6', { header: 6 }],
    ['Control+Shift+9', { blockquote: true }],
    ['Control+Shift+8', { list: 'bullet' }],
    ['Control+Shift+7', { list: 'ordered' }],
    ['Control+]', { list: 'ordered', indent: 1 }],
    ['Tab', { list: 'ordered', indent: 2 }],
    ['Shift+Tab', { list: 'ordered', indent: 1 }],
    ['Control+[', { list: 'ordered' }],
    ['Control+Alt+0', undefined],
    ['Control+Shift+e', { align: 'center' }],
    ['Control+Shift+r', { align: 'right' }],
    ['Control+Shift+j', { align: 'justify' }],
    ['Control+Shift+l', undefined],
  ]) {
    await keyboard.press(keys)
    const expected = attributes
      ? [{ insert: 'one two' }, { insert: '\n', attributes }]
      : [{ insert: 'one two\n' }]
    await expectDelta(page, keys, expected)
  }
  await keyboard.press('End')
  await keyboard.press('Enter')
  await keyboard.type('three')
  await keyboard.press('Alt+ArrowUp')
  await expectDelta(page, 'the line moved up', [{ insert: 'three\none two\n' }])
  await keyboard.press('Alt+ArrowDown')
  await expectDelta(page, 'and down', [{ insert: 'one two\nthree\n' }])
  await keyboard.press('Control+z')
  await until('undo takes a step back', async () => JSON.stringify(await delta(page)) !== '[{"insert":"one two\\nthree\\n"}]')
  await keyboard.press('Control+Shift+z')
  await expectDelta(page, 'redo brings it again', [{ insert: 'one two\nthree\n' }])
  await page.context().close()
})

test('shorthands become what they stand for', async () => {
  const page = await openEmpty()
  await page.keyboard.type('## A')
  await page.keyboard.press('Enter')
  await page.keyboard.type('1. b')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await page.keyboard.type('> c')
  await expectDelta(page, 'a heading, an item, a quotation', [
    { insert: 'A' },
    { insert: '\n', attributes: { header: 2 } },
    { insert: 'b' },
    { insert: '\n', attributes: { list: 'ordered' } },
    { insert: 'c' },
    { insert: '\n', attributes: { blockquote: true } },
  ])
  await page.context().close()
})

test('the toolbar is one stop of the Tab key, and arrows go through it', async () => {
  const page = await openEmpty()
  const { keyboard } = page
  await keyboard.type('word')
  await keyboard.press('Control+a')
  await keyboard.press('Shift+F6')
  await until('from the text back to the outline pane', async () => (await focused(page)) === 'Close')
  await keyboard.press('Shift+F6')
  await until('undo has the focus', async () => (await focused(page)) === 'Undo')
  await keyboard.press('ArrowRight')
  await keyboard.press('ArrowRight')
  await until('the kind of paragraph has the focus', async () => (await focused(page)).startsWith('Kind of paragraph'))
  await keyboard.press('Enter')
  await until('the menu is open at what is set', async () => (await focused(page)).startsWith('Paragraph'))
  await keyboard.press('ArrowDown')
  await keyboard.press('ArrowDown')
  await keyboard.press('Enter')
  await expectDelta(page, 'a heading', [{ insert: 'word' }, { insert: '\n', attributes: { header: 2 } }])
  await keyboard.press('F6')
  await keyboard.press('Shift+F6')
  await keyboard.press('End')
  await until('the focus is on: Keyboard shortcuts', async () => (await focused(page)) === 'Keyboard shortcuts')
  await keyboard.press('ArrowRight')
  await until('round and round', async () => (await focused(page)) === 'Undo')
  const stops = await page.evaluate(() => {
    const tools = [...dev.editor.shadowRoot.querySelector('plenary-toolbar').shadowRoot.querySelectorAll('[data-tool]')]
    return tools.filter(tool => tool.tabIndex === 0).length
  })
  assert.equal(stops, 1)
  await keyboard.press('Escape')
  await until('the focus is on: Text of the statement', async () => (await focused(page)) === 'Text of the statement')
  await page.context().close()
})

test('a link, a bracket and a footnote are made, changed and removed without a mouse', async () => {
  const page = await openEmpty()
  const { keyboard } = page
  await keyboard.type('see here')
  await keyboard.press('Control+Shift+ArrowLeft')
  await keyboard.press('Control+k')
  await until('the address has the focus', () => page.evaluate(() => dev.editor.shadowRoot.activeElement?.id === 'value'))
  await keyboard.type('no address')
  await keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  await keyboard.press('Control+a')
  await keyboard.type('example.org/a')
  await keyboard.press('Enter')
  await expectDelta(page, 'a link', [
    { insert: 'see ' },
    { insert: 'here', attributes: { link: 'https://example.org/a' } },
    { insert: '\n' },
  ])
  await until('back in the text', async () => (await focused(page)) === 'Text of the statement')
  await keyboard.press('Control+k')
  await until('the address again', () => page.evaluate(() => dev.editor.shadowRoot.activeElement?.id === 'value'))
  await page.getByRole('button', { name: 'Remove link' }).press('Enter')
  await expectDelta(page, 'no link', [{ insert: 'see here\n' }])

  await until('back in the text', async () => (await focused(page)) === 'Text of the statement')
  await keyboard.press('Control+Alt+b')
  await until('who proposes it', () => page.evaluate(() => dev.editor.shadowRoot.activeElement?.value === 'Ilse Marenko'))
  await keyboard.press('Enter')
  await expectDelta(page, 'a bracket', [
    { insert: 'see ' },
    { insert: 'here', attributes: { bracket: 'Ilse Marenko' } },
    { insert: '\n' },
  ])
  await page.getByRole('button', { name: '[here] proposed by Ilse Marenko' }).waitFor()

  await until('back in the text', async () => (await focused(page)) === 'Text of the statement')
  await keyboard.press('End')
  await keyboard.press('Control+Alt+f')
  await until('the note has the focus', async () => (await focused(page)) === 'Text of the footnote')
  await keyboard.type('A note.')
  await keyboard.press('Escape')
  await until('back in the text', async () => (await focused(page)) === 'Text of the statement')
  await keyboard.type('!')
  const notes = await page.evaluate(() => Object.values(dev.mine.doc.getMap('notes').toJSON()))
  assert.deepEqual(notes.map(note => note.trim()), ['A note.'])
  const inserts = (await delta(page)).map(({ insert }) => (typeof insert === 'string' ? insert : Object.keys(insert)[0]))
  assert.deepEqual(inserts, ['see ', 'here', 'footnote', '!\n'])
  await page.context().close()
})

test('what is typed right behind the Escape that closes a footnote is in the text', async () => {
  const page = await openEmpty()
  const { keyboard } = page
  for (let i = 0; i < 12; i++) {
    await keyboard.type(`w${i} `)
    await keyboard.press('Control+Alt+f')
    await keyboard.type(`n${i}`)
    await keyboard.press('Escape')
  }
  await keyboard.type('end')
  const [texts, notes] = await page.evaluate(() => [
    dev.mine.doc.getText('body').toDelta().filter(({ insert }) => typeof insert === 'string').map(({ insert }) => insert),
    Object.values(dev.mine.doc.getMap('notes').toJSON()).map(note => note.trim()).sort(),
  ])
  assert.deepEqual(texts, [...Array.from({ length: 12 }, (_, i) => `w${i} `), 'end\n'])
  assert.deepEqual(notes, Array.from({ length: 12 }, (_, i) => `n${i}`).sort())
  await page.context().close()
})

test('a file that is dropped on the text does not take its place', async () => {
  const page = await openEmpty()
  const drop = types =>
    page.evaluate(types => {
      const dataTransfer = new DataTransfer()
      for (const type of types) {
        if (type === 'file') dataTransfer.items.add(new File(['x'], 'picture.png', { type: 'image/png' }))
        else dataTransfer.setData(type, 'dropped')
      }
      const { left, top } = document.querySelector('.ProseMirror > p').getBoundingClientRect()
      const place = { clientX: left + 1, clientY: top + 1, bubbles: true, cancelable: true }
      return !document.querySelector('.ProseMirror').dispatchEvent(new DragEvent('drop', { dataTransfer, ...place }))
    }, types)
  assert.equal(await drop(['file']), true, 'the browser does not open it')
  await expectDelta(page, 'nothing came of it', [{ insert: '\n' }])
  await drop(['file', 'text/plain'])
  await expectDelta(page, 'words that come with a file', [{ insert: 'dropped\n' }])
  await page.context().close()
})

test('nothing is said to be missing in a text that was not looked through yet', async () => {
  const page = await openEmpty()
  const sidebar = page.locator('plenary-sidebar')
  await sidebar.getByText('Headings of the text appear here.').waitFor()
  await sidebar.getByText('Nothing stands in brackets.').waitFor()
  const before = await page.evaluate(async () => {
    const shown = dev.editor.shadowRoot.querySelector('plenary-sidebar')
    const { messages, number } = shown
    // As an editor begins.
    const { survey } = new dev.editor.constructor()
    const fresh = Object.assign(new shown.constructor(), { messages, number, survey })
    document.body.append(fresh)
    await fresh.updateComplete
    return fresh.shadowRoot.textContent
  })
  assert.match(before, /Outline/)
  assert.doesNotMatch(before, /appear here|Nothing stands/)
  await page.context().close()
})

test('find counts, goes round, folds accents and Arabic forms, and replaces', async () => {
  const page = await openEmpty()
  const { keyboard } = page
  for (const line of ['Café and cafe', 'إعلان and اعلان', 'CAFE']) {
    await keyboard.type(line)
    await keyboard.press('Enter')
  }
  const count = () => page.locator('plenary-find output').textContent()
  await keyboard.press('Control+f')
  await until('the field has the focus', async () => (await focused(page)) === 'Find')
  await keyboard.type('cafe')
  await until('three places', async () => /of 3/.test(await count()))
  const first = await count()
  await keyboard.press('Enter')
  await until('the next one', async () => (await count()) !== first)
  await keyboard.press('Control+a')
  await keyboard.type('اعلان')
  await until('both ways to write it', async () => /of 2/.test(await count()))
  await keyboard.press('Control+a')
  await keyboard.type('cafe')
  await page.getByLabel('Replace with').fill('tea')
  await page.getByRole('button', { name: 'Replace all' }).press('Enter')
  await until('it says how many', async () => /3 places/.test(await count()))
  await expectDelta(page, 'all replaced', [{ insert: 'tea and tea\nإعلان and اعلان\ntea\n\n' }])
  await page.getByLabel('Replace with').press('Escape')
  await until('the focus is on: Text of the statement', async () => (await focused(page)) === 'Text of the statement')
  await page.context().close()
})

test('cursors of others take no room, cover no words and follow what is written', async () => {
  const page = await open()
  const boxes = () =>
    page.evaluate(() => [...document.querySelectorAll('.ProseMirror > *')].map(one => one.getBoundingClientRect().toJSON()))
  const before = await boxes()
  await page.evaluate(() => {
    dev.others[0].goTo('This submission covers')
    dev.others[1].goTo('two of them held', 12)
  })
  await page.locator('.plenary-name').nth(1).waitFor({ state: 'attached' })
  assert.deepEqual(await boxes(), before, 'nothing moved')
  const isClear = await page.evaluate(() => {
    const right = Math.max(...[...document.querySelectorAll('.ProseMirror > p')].map(p => p.getBoundingClientRect().right))
    return [...document.querySelectorAll('.plenary-name')].every(name => name.getBoundingClientRect().left >= right)
  })
  assert.ok(isClear, 'names stand in the margin')
  await page.evaluate(() => dev.others[0].type('Indeed. '))
  await page.getByText('Indeed. This submission covers').waitFor()
  await page.evaluate(() => dev.editor.focus())
  await page.waitForFunction(() => dev.others[0].awareness.getStates().get(dev.mine.doc.clientID)?.cursor)
  const mine = await page.evaluate(() => {
    const { cursor, user } = dev.others[0].awareness.getStates().get(dev.mine.doc.clientID)
    return { name: user.name, isColour: /^#[0-9a-f]{6}$/.test(user.color), isHere: 'anchor' in cursor && 'head' in cursor }
  })
  assert.deepEqual(mine, { name: 'Ilse Marenko', isColour: true, isHere: true })
  await page.context().close()
})

test('names of others are whole where there is room, and never cut or over each other', async () => {
  for (const [viewport, isWhole] of [
    [{ width: 1280, height: 860 }, true],
    [{ width: 1100, height: 860 }, false],
    [{ width: 390, height: 844 }, false],
  ]) {
    const page = await open('people=4', { viewport })
    await page.evaluate(() => {
      dev.others[0].goTo('This submission covers')
      dev.others[1].goTo('developments in')
      dev.others[2].goTo('the Republic of Valdoria between')
      dev.others[3].goTo('two of them held', 12)
    })
    await page.locator('.plenary-name').nth(3).waitFor({ state: 'attached' })
    await page.evaluate(() => document.querySelector('.plenary-name').closest('p').scrollIntoView({ block: 'center' }))
    let last
    await until('they are apart and whole', async () => {
      last = await page.evaluate(() => {
        const frame = dev.editor.getBoundingClientRect()
        return [...document.querySelectorAll('.plenary-name')].map(name => {
          const { left, right, top } = name.getBoundingClientRect()
          const part = ['::before', '::after'].find(part => getComputedStyle(name, part).display !== 'none')
          const attribute = /^attr\(data-(\w+)\)|^"(.*)"$/.exec(getComputedStyle(name, part).content)
          // As wide as it would be if it had all the room there is.
          const free = name.parentElement.appendChild(name.cloneNode())
          free.style.maxInlineSize = 'none'
          const isCut = free.getBoundingClientRect().width > right - left + 0.5
          free.remove()
          const said = attribute?.[2] ?? name.dataset[attribute?.[1]]
          return { top, said, isInside: left >= frame.left && right <= frame.right, isCut }
        })
      })
      const tops = last.map(({ top }) => top).sort((a, b) => a - b)
      return last.every(({ isInside, isCut }) => isInside && !isCut) && tops.every((top, i) => i === 0 || top - tops[i - 1] >= 15)
    }).catch(error => assert.fail(`${error.message}: ${JSON.stringify(last)}`))
    if (isWhole) assert.deepEqual(last.map(({ said }) => said).sort(), ['Dario Pell', 'Jon Aruk', 'Renée Aubry', 'Safiya Orrin'])
    await page.context().close()
  }
})

test('words are counted for text, section and selection, and the limit is told', async () => {
  const page = await openEmpty('limit=5')
  await page.keyboard.type('one two')
  await until('of five', async () => /2 of 5 words/.test(await statusText(page)))
  await page.keyboard.press('Enter')
  await page.keyboard.type('## Title')
  await page.keyboard.press('Enter')
  await page.keyboard.type('four five six')
  await until('over it', async () => /1 word over the limit/.test(await statusText(page)))
  assert.match(await statusText(page), /This section: 4/)
  await page.keyboard.press('Control+Shift+ArrowLeft')
  await until('one is selected', async () => /Selected: 1/.test(await statusText(page)))
  await page.context().close()
})

test('who only reads can find and look around but change nothing', async () => {
  const page = await open('mode=read')
  const before = await delta(page)
  await page.locator('.ProseMirror > p').nth(3).click()
  await page.keyboard.type('x')
  await page.keyboard.press('Control+b')
  await page.keyboard.press('Control+f')
  await until('find is open', async () => (await focused(page)) === 'Find')
  assert.equal(await page.getByLabel('Replace with').count(), 0)
  assert.equal(await page.getByRole('button', { name: 'Bold' }).count(), 0)
  assert.deepEqual(await delta(page), before)
  await page.context().close()
})

test('an old client keeps what it does not know as a locked box', async () => {
  const page = await openEmpty()
  await page.evaluate(() => dev.others[0].doc.getText('body').insertEmbed(0, { poll: { id: 7 } }))
  await page.locator('.ProseMirror [data-locked]').waitFor()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('after')
  await expectDelta(page, 'the box stays', [{ insert: { poll: { id: 7 } } }, { insert: 'after\n' }])
  await page.context().close()
})
