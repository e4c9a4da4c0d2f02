// A bare connection in either dialect, for what no stock client does on its own.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { frame, meaning } from './codec.mjs'
import { until } from './until.mjs'

export class Raw {
  /** What it heard, each message in the words of `meaning`. */
  heard = []

  /** Opens one and exchanges step 1 and step 2 with the server, like a client that has nothing yet. */
  static async open (t, options) {
    const raw = await Raw.connect(t, options)
    if (raw.address.length) raw.send(2, 0, options.token)
    raw.send(0, 0, Uint8Array.of(0))
    await raw.hears('sync-step-2')
    return raw
  }

  /** Only connects. `query`: in the y-websocket dialect, instead of the token. */
  static async connect (t, { address, document, token, dialect = 'y-websocket', query = `token=${token}` }) {
    const raw = new Raw()
    raw.address = dialect === 'hocuspocus' ? [document] : []
    raw.socket = new WebSocket(`ws://${address}/sync${dialect === 'hocuspocus' ? '' : `/${document}?${query}`}`)
    t.after(() => raw.socket.terminate())
    raw.socket.on('close', (code, reason) => raw.heard.push({ type: 'closed', code, reason: reason.toString() }))
    raw.socket.on('message', (bytes) => {
      const said = meaning(dialect, new Uint8Array(bytes))
      raw.heard.push(said)
      if (said.type === 'sync-step-1') raw.send(0, 1, Uint8Array.of(0, 0))
    })
    await once(raw.socket, 'open')
    return raw
  }

  /** Sends one message, in the Hocuspocus dialect under the document's address. */
  send (...parts) { this.socket.send(frame(...this.address, ...parts)) }

  all (type) { return this.heard.filter((said) => said.type === type) }

  /** Waits for the `count`th message of a type and resolves to it. */
  hears (type, count = 1) {
    return until(() => `${count} ${type} in ${JSON.stringify(this.heard)}`, () => this.all(type)[count - 1])
  }
}
