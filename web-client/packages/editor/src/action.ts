// What can be done to the text and around it, by name: the toolbar, the menus, the keys and the help share these.

/** Something a tool or a key does. */
export type Action =
  | 'undo' | 'redo'
  | 'bold' | 'italic' | 'underline' | 'strike' | 'superscript' | 'subscript' | 'clear'
  | 'link' | 'footnote' | 'bracket'
  | 'paragraph' | 'heading1' | 'heading2' | 'heading3' | 'heading4' | 'heading5' | 'heading6' | 'quote'
  | 'bullets' | 'numbers' | 'indent' | 'outdent' | 'moveUp' | 'moveDown'
  | 'alignStart' | 'alignCenter' | 'alignEnd' | 'alignJustify' | 'dirAuto' | 'ltr' | 'rtl'
  | 'find' | 'outline' | 'help'

/** The keys of an action in ProseMirror's spelling, the first one shown in help and tips. */
export const keysOf: Partial<Record<Action, readonly string[]>> = {
  undo: ['Mod-z'],
  redo: ['Mod-Shift-z', 'Mod-y'],
  bold: ['Mod-b'],
  italic: ['Mod-i'],
  underline: ['Mod-u'],
  strike: ['Mod-Shift-x'],
  superscript: ['Mod-.'],
  subscript: ['Mod-,'],
  clear: ['Mod-\\'],
  link: ['Mod-k'],
  footnote: ['Mod-Alt-f'],
  bracket: ['Mod-Alt-b'],
  paragraph: ['Mod-Alt-0'],
  heading1: ['Mod-Alt-1'],
  heading2: ['Mod-Alt-2'],
  heading3: ['Mod-Alt-3'],
  heading4: ['Mod-Alt-4'],
  heading5: ['Mod-Alt-5'],
  heading6: ['Mod-Alt-6'],
  quote: ['Mod-Shift-9'],
  numbers: ['Mod-Shift-7'],
  bullets: ['Mod-Shift-8'],
  indent: ['Mod-]'],
  outdent: ['Mod-['],
  moveUp: ['Alt-ArrowUp'],
  moveDown: ['Alt-ArrowDown'],
  alignStart: ['Mod-Shift-l'],
  alignCenter: ['Mod-Shift-e'],
  alignEnd: ['Mod-Shift-r'],
  alignJustify: ['Mod-Shift-j'],
  find: ['Mod-f', 'Mod-h'],
  outline: ['Mod-Alt-o'],
  help: ['Mod-/'],
}

/** Actions of the view that also work while only reading. */
export const readingActions: ReadonlySet<Action> = new Set<Action>(['find', 'outline', 'help'])

/** With what a tool was used: whoever came with the keyboard stays among the tools. */
export type Hand = 'keyboard' | 'pointer'

/** A tool was used. */
export class ToolEvent extends Event {
  readonly action: Action
  readonly hand: Hand
  constructor(action: Action, hand: Hand) {
    super('tool')
    this.action = action
    this.hand = hand
  }
}

/** The language of the chosen paragraphs was set; `null` takes it back. */
export class LanguageEvent extends Event {
  readonly language: string | null
  readonly hand: Hand
  constructor(language: string | null, hand: Hand) {
    super('language')
    this.language = language
    this.hand = hand
  }
}
