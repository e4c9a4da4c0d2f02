// What a text can be in the editor: a flat list of lines, as the shared text has it.
//
// Nothing is nested. A heading, an item of a list, an indented paragraph are attributes of a line, so that changing
// what a line is never replaces what somebody is typing in it. Numbers are computed when shown.

import { type Attrs, type DOMOutputSpec, type Node, Schema } from 'prosemirror-model'

/** What a line is. Every field is `null` (or 0) in a plain paragraph. */
export interface BlockAttrs {
  /** Level of a heading, 1 to 6. */
  header: number | null
  list: 'bullet' | 'ordered' | 'checked' | 'unchecked' | null
  /** Level of indentation, 0 to 8. An item of a list with indent 1 is at the second level. */
  indent: number
  align: 'left' | 'center' | 'right' | 'justify' | null
  /** `null`: as its first strong letter says. */
  direction: 'rtl' | 'ltr' | null
  blockquote: true | null
  /** The language of the code, or `true`. */
  codeBlock: string | true | null
  /** A BCP 47 tag. */
  lang: string | null
  /** Attributes that are not known here, kept as they are. */
  other: Readonly<Record<string, unknown>> | null
}

const PLAIN: BlockAttrs = {
  header: null,
  list: null,
  indent: 0,
  align: null,
  direction: null,
  blockquote: null,
  codeBlock: null,
  lang: null,
  other: null,
}

function blockToDom(node: Node): DOMOutputSpec {
  const attrs = node.attrs as BlockAttrs
  const tag = attrs.header ? `h${attrs.header}` : attrs.blockquote ? 'blockquote' : attrs.codeBlock ? 'pre' : 'p'
  const dom: Record<string, string> = { dir: attrs.direction ?? 'auto' }
  if (attrs.list) dom['data-list'] = attrs.list
  if (attrs.indent) dom['data-indent'] = String(attrs.indent)
  if (attrs.align) dom['data-align'] = attrs.align
  if (attrs.direction) dom['data-direction'] = attrs.direction
  if (attrs.blockquote) dom['data-blockquote'] = ''
  if (attrs.codeBlock) dom['data-code-block'] = attrs.codeBlock === true ? '' : attrs.codeBlock
  if (attrs.lang) dom['lang'] = attrs.lang
  if (attrs.other) dom['data-other'] = JSON.stringify(attrs.other)
  return [tag, dom, 0]
}

// Reads what `blockToDom` writes, and the plain tags of other programs.
function blockFromDom(dom: HTMLElement): Attrs {
  const data = dom.dataset
  const level = /^h([1-6])$/i.exec(dom.tagName)?.[1]
  const item = dom.tagName === 'LI'
  return {
    header: level ? Number(level) : null,
    list: data['list'] ?? (item ? (dom.parentElement?.tagName === 'OL' ? 'ordered' : 'bullet') : null),
    indent: Number(data['indent'] ?? (item ? depthOfItem(dom) : 0)) || 0,
    align: data['align'] ?? null,
    direction: data['direction'] ?? null,
    blockquote: data['blockquote'] !== undefined || dom.tagName === 'BLOCKQUOTE' || null,
    codeBlock: data['codeBlock'] || data['codeBlock'] === '' || dom.tagName === 'PRE' ? data['codeBlock'] || true : null,
    lang: dom.lang || null,
    other: json(data['other']) as Attrs | null,
  }
}

function depthOfItem(item: HTMLElement): number {
  let depth = -1
  for (let dom = item.parentElement; dom; dom = dom.parentElement) if (/^[UO]L$/.test(dom.tagName)) depth++
  return Math.min(Math.max(depth, 0), 8)
}

function json(text: string | undefined): unknown {
  try {
    return text ? JSON.parse(text) : null
  } catch {
    return null
  }
}

