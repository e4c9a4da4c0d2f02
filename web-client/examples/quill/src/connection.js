// How things stand between this page and the server, in words that are always true. The y-websocket protocol
// has no acknowledgement, so this page can say that it is connected, never that something is saved.

import { whyClosed } from './words.js'

const WORDS = {
  connecting: 'Connecting…',
  'catching-up': 'Connected, fetching what others wrote…',
  connected: 'Connected',
  reconnecting: 'Reconnecting: your words are kept in this page, leave it open',
  closed: 'Disconnected',
}

/**
 * Watches a y-websocket provider. Calls `changed({ state, text, isFinal })` at once and at every change;
 * `hasUnsent()` tells whether something typed since the line broke has not reached the server.
 */
export function watchConnection(provider, changed) {
  let hasBeenSynced = false
  let unsent = false
  let end

  const tell = () => {
    if (provider.synced) {
      hasBeenSynced = true
      unsent = false
    }
    const state = end
      ? 'closed'
      : provider.synced
        ? 'connected'
        : provider.wsconnected
          ? 'catching-up'
          : hasBeenSynced
            ? 'reconnecting'
            : 'connecting'
    changed({ state, text: end ?? WORDS[state], isFinal: end !== undefined })
  }
  const close = text => {
    end ??= text
    tell()
  }
  const onUpdate = (_update, origin) => {
    if (origin !== provider && !provider.synced) unsent = true
  }

  provider.on('status', tell)
  provider.on('sync', tell)
  provider.on('closed', ({ code }) => close(whyClosed(code)))
  provider.doc.on('update', onUpdate)
  tell()

  return {
    hasUnsent: () => unsent,
    /** Ends the connection for good and says why. */
    end(text) {
      provider.disconnect()
      close(text)
    },
  }
}
