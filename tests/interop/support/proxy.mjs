// A bad line: a TCP proxy that delays, stalls and cuts. Its own address stays while the server behind it changes.
import net from 'node:net'

export class Proxy {
  delayMs = 0
  lines = new Set()
  stalled = false
  refusing = false

  static async to (server, { delayMs = 0 } = {}) {
    const proxy = new Proxy()
    proxy.server = server
    proxy.delayMs = delayMs
    proxy.listener = net.createServer((near) => proxy.#accept(near))
    await new Promise((resolve) => proxy.listener.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address () { return `127.0.0.1:${this.listener.address().port}` }

  #accept (near) {
    if (this.refusing) return near.destroy()
    const far = net.connect(this.server.port, '127.0.0.1')
    const line = { near, far, held: [] }
    this.lines.add(line)
    const end = () => {
      near.destroy()
      far.destroy()
      this.lines.delete(line)
    }
    const pipe = (from, to) => {
      from.setNoDelay(true)
      from.on('error', end)
      from.on('close', end)
      // Timers of one length fire in the order they were set, so the bytes stay in order.
      const pass = (deliver) => setTimeout(() => this.stalled ? line.held.push(deliver) : deliver(), this.delayMs)
      from.on('data', (bytes) => pass(() => to.writable && to.write(bytes)))
      from.on('end', () => pass(() => to.end()))
    }
    pipe(near, far)
    pipe(far, near)
  }

  /** Drops every line, as when a train enters a tunnel. */
  cut () {
    for (const { near, far } of this.lines) {
      near.destroy()
      far.destroy()
    }
  }

  /** Keeps lines open but passes nothing on. */
  stall () { this.stalled = true }

  resume () {
    this.stalled = false
    for (const { held } of this.lines) for (const deliver of held.splice(0)) deliver()
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
