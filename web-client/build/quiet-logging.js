// In place of lib0/logging, with which yjs warns: plain words on the console, without the colours, the elements and the
// schemas that it brings along.

export const print = (...words) => console.log(...words.filter(word => typeof word !== 'symbol'))
export const warn = (...words) => console.warn(...words)
export const ORANGE = Symbol()
export const BOLD = Symbol()
export const UNBOLD = Symbol()
export const RED = Symbol()
