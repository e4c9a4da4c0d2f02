// What turns into something else while it is typed: `# ` a heading, `1. ` a numbered paragraph, `- ` a list,
// `> ` a quotation. Backspace right after makes it a paragraph again.

import { Plugin, TextSelection } from 'prosemirror-state'
import type { BlockAttrs } from '@plenary/text'

const rules: [RegExp, (typed: string) => Partial<BlockAttrs>][] = [
  [/^#{1,6}$/, typed => ({ header: typed.length, list: null })],
  [/^1[.)]$/, () => ({ list: 'ordered' })],
  [/^[-*•]$/, () => ({ list: 'bullet' })],
  [/^>$/, () => ({ blockquote: true })],
]

/** The shorthands as a plugin: a space behind one of them, at the start of a line, does it. */
export function shorthand(): Plugin {
  return new Plugin({
    props: {
      handleTextInput(view, from, to, text) {
        const { selection, tr } = view.state
        const { $from } = selection
        if (text !== ' ' || from !== to || view.composing || !(selection instanceof TextSelection)) return false
        const typed = $from.parent.textBetween(0, $from.parentOffset, undefined, '\ufffc')
        const attrsFor = rules.find(([pattern]) => pattern.test(typed))?.[1]
        if (!attrsFor || $from.parent.attrs['codeBlock']) return false
        tr.delete($from.start(), from)
        for (const [name, value] of Object.entries(attrsFor(typed))) {
          if ($from.parent.attrs[name] !== value) tr.setNodeAttribute($from.before(), name, value)
        }
        view.dispatch(tr)
        return true
      },
    },
  })
}
