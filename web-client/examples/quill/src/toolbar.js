// The buttons over the text. One stop for the Tab key; the arrow keys move inside, as in any toolbar.

import { element, icon } from './element.js'

const KINDS_OF_LINE = [
  ['paragraph', 'Paragraph', {}],
  ['heading-1', 'Title', { header: 1 }],
  ['heading-2', 'Heading', { header: 2 }],
  ['heading-3', 'Subheading', { header: 3 }],
  ['numbered', 'Numbered paragraph', { list: 'ordered' }],
  ['bullet', 'Bullet', { list: 'bullet' }],
  ['quote', 'Quotation', { blockquote: true }],
]

const LINE_FORMATS = ['header', 'list', 'blockquote', 'code-block']

export function toolbar(quill, undoManager) {
  // The editor's last selection: a click on a button or in the list of kinds takes the focus away from it.
  const selection = () => quill.getSelection() ?? quill.selection.savedRange

  const kind = element(
    'select',
    { 'aria-label': 'Kind of line' },
    ...KINDS_OF_LINE.map(([value, label]) => element('option', { value }, label)),
  )
  kind.addEventListener('change', () => {
    const { index, length } = selection()
    const [, , formats] = KINDS_OF_LINE.find(([value]) => value === kind.value)
    for (const name of LINE_FORMATS) quill.formatLine(index, length, name, formats[name] ?? false, 'user')
    quill.focus()
  })

  const button = (label, keys, content, onclick) =>
    element(
      'button',
      { type: 'button', 'aria-label': label, title: keys ? `${label} (${keys})` : label, onclick },
      content,
    )
  const mark = (name, label, keys, content) => {
    const toggle = button(label, keys, content, () => {
      const { index, length } = selection()
      quill.setSelection(index, length, 'user')
      quill.format(name, !quill.getFormat()[name], 'user')
    })
    toggle.setAttribute('aria-pressed', 'false')
    return toggle
  }
  const undo = button('Undo', 'Ctrl Z', icon('M9 14 4 9l5-5', 'M4 9h10a6 6 0 0 1 0 12h-3'), () => undoManager.undo())
  const redo = button('Redo', 'Ctrl Y', icon('m15 14 5-5-5-5', 'M20 9H10a6 6 0 0 0 0 12h3'), () => undoManager.redo())
  const marks = {
    bold: mark('bold', 'Bold', 'Ctrl B', element('b', {}, 'B')),
    italic: mark('italic', 'Italic', 'Ctrl I', element('i', {}, 'I')),
  }
  const controls = [kind, marks.bold, marks.italic, undo, redo]

  const update = () => {
    undo.disabled = undoManager.undoStack.length === 0
    redo.disabled = undoManager.redoStack.length === 0
    const range = quill.getSelection()
    if (!range) return
    const format = quill.getFormat(range)
    const current = KINDS_OF_LINE.findLast(([, , formats]) =>
      Object.entries(formats).every(([name, value]) => format[name] === value),
    )
    kind.value = current[0]
    for (const [name, toggle] of Object.entries(marks)) toggle.setAttribute('aria-pressed', String(!!format[name]))
  }
  quill.on('editor-change', update)
  undoManager.on('stack-item-added', update)
  undoManager.on('stack-item-popped', update)
  update()

  const bar = element('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Format' }, ...controls)
  const focusable = () => controls.filter(control => !control.disabled)
  controls.forEach((control, i) => control.setAttribute('tabindex', i === 0 ? '0' : '-1'))
  bar.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const all = focusable()
    const isRtl = getComputedStyle(bar).direction === 'rtl'
    const next = all.at((all.indexOf(document.activeElement) + (isRtl ? -step : step)) % all.length)
    for (const control of controls) control.setAttribute('tabindex', control === next ? '0' : '-1')
    next.focus()
  })
  // A press must not take the selection away from the text.
  bar.addEventListener('mousedown', event => {
    if (event.target.closest('button')) event.preventDefault()
  })
  return bar
}
