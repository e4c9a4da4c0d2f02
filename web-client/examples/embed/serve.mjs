// The host: a site of its own that holds a text of a Plenary server, with a strict content security policy.
//
//   PLENARY_TOKEN=... node serve.mjs --document ID [--server http://127.0.0.1:4600] [--listen 127.0.0.1:8080]
//
// It is 100 lines short of a real one: whoever opens the page gets the token. A real host looks who is signed in.

import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:4600' },
    listen: { type: 'string', default: '127.0.0.1:8080' },
    document: { type: 'string' },
  },
})
const { server, document } = values
const token = process.env.PLENARY_TOKEN
if (!document || !token) throw new Error('say --document ID and set PLENARY_TOKEN')

// Scripts from here and from the Plenary server, no inline script or style; the socket needs its own entry.
const POLICY = [
  "default-src 'none'",
  `script-src 'self' ${server}`,
  "style-src 'self'",
  `connect-src 'self' ${server} ${server.replace('http', 'ws')}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/host.js': ['host.js', 'text/javascript; charset=utf-8'],
  '/host.css': ['host.css', 'text/css; charset=utf-8'],
}

const host = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://host')
  const send = (type, body) => response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body)
  const [file, type] = FILES[pathname] ?? []
  if (file) return send(type, await readFile(new URL(file, import.meta.url)))
  if (pathname === '/settings') return send('application/json', JSON.stringify({ server, document }))
  if (pathname === '/token' && request.method === 'POST') return send('application/json', JSON.stringify({ token }))
  response.writeHead(404).end()
})
const [name, port] = values.listen.split(':')
host.listen(Number(port), name, () => console.log(`listening on http://${name}:${host.address().port}`))
