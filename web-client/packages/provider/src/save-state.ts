// What people are told about their words. One function says it, from facts alone.

/**
 * What a person is told about their words.
 *
 * - `saved`: the server has said that all of them are on its disk
 * - `saving`: on their way
 * - `on-this-device`: kept here, the server does not have all of them yet
 * - `not-kept`: neither on this device nor, as far as is known, at the server: closing the page loses them
 * - `refused`: the server does not take some of them; they are kept as a draft
 * - `replaced`: the document goes on under another name; what was not saved is kept as a draft
 * - `unconfirmed`: sent, but this server does not say whether it has saved them
 */
export type SaveState =
  | 'saved' | 'saving' | 'on-this-device' | 'not-kept' | 'refused' | 'replaced' | 'unconfirmed'

/** What is known of the words in a document. */
export interface SaveFacts {
  /** The server has let us into the document, on a line that lives. */
  isConnected: boolean
  /** Whether the server says when something is on its disk: it has done so, or it gave no welcome in time. */
  confirms: 'unknown' | 'yes' | 'no'
  /** There are changes that no answer to a mark has covered. */
  hasUnacknowledged: boolean
  /** Some of them have not even been given to the socket. */
  hasUnsent: boolean
  /** Whether this device keeps them: not at all, on disk by now, being written, or the writing failed. */
  onDevice: 'no' | 'kept' | 'writing' | 'failed'
  /** The server refused some of them and has not taken them since. */
  isRefused: boolean
  /** The document goes on under another name. */
  isReplaced: boolean
}

/** The state that the facts add up to. Where two things are true, the one a person must know comes first. */
export function saveState(facts: SaveFacts): SaveState {
  if (facts.isReplaced) return 'replaced'
  if (facts.isRefused) return 'refused'
  if (!facts.hasUnacknowledged) {
    switch (facts.confirms) {
      case 'yes': return 'saved'
      case 'no': return 'unconfirmed'
      // Nothing was written yet, and nobody has promised anything.
      case 'unknown': return 'saving'
    }
  }
  if (facts.onDevice === 'failed') return 'not-kept'
  if (facts.isConnected) return facts.confirms === 'no' && !facts.hasUnsent ? 'unconfirmed' : 'saving'
  switch (facts.onDevice) {
    case 'kept': return 'on-this-device'
    case 'writing': return 'saving'
    case 'no': return 'not-kept'
  }
}
