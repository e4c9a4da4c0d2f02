// A bare y-websocket connection, for what no stock client does on its own.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { frame, meaning } from './codec.mjs'
import { until } from './until.mjs'

export class Raw {
  /** What it heard, each message in the words of `meaning`. */
  heard = []

  /** Opens one and exchanges step 1 and step 2 with the server as someone who has nothing. */
  static async open (t, { address, document, token }) {
    const raw = new Raw()
    raw.socket = new WebSocket(`ws://${address}/sync/${document}?token=${token}`)
    t.after(() => raw.socket.terminate())
    raw.socket.on('message', (bytes) => raw.heard.push(meaning('y-websocket', new Uint8Array(bytes))))
    await once(raw.socket, 'open')
    raw.send(0, 0, Uint8Array.of(0))
    await raw.hears('sync-step-1')
    raw.send(0, 1, Uint8Array.of(0, 0))
    await raw.hears('sync-step-2')
    return raw
  }

  get isOpen () { return this.socket.readyState === WebSocket.OPEN }

  send (...parts) { this.socket.send(frame(...parts)) }

  count (type) { return this.heard.filter((said) => said.type === type).length }

  hears (type, count = 1) {
    return until(() => `${count} ${type} in ${JSON.stringify(this.heard)}`, () => this.count(type) >= count)
  }
}