const SAFE_LINK = /^(https?:|mailto:|tel:|#)/i

/**
 * The schema: `doc` of `block`s; in a block text with marks, `footnote`s, `table`s and `locked` boxes, each of which
 * takes the place of one letter.
 */
export const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    block: {
      content: 'inline*',
      group: 'block',
      attrs: Object.fromEntries(Object.entries(PLAIN).map(([name, value]) => [name, { default: value }])),
      defining: true,
      whitespace: 'pre',
      parseDOM: ['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'li', 'blockquote', 'pre'].map(tag => ({
        tag,
        getAttrs: blockFromDom,
        ...(tag === 'pre' ? { preserveWhitespace: 'full' as const } : {}),
      })),
      toDOM: blockToDom,
    },
    text: { group: 'inline' },
    /** A reference to the note `id`. `text`: what a note that is still to be made shall say. */
    footnote: {
      inline: true,
      group: 'inline',
      atom: true,
      attrs: { id: {}, text: { default: null } },
      parseDOM: [
        {
          tag: 'sup[data-footnote]',
          // Before the rule of a mark that reads any `sup`.
          priority: 60,
          getAttrs: dom => ({ id: dom.dataset['footnote'], text: dom.dataset['text'] ?? null }),
        },
      ],
      toDOM: node => [
        'sup',
        {
          'data-footnote': node.attrs['id'] as string,
          ...(node.attrs['text'] === null ? {} : { 'data-text': node.attrs['text'] as string }),
        },
      ],
    },
    /** The table `id`, alone in its line. Shown, not edited. */
    table: {
      inline: true,
      group: 'inline',
      atom: true,
      attrs: { id: {} },
      parseDOM: [{ tag: 'span[data-table]', getAttrs: dom => ({ id: dom.dataset['table'] }) }],
      toDOM: node => ['span', { 'data-table': node.attrs['id'] as string, contenteditable: 'false' }],
    },
    /** Something that is not known here, kept as it is. `shared`: names a shared type that stands in the text. */
    locked: {
      inline: true,
      group: 'inline',
      atom: true,
      attrs: { embed: { default: null }, shared: { default: null } },
      parseDOM: [{ tag: 'span[data-locked]', getAttrs: dom => ({ embed: json(dom.dataset['locked']) }) }],
      toDOM: node => [
        'span',
        { 'data-locked': JSON.stringify(node.attrs['embed']), contenteditable: 'false', class: 'locked' },
      ],
    },
  },
  marks: {
    /** Text in square brackets, as in drafts of the United Nations: proposed by `proposer`, not agreed yet.
     * The outermost mark, so that one bracket stays one element whatever is bold in it. */
    bracket: {
      attrs: { proposer: {} },
      // What is typed behind the bracket is none of it.
      inclusive: false,
      parseDOM: [
        { tag: 'span[data-bracket]', getAttrs: dom => ({ proposer: dom.dataset['bracket'] }) },
      ],
      toDOM: mark => ['span', { class: 'bracket', 'data-bracket': mark.attrs['proposer'] as string }, 0],
    },
    link: {
      attrs: { href: {} },
      inclusive: false,
      parseDOM: [
        {
          tag: 'a[href]',
          getAttrs: dom => {
            const href = dom.getAttribute('href') ?? ''
            return SAFE_LINK.test(href) ? { href } : false
          },
        },
      ],
      // An address that a browser might run is kept in the text but is nothing to click on.
      toDOM: mark => {
        const href = mark.attrs['href'] as string
        return ['a', SAFE_LINK.test(href) ? { href, rel: 'noopener noreferrer' } : { 'data-href': href }, 0]
      },
    },
    bold: {
      parseDOM: [
        { tag: 'strong' },
        { tag: 'b', getAttrs: dom => dom.style.fontWeight !== 'normal' && null },
        { style: 'font-weight', getAttrs: value => /^(bold(er)?|[6-9]\d\d)$/.test(value) && null },
      ],
      toDOM: () => ['strong', 0],
    },
    italic: {
      parseDOM: [{ tag: 'em' }, { tag: 'i' }, { style: 'font-style=italic' }],
      toDOM: () => ['em', 0],
    },
    underline: {
      parseDOM: [{ tag: 'u' }, { style: 'text-decoration=underline' }],
      toDOM: () => ['u', 0],
    },
    strike: {
      parseDOM: [{ tag: 's' }, { tag: 'del' }, { tag: 'strike' }, { style: 'text-decoration=line-through' }],
      toDOM: () => ['s', 0],
    },
    code: { parseDOM: [{ tag: 'code' }], toDOM: () => ['code', 0] },
    /** `value`: `super` or `sub`. */
    script: {
      attrs: { value: {} },
      parseDOM: [
        { tag: 'sup', getAttrs: () => ({ value: 'super' }) },
        { tag: 'sub', getAttrs: () => ({ value: 'sub' }) },
      ],
      toDOM: mark => [mark.attrs['value'] === 'sub' ? 'sub' : 'sup', 0],
    },
    /** Attributes of a run that are not known here, kept as they are. */
    unknown: {
      attrs: { attributes: {} },
      inclusive: false,
      parseDOM: [
        {
          tag: 'span[data-attributes]',
          getAttrs: dom => {
            const attributes = json(dom.dataset['attributes'])
            return attributes ? { attributes } : false
          },
        },
      ],
      toDOM: mark => ['span', { 'data-attributes': JSON.stringify(mark.attrs['attributes']) }, 0],
    },
  },
})
