import { DOMSerializer } from 'prosemirror-model'
import type { Node } from 'prosemirror-model'
import type { NodeView } from 'prosemirror-view'

/** A line of the text as its schema draws it, and for the style sheet how long it was then: see `--letters` there. */
export function lineView(node: Node): NodeView {
  const spec = node.type.spec.toDOM?.(node)
  if (!spec) throw new Error('the schema says how a line is drawn')
  const { dom, contentDOM } = DOMSerializer.renderSpec(document, spec) as { dom: HTMLElement; contentDOM: HTMLElement }
  dom.style.setProperty('--letters', String(node.content.size))
  return { dom, contentDOM }
}
