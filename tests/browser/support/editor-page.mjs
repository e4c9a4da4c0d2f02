// The editor's dev page, built as it is shipped and served under the strict content policy that hosts use.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CLIENT = fileURLToPath(new URL('../../../web-client/', import.meta.url))

// No inline script or style, no eval, nothing from elsewhere.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' }

/** Builds the pages of a folder with vite and serves them: `{ origin, folder, stop }`. */
export async function serveBuilt(config) {
  const folder = await mkdtemp(join(tmpdir(), 'plenary-editor-'))
  const vite = join(CLIENT, 'node_modules/vite/bin/vite.js')
  const root = join(CLIENT, config, '..')
  const options = ['build', root, '--config', join(CLIENT, config), '--outDir', folder, '--emptyOutDir', '--logLevel', 'error']
  await promisify(execFile)(process.execPath, [vite, ...options], { cwd: CLIENT })
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://host').pathname)
    const name = path.endsWith('/') ? `${path}index.html` : path
    const body = await readFile(join(folder, name)).catch(() => null)
    response.writeHead(body ? 200 : 404, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    })
    response.end(body ?? '')
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    folder,
    async stop() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
