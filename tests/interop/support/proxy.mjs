// A bad line: a TCP proxy that delays, narrows, stalls and cuts. Its own address stays while the server behind it
// changes.
import net from 'node:net'

// What a packet on a real line carries: a cut falls between two of them, not between two messages.
const PACKET_BYTES = 1400
// A narrow line holds no more than this before the sender is made to wait, as the buffers of a modem do.
const WAITING_BYTES_MAX = 32 * 1024

/** One way of a line: what goes in comes out in order, after the delay, and no faster than the line is wide. */
class Way {
  passedBytes = 0
  #proxy
  #waiting = []
  #waitingBytes = 0
  #freeAt = 0
  #timer
  #paused = new Set()

  constructor (proxy) { this.#proxy = proxy }

  carry (from, bytes, write) {
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      const packet = bytes.subarray(at, at + PACKET_BYTES)
      this.#add(packet.length, () => write(packet))
    }
    if (this.#proxy.bytesPerSecond > 0 && this.#waitingBytes > WAITING_BYTES_MAX) {
      from.pause()
      this.#paused.add(from)
    }
  }

  /** After all that went in before. */
  then (action) { this.#add(0, action) }

  run () {
    clearTimeout(this.#timer)
    while (!this.#proxy.stalled && this.#waiting.length > 0 && this.#waiting[0].at <= performance.now()) {
      const { size, pass } = this.#waiting.shift()
      this.#waitingBytes -= size
      this.passedBytes += size
      pass()
    }
    if (this.#waitingBytes <= WAITING_BYTES_MAX) this.#resumeSenders()
    if (this.#proxy.stalled || this.#waiting.length === 0) return
    this.#timer = setTimeout(() => this.run(), Math.max(0, this.#waiting[0].at - performance.now()))
  }

  /** What is under way is lost. */
  clear () {
    clearTimeout(this.#timer)
    this.#waiting = []
    this.#waitingBytes = 0
    this.#freeAt = 0
    this.#resumeSenders()
  }

  #add (size, pass) {
    const { bytesPerSecond, delayMs } = this.#proxy
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + (bytesPerSecond > 0 ? 1000 * size / bytesPerSecond : 0)
    this.#waiting.push({ at: this.#freeAt + delayMs, size, pass })
    this.#waitingBytes += size
    if (this.#waiting.length === 1 && !this.#proxy.stalled) {
      this.#timer = setTimeout(() => this.run(), this.#waiting[0].at - performance.now())
    }
  }

  #resumeSenders () {
    for (const from of this.#paused) from.resume()
    this.#paused.clear()
  }
}

export class Proxy {
  /** Each way, shared by all lines. */
  delayMs = 0
  bytesPerSecond = 0
  lines = new Set()
  stalled = false
  refusing = false
  up = new Way(this)
  down = new Way(this)

  static async to (server, { delayMs = 0, bytesPerSecond = 0 } = {}) {
    const proxy = new Proxy()
    proxy.server = server
    proxy.delayMs = delayMs
    proxy.bytesPerSecond = bytesPerSecond
    proxy.listener = net.createServer((near) => proxy.#accept(near))
    await new Promise((resolve) => proxy.listener.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address () { return `127.0.0.1:${this.listener.address().port}` }

  #accept (near) {
    if (this.refusing) return near.destroy()
    const far = net.connect(this.server.port, '127.0.0.1')
    const line = { near, far }
    this.lines.add(line)
    const end = () => {
      near.destroy()
      far.destroy()
      this.lines.delete(line)
    }
    const pipe = (from, to, way) => {
      from.setNoDelay(true)
      from.on('error', end)
      from.on('data', (bytes) => way.carry(from, bytes, (packet) => to.writable && to.write(packet)))
      from.on('end', () => way.then(() => to.end()))
      // The last words of a side that closes are still on their way.
      from.on('close', () => way.then(() => {
        to.destroySoon()
        this.lines.delete(line)
      }))
    }
    pipe(near, far, this.up)
    pipe(far, near, this.down)
  }

  /** Drops every line, and what is under way with it, as when a train enters a tunnel. */
  cut () {
    for (const { near, far } of this.lines) {
      near.destroy()
      far.destroy()
    }
    this.lines.clear()
    this.up.clear()
    this.down.clear()
  }

  /** Keeps lines open but passes nothing on. */
  stall () { this.stalled = true }

  resume () {
    this.stalled = false
    this.up.run()
    this.down.run()
  }

  /** Cuts, and takes no new line. */
  goDark () {
    this.refusing = true
    this.cut()
  }

  comeBack () { this.refusing = false }

  stop () {
    this.cut()
    this.listener.close()
  }
}
