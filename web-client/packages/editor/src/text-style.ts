// How the text looks. It stands in light DOM, because Safari breaks selection in shadow roots, so its style is
// adopted by the document (or the shadow root) that the editor stands in. All selectors start at `.plenary-text`.

import { css, unsafeCSS } from 'lit'

const levelNumbers = [1, 2, 3, 4, 5, 6, 7, 8]

const levels = unsafeCSS(
  levelNumbers.map(level => `.plenary-text [data-indent='${level}'] { --level: ${level}; }`).join(''),
)

const numbers = unsafeCSS(
  levelNumbers
    .map(level => {
      const style = ['lower-alpha', 'lower-roman', 'decimal'][(level - 1) % 3]
      const below = levelNumbers.filter(other => other > level).map(other => `n${other}`)
      const item = `.plenary-text .ProseMirror > [data-list][data-indent='${level}']`
      const reset = below.length > 0 ? `${item} { counter-set: ${below.join(' ')}; }` : ''
      return `${item}[data-list='ordered'] { counter-increment: n${level}; } ${reset}
        ${item}[data-list='ordered']::before { content: '(' counter(n${level}, ${style}) ')'; }`
    })
    .join(''),
)

// An indented line that is no item goes on with the item above it.
const between = unsafeCSS(
  levelNumbers
    .map(level => {
      const counters = levelNumbers.filter(other => other >= level).map(other => `n${other}`)
      const line = `.plenary-text .ProseMirror > [data-indent='${level}']:not([data-list])`
      return `${line} { counter-set: ${counters.join(' ')}; }`
    })
    .join(''),
)

