// The example with another editor, built as its README says, on a server of its own in front of the demo's.

import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const WEB_CLIENT = fileURLToPath(new URL('../../../web-client/', import.meta.url))

/** Builds and serves the example: `{ listen, linkOf(person), stop() }`. */
export async function serveQuill(demo) {
  const vite = await import(pathToFileURL(createRequire(join(WEB_CLIENT, 'package.json')).resolve('vite')))
  const outDir = mkdtempSync(join(tmpdir(), 'plenary-quill-'))
  const root = join(WEB_CLIENT, 'examples/quill')
  const common = { root, configFile: join(root, 'vite.config.js'), logLevel: 'error' }
  await vite.build({ ...common, build: { outDir, emptyOutDir: true } })
  // The name that was asked for goes on to the server: it answers no pages but those it takes for its own.
  const proxy = { '/api': { target: demo.address }, '/sync': { target: demo.address, ws: true } }
  // Port 0 would be taken as none given.
  const server = await vite.preview({ ...common, build: { outDir }, preview: { host: '127.0.0.1', port: 4700, proxy } })
  const { port } = server.httpServer.address()
  const listen = `127.0.0.1:${port}`
  return {
    listen,
    linkOf: person => `http://${listen}/${new URL(demo.people[person]).hash}`,
    async stop() {
      await server.close()
      rmSync(outDir, { recursive: true, force: true })
    },
  }
}
