import { wordsOf } from './languages.ts'
import { en } from './messages/en.ts'

/** The words of the controls that are always there. */
export const english = wordsOf('en', en)
