// What turns into something else while it is typed: `# ` a heading, `1. ` a numbered paragraph, `- ` a list,
// `> ` a quotation. Backspace right after takes it back.

import { InputRule, inputRules } from 'prosemirror-inputrules'
import type { Plugin } from 'prosemirror-state'
import type { BlockAttrs } from '@plenary/text'

function rule(pattern: RegExp, attrsFor: (typed: string) => Partial<BlockAttrs>): InputRule {
  return new InputRule(pattern, (state, match, start, end) => {
    const $start = state.doc.resolve(start)
    const { attrs } = $start.parent
    if (attrs['codeBlock']) return null
    const tr = state.tr.delete(start, end)
    for (const [name, value] of Object.entries(attrsFor(match[1] ?? ''))) {
      if (attrs[name] !== value) tr.setNodeAttribute($start.before(), name, value)
    }
    return tr
  })
}

/** The shorthands as a plugin. */
export function shorthand(): Plugin {
  return inputRules({
    rules: [
      rule(/^(#{1,6}) $/, typed => ({ header: typed.length, list: null })),
      rule(/^(1[.)]) $/, () => ({ list: 'ordered' })),
      rule(/^([-*•]) $/, () => ({ list: 'bullet' })),
      rule(/^(>) $/, () => ({ blockquote: true })),
    ],
  })
}