const sheet = css`
.plenary-text {
  --per-line: 80;
  font: var(--_size) / 1.65 var(--_font);
  color: var(--_ink);
}

.plenary-text .ProseMirror {
  position: relative;
  counter-reset: n0 n1 n2 n3 n4 n5 n6 n7 n8;
  outline: none;
  white-space: pre-wrap;
  white-space: break-spaces;
  overflow-wrap: break-word;
  font-variant-ligatures: none;
  font-feature-settings: 'liga' 0;
  hanging-punctuation: first;
  caret-color: var(--_ink);
}

.plenary-text .ProseMirror:lang(ar),
.plenary-text .ProseMirror [lang|='ar'] {
  font-variant-ligatures: normal;
  font-feature-settings: normal;
  line-height: 1.85;
}

.plenary-text ::selection {
  background: var(--_selected);
}

.plenary-text .ProseMirror > * {
  margin-block: 0 0.8em;
  margin-inline: 0;
  text-align: start;
}

/* A line out of sight is neither laid out nor painted: of a long text that is nearly all, at opening and at each key.
   How much room it takes is guessed until it has been seen. Only where the page then stays where it is, and where the
   names of others may still stand beside their lines. */
@supports (overflow-anchor: auto) and (overflow-clip-margin: 1px) {
  @media not print {
    .plenary-text:not(.plenary-note) .ProseMirror > * {
      content-visibility: auto;
      contain-intrinsic-block-size: auto calc(round(up, 1 + var(--letters, 160), var(--per-line)) / var(--per-line) * 1lh);
      overflow-clip-margin: 11rem;
    }

    .plenary-text:not(.plenary-note) .ProseMirror > .plenary-here {
      content-visibility: visible;
      contain: layout style paint;
    }
  }
}

.plenary-text .ProseMirror > :last-child {
  margin-block-end: 0;
}

.plenary-text :is(h1, h2, h3, h4, h5, h6) {
  font-weight: 650;
  line-height: 1.25;
  text-wrap: pretty;
}

.plenary-text .ProseMirror > h1 {
  margin-block: 0.2em 0.9em;
  font-size: 1.8em;
  letter-spacing: -0.012em;
}

.plenary-text .ProseMirror > h2 {
  margin-block: 1.9em 0.65em;
  font-size: 1.3em;
  letter-spacing: -0.006em;
}

.plenary-text .ProseMirror > h3 {
  margin-block: 1.5em 0.5em;
  font-size: 1.1em;
}

.plenary-text .ProseMirror > :is(h4, h5, h6) {
  margin-block: 1.3em 0.45em;
  font-size: 1em;
}

.plenary-text .ProseMirror > :is(h5, h6) {
  color: var(--_quiet);
}

.plenary-text .ProseMirror > :first-child {
  margin-block-start: 0;
}

.plenary-text .ProseMirror > blockquote {
  padding-inline-start: 1.15em;
  border-inline-start: 3px solid var(--_accent);
}

.plenary-text .ProseMirror > pre {
  margin-block: 0;
  padding: 0.05em 0.9em;
  background: var(--_tint);
  font: 0.86em / 1.6 ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace;
}

.plenary-text .ProseMirror > pre + :not(pre) {
  margin-block-start: 0.8em;
}

.plenary-text code {
  padding: 0.08em 0.3em;
  border-radius: 4px;
  background: var(--_tint);
  font: 0.88em ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace;
}

.plenary-text :is(sup, sub) {
  line-height: 0;
}

.plenary-text a {
  color: var(--_accent);
  text-decoration: underline;
  text-decoration-thickness: 1px;
  text-underline-offset: 0.18em;
}

/* Alignment is physical in the shared text, as in the Quill format. */
.plenary-text .ProseMirror > [data-align='center'] { text-align: center; }
.plenary-text .ProseMirror > [data-align='justify'] { text-align: justify; }
.plenary-text .ProseMirror > [data-align='right'] { text-align: right; }
.plenary-text .ProseMirror > [data-align='left'] { text-align: left; }

/* Levels. */
${levels}

.plenary-text .ProseMirror > [data-indent] {
  padding-inline-start: calc(var(--level) * 2.4em);
}

.plenary-text .ProseMirror > [data-list] {
  position: static;
  padding-inline-start: calc((var(--level, 0) + 1) * 2.4em);
}

.plenary-text .ProseMirror > [data-list]::before {
  display: inline-block;
  box-sizing: border-box;
  inline-size: 2.4em;
  margin-inline-start: -2.4em;
  padding-inline-end: 0.65em;
  color: var(--_quiet);
  font-variant-numeric: tabular-nums;
  text-align: end;
  text-indent: 0;
  white-space: nowrap;
}

.plenary-text .ProseMirror > [data-list='bullet']::before { content: '•'; }
.plenary-text .ProseMirror > [data-list='bullet'][data-indent]::before { content: '–'; }
.plenary-text .ProseMirror > [data-list='unchecked']::before { content: '☐'; }
.plenary-text .ProseMirror > [data-list='checked']::before { content: '☑'; }

/* Numbers are counted when shown. An item starts the levels below it anew. */
.plenary-text .ProseMirror > [data-list='ordered']:not([data-indent]) { counter-increment: n0; }
.plenary-text .ProseMirror > [data-list]:not([data-indent]) { counter-set: n1 n2 n3 n4 n5 n6 n7 n8; }
.plenary-text .ProseMirror > [data-list='ordered']:not([data-indent])::before { content: counter(n0) '.'; }
${numbers}

/* What stands between two lists parts them, unless the paragraphs of the text are numbered through. An indented line
   goes on with the item above it. The same in packages/text/src/numbers.ts. */
.plenary-text:not([data-numbering='through']) .ProseMirror > :not([data-list], [data-indent]) {
  counter-set: n0 n1 n2 n3 n4 n5 n6 n7 n8;
}

.plenary-text[data-numbering='through'] .ProseMirror > :not([data-list], [data-indent]) {
  counter-set: n1 n2 n3 n4 n5 n6 n7 n8;
}

${between}

/* Not agreed. */
.plenary-text .bracket {
  background: color-mix(in oklab, var(--_warn) 12%, transparent);
  box-decoration-break: clone;
  -webkit-box-decoration-break: clone;
}

.plenary-text .bracket::before,
.plenary-text .bracket::after {
  color: var(--_warn);
  font-weight: 700;
}

.plenary-text .bracket::before { content: '['; }
.plenary-text .bracket::after { content: ']'; }

/* Footnotes. */
.plenary-text sup[data-footnote] {
  padding-inline: 0.1em;
  color: var(--_accent);
  font: 650 0.68em / 0 var(--_interface);
  font-variant-numeric: tabular-nums;
  vertical-align: super;
  cursor: pointer;
}

.plenary-text sup[data-footnote]::after {
  content: attr(data-number);
}

.plenary-text sup[data-footnote]:hover {
  text-decoration: underline;
}

.plenary-text .ProseMirror-selectednode {
  border-radius: 3px;
  outline: 2px solid var(--_accent);
  outline-offset: 1px;
}

/* What this version does not know is kept and shown as a box. */
.plenary-text [data-locked] {
  display: inline-block;
  padding: 0.05em 0.6em;
  border: 1px dashed var(--_edge);
  border-radius: 6px;
  color: var(--_quiet);
  font: 0.82em / 1.5 var(--_interface);
}

.plenary-text [data-locked]::after {
  content: var(--_locked);
  unicode-bidi: plaintext;
}

.plenary-text [data-locked*='"divider":true'] {
  inline-size: 100%;
  padding: 0;
  border: 0;
  border-block-start: 1px solid var(--_line);
  border-radius: 0;
  vertical-align: middle;
}

.plenary-text [data-locked*='"divider":true']::after {
  content: none;
}

.plenary-text [data-table] {
  display: block;
  overflow-x: auto;
  white-space: normal;
}

.plenary-text [data-table]::after {
  content: var(--_table);
  display: block;
  unicode-bidi: plaintext;
  margin-block-start: 0.4em;
  color: var(--_quiet);
  font: 0.78em / 1.4 var(--_interface);
}

.plenary-text table {
  inline-size: 100%;
  border-collapse: collapse;
  font: 0.82em / 1.45 var(--_interface);
}

.plenary-text :is(th, td) {
  padding: 0.45em 0.65em;
  border-block-end: 1px solid var(--_line);
  text-align: start;
  vertical-align: top;
}

.plenary-text td {
  min-inline-size: 5.5em;
  overflow-wrap: break-word;
}

.plenary-text :is(th, td) > * {
  margin: 0;
}

.plenary-text th {
  color: var(--_quiet);
  font-weight: 600;
}

/* Others: a cursor that takes no room, its name in the margin beside the line, never over words. */
.plenary-text .plenary-cursor {
  position: absolute;
  inline-size: 2px;
  block-size: 1.3em;
  margin-block-start: calc((1lh - 1.3em) / 2);
  margin-inline-start: -1px;
  border-radius: 1px;
  background: var(--person-shown);
  pointer-events: none;
  user-select: none;
}

.plenary-text .plenary-name {
  position: absolute;
  inset-inline-start: calc(100% + 0.35rem);
  z-index: 1;
  /* Inline, so that it stands beside the line of its cursor. */
  display: inline-flex;
  align-items: center;
  block-size: 1lh;
  max-inline-size: var(--_beside, 5rem);
  text-indent: 0;
  pointer-events: none;
  user-select: none;
}

/* The whole name where the desk beside the page has room for it; else the first of them. */
.plenary-text .plenary-name::before {
  content: attr(data-short);
  display: var(--_short-name, block);
}

.plenary-text .plenary-name::after {
  content: attr(data-name);
  display: var(--_full-name, none);
}

.plenary-text .plenary-name::before,
.plenary-text .plenary-name::after {
  overflow: hidden;
  padding: 0.1rem 0.3rem;
  border-radius: 4px;
  background: var(--person);
  color: #fff;
  font: 600 0.6875rem / 1.35 var(--_interface);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.plenary-text .plenary-remote-selection {
  background: color-mix(in oklab, var(--person-shown) 26%, transparent);
}

.plenary-text .plenary-cursor,
.plenary-text .plenary-remote-selection {
  --person-shown: color-mix(in oklab, var(--person), light-dark(var(--person), #fff) 45%);
}

@container plenary (max-width: 40rem) {
  .plenary-text { --per-line: 45; }
}

@container plenary (max-width: 52rem) {
  .plenary-text .plenary-name {
    inset-inline: auto var(--gutter);
    max-inline-size: none;
  }

  .plenary-text .plenary-name::before {
    content: attr(data-initials);
    padding-inline: 0.15rem;
    border-start-end-radius: 0;
    border-end-end-radius: 0;
    font-size: 0.5625rem;
  }

  .plenary-text :is(th, td) {
    padding-inline: 0.25em;
    font-size: 0.9em;
  }

  /* Addresses may break anywhere, short words and headings not. */
  .plenary-text td {
    overflow-wrap: anywhere;
  }
}

/* Found. */
.plenary-text .plenary-found {
  background: var(--_found);
}

.plenary-text .plenary-found-now {
  background: var(--_found-now);
  outline: 2px solid var(--_found-now);
}

/* Nothing there yet. */
.plenary-text .ProseMirror > .plenary-empty::before {
  content: var(--_empty);
  position: absolute;
  unicode-bidi: plaintext;
  color: var(--_quiet);
  pointer-events: none;
}

.plenary-note .ProseMirror {
  min-block-size: 3lh;
  font-size: 0.95em;
  line-height: 1.5;
}

@media (forced-colors: active) {
  .plenary-text .plenary-cursor { background: Highlight; }
  .plenary-text .plenary-found { outline: 1px solid Mark; }
}

@media print {
  .plenary-text {
    --_ink: #000;
    --_quiet: #333;
    --_accent: #000;
    font-size: 11pt;
    line-height: 1.45;
  }

  .plenary-text :is(h1, h2, h3, h4, h5, h6) {
    break-after: avoid;
    break-inside: avoid;
  }

  .plenary-text [data-table]::after { content: none; }

  .plenary-text .ProseMirror > * {
    orphans: 3;
    widows: 3;
  }

  .plenary-text :is(.plenary-cursor, .plenary-name) { display: none; }
  .plenary-text :is(.plenary-remote-selection, .plenary-found, .bracket) { background: none; }
}
`

const adopters = new WeakSet<Node>()

/** Gives the root that `element` stands in the style of the text, once. */
export function adoptTextStyle(element: Element): void {
  const root = element.getRootNode()
  if (adopters.has(root) || !('adoptedStyleSheets' in root)) return
  adopters.add(root)
  if (sheet.styleSheet) (root as Document | ShadowRoot).adoptedStyleSheets.push(sheet.styleSheet)
}
