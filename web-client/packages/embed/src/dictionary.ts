// The words of the element and of the editor in it. English is always there; each other language is one file, beside this
// module, that is fetched when somebody reads it. Such a file imports nothing: a page may have this module under any name.

import { english, type Messages as Controls } from '@plenary/editor'
import { Dictionary } from '@plenary/editor/languages'
import { en, type Messages as Notices } from './messages/en.ts'

/** All that is said around a text, in one language. */
export interface Words {
  controls: Controls
  notices: Notices
}

export const dictionary = new Dictionary<Words>(
  { controls: english, notices: en },
  {
    ar: async () => (await import('./languages/ar.ts')).words,
    es: async () => (await import('./languages/es.ts')).words,
    fr: async () => (await import('./languages/fr.ts')).words,
  },
)
