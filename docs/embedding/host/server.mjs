// A host: a site with people of its own, one of whose pages holds a text of a Plenary server. `node server.mjs host.json`

import { createHash, createPrivateKey, randomUUID, sign, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { plenary, origin, issuer, kid, keyFile, document, people, lifeSeconds = 120 } = JSON.parse(readFileSync(process.argv[2]))
const key = createPrivateKey(readFileSync(keyFile))
const pages = Object.fromEntries([['/', 'index.html', 'text/html'], ['/page.js', 'page.js', 'text/javascript']]
  .map(([path, file, type]) => [path, { type: `${type}; charset=utf-8`, body: readFileSync(new URL(file, import.meta.url)) }]))
const policy = `default-src 'none'; script-src 'self' ${plenary}; connect-src 'self' ${plenary} ${plenary.replace('http', 'ws')}`

/** What a site does in its own way: who is signed in here? This one uses what every browser can do (HTTP Basic). */
function signedIn(request) {
  const [, id, password] = /^(.*?):(.*)$/.exec(Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString()) ?? []
  const hash = text => createHash('sha256').update(String(text)).digest()
  return Object.hasOwn(people, id) && timingSafeEqual(hash(password), hash(people[id].password)) ? id : null
}

/** Our word to the Plenary server for one of our people. */
function token(person) {
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const times = { iat: now, nbf: now, exp: now + lifeSeconds }
  const { name, role } = people[person]
  const claims = { iss: issuer, aud: plenary, sub: person, name, role, doc: document, origin, jti: randomUUID(), ...times }
  const unsigned = `${part({ typ: 'plenary-embed+jwt', alg: 'EdDSA', kid })}.${part(claims)}`
  return `${unsigned}.${sign(null, Buffer.from(unsigned), key).toString('base64url')}`
}

createServer((request, response) => {
  const answer = (status, type, body, headers = {}) =>
    response.writeHead(status, { 'content-type': type, 'content-security-policy': policy, ...headers }).end(body)
  const json = value => answer(200, 'application/json', JSON.stringify(value), { 'cache-control': 'no-store' })
  const person = signedIn(request)
  if (!person) return answer(401, 'text/plain', 'Who are you?', { 'www-authenticate': 'Basic realm="Intranet"' })
  if (request.url === '/settings') return json({ plenary, document, user: { id: person, name: people[person].name } })
  if (request.url === '/plenary-token' && request.method === 'POST') return json({ token: token(person) })
  const page = pages[request.url]
  return page ? answer(200, page.type, page.body) : answer(404, 'text/plain', 'There is nothing here.')
}).listen(new URL(origin).port, '127.0.0.1', () => console.log(`listening on ${origin}`))
