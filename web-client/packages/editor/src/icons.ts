// Icons as SVG templates: paths of Lucide 1.62.0 (ISC licence, Copyright (c) Lucide Contributors 2026, and for
// the parts derived from Feather (c) 2013-2026 Cole Bemis, MIT), and a few of our own in their manner.

import { html, svg } from 'lit'
import type { SVGTemplateResult, TemplateResult } from 'lit'

const line = (d: string): SVGTemplateResult => svg`<path d=${d}></path>`

const drawings = {
  undo: ['M9 14 4 9l5-5', 'M4 9h10.5a5.5 5.5 0 0 1 0 11H11'],
  redo: ['m15 14 5-5-5-5', 'M20 9H9.5a5.5 5.5 0 0 0 0 11H13'],
  bold: ['M6 12h9a4 4 0 0 1 0 8H7a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h7a4 4 0 0 1 0 8'],
  italic: ['M19 4h-9', 'M14 20H5', 'M15 4 9 20'],
  underline: ['M6 4v6a6 6 0 0 0 12 0V4', 'M4 20h16'],
  strike: ['M16 4H9a3 3 0 0 0-2.83 4', 'M14 12a4 4 0 0 1 0 8H6', 'M4 12h16'],
  superscript: [
    'm4 19 8-8',
    'm12 19-8-8',
    'M20 12h-4c0-1.5.44-2 1.5-2.5S20 8.33 20 7a2 2 0 0 0-.48-1.29 2.1 2.1 0 0 0-2.62-.43c-.42.23-.74.61-.9 1.06',
  ],
  subscript: [
    'm4 5 8 8',
    'm12 5-8 8',
    'M20 19h-4c0-1.5.44-2 1.5-2.5S20 15.33 20 14a2 2 0 0 0-.48-1.29 2.1 2.1 0 0 0-2.62-.44c-.42.24-.74.62-.9 1.07',
  ],
  clear: ['M4 7V4h16v3', 'M5 20h6', 'M13 4 8 20', 'm15 15 5 5', 'm20 15-5 5'],
  link: [
    'M10 13a5 5 0 0 0 7.54.54l3-3a5 5 0 0 0-7.07-7.07l-1.72 1.71',
    'M14 11a5 5 0 0 0-7.54-.54l-3 3a5 5 0 0 0 7.07 7.07l1.71-1.71',
  ],
  bullets: ['M3 5h.01', 'M3 12h.01', 'M3 19h.01', 'M8 5h13', 'M8 12h13', 'M8 19h13'],
  numbers: [
    'M11 5h10',
    'M11 12h10',
    'M11 19h10',
    'M4 4h1v5',
    'M4 9h2',
    'M6.5 20H3.4c0-1 2.6-1.93 2.6-3.5a1.5 1.5 0 0 0-2.6-1.02',
  ],
  indent: ['M21 5H11', 'M21 12H11', 'M21 19H11', 'm3 8 4 4-4 4'],
  outdent: ['M21 5H11', 'M21 12H11', 'M21 19H11', 'm7 8-4 4 4 4'],
  alignStart: ['M21 5H3', 'M15 12H3', 'M17 19H3'],
  alignCenter: ['M21 5H3', 'M17 12H7', 'M19 19H5'],
  alignEnd: ['M21 5H3', 'M21 12H9', 'M21 19H7'],
  alignJustify: ['M3 5h18', 'M3 12h18', 'M3 19h18'],
  ltr: ['M10 3v11', 'M10 9H7a3 3 0 0 1 0-6h8', 'M14 3v11', 'm18 14 4 4H2', 'm22 18-4 4'],
  rtl: ['M14 3v11', 'M14 9h-3a3 3 0 0 1 0-6h9', 'M18 3v11', 'M22 18H2l4-4', 'm6 22-4-4'],
  language: ['m5 8 6 6', 'm4 14 6-6 2-3', 'M2 5h12', 'M7 2h1', 'm22 22-5-10-5 10', 'M14 18h6'],
  footnote: ['M4 5h9', 'M4 11h9', 'M4 17h5', 'M17 4.5 19 3v7', 'M14 20h7'],
  bracket: ['M16 4h3v16h-3', 'M8 20H5V4h3'],
  find: ['m21 21-4.34-4.34', 'M19 11a8 8 0 1 1-16 0 8 8 0 0 1 16 0'],
  outline: ['M8 5h13', 'M13 12h8', 'M13 19h8', 'M3 10a2 2 0 0 0 2 2h3', 'M3 5v12a2 2 0 0 0 2 2h3'],
  help: ['M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0', 'M9.09 9a3 3 0 0 1 5.83 1c0 2-3 3-3 3', 'M12 17h.01'],
  down: ['m6 9 6 6 6-6'],
  up: ['m18 15-6-6-6 6'],
  close: ['M18 6 6 18', 'm6 6 12 12'],
  check: ['M20 6 9 17l-5-5'],
  open: ['M15 3h6v6', 'M10 14 21 3', 'M18 13v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h6'],
  more: ['M12 12h.01', 'M19 12h.01', 'M5 12h.01'],
} satisfies Record<string, string[]>

/** The name of a drawing. */
export type IconName = keyof typeof drawings

// Those that mean a direction of reading; alignments are drawn from the start already.
const flipping: IconName[] = [
  'undo', 'redo', 'bullets', 'numbers', 'indent', 'outdent', 'alignStart', 'alignEnd', 'outline', 'footnote', 'open',
]

/** A drawing; hidden from assistive technology, because its button has a name. */
export function icon(name: IconName): TemplateResult {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true" class=${flipping.includes(name) ? 'flips' : ''}>
    ${drawings[name].map(line)}
  </svg>`
}
