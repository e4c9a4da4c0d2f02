// Schemathesis asks a real server everything its description says, and much that it does not, and holds each answer
// against the description. Once as nobody, once as a drafter who is in a group; as others when asked to.
// `just schemathesis`.
//
//   PLENARY_BIN=... node run.mjs SCHEMATHESIS [--examples 300] [--as ACTOR] [--seed N] [-- more for schemathesis]

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Demo } from '../browser/support/demo.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    examples: { type: 'string', default: '300' },
    as: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const [schemathesis, ...more] = positionals

// What is asked for: no 5xx, and no status, type, header or body but as described. Refusals of wrong requests and the
// need for a credential are held to the table of who may what (tests/e2e/table), whose words are sharper than these.
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
]

/** Who asks, by their first name; nobody is `null`. The administrator is in no group. */
const ACTORS = { anonymous: null, drafter: 'safiya', coordinator: 'ilse', administrator: 'root' }

// What ends the drafter's own token is asked last, by itself, so that they are not nobody before.
const ENDS_TOKENS = ['/api/v1/me/password', '/api/v1/tokens/{token}']

const folder = mkdtempSync(join(tmpdir(), 'plenary-schemathesis-'))
let demo, asking
// Ended from outside it leaves nothing behind.
process.on('exit', () => {
  asking?.kill()
  for (const left of [folder, demo?.folder].filter(Boolean)) rmSync(left, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

try {
  let failed = false
  for (const who of values.as ? [values.as] : ['anonymous', 'drafter']) {
    if (!(who in ACTORS)) throw new Error(`--as is one of ${Object.keys(ACTORS).join(', ')}`)
    // A server each, so that one finds nothing that the other left.
    demo = await Demo.start({ env: { PLENARY_LOG: 'warn' } })
    if (who === 'administrator') await demo.command('init', '--email', 'root@demo.example', '--name', 'Root')
    const token = await demo.tokenOf(ACTORS[who] ?? 'safiya')
    const configured = join(folder, `${who}.toml`)
    writeFileSync(configured, await settings(await demo.tokenOf('safiya')))
    const everything = await run(who, token, configured, ...ENDS_TOKENS.flatMap(path => ['--exclude-path', path]))
    if (who !== 'administrator') await staysIn(token)
    const last = await run(who, token, configured, ...ENDS_TOKENS.flatMap(path => ['--include-path', path]))
    failed ||= everything !== 0 || last !== 0
    console.log(await answered(join(demo.folder, 'data', 'plenary.sock')))
    await demo.stop()
    demo = undefined
  }
  process.exitCode = failed ? 1 : 0
} finally {
  await demo?.stop()
}

async function run(who, token, configured, ...which) {
  const command = ['--config-file', configured, 'run', `${demo.address}/api/openapi.json`]
  command.push('--checks', CHECKS.join(','), '--max-examples', values.examples, '--seed', values.seed)
  command.push('--phases', 'examples,coverage,fuzzing,stateful', '--continue-on-failure', '--suppress-health-check', 'all')
  command.push('--generation-database', 'none', '--warnings', 'off', '--no-color')
  if (ACTORS[who]) command.push('--header', `authorization: Bearer ${token}`)
  console.log(`\nAs ${who}: ${which.join(' ')}`)
  asking = spawn(schemathesis, [...command, ...which, ...more], { stdio: 'inherit', cwd: folder })
  return new Promise((resolve, reject) => asking.once('exit', resolve).once('error', reject))
}

/** Things that there are, for the ids in paths: at random one would never meet any. */
async function settings(token) {
  const ask = async path => {
    const answer = await fetch(`${demo.address}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } })
    return answer.json()
  }
  const { user, statements: [{ id: statement, documents }] } = await ask('me')
  const { groups: [{ id: group }] } = await ask('groups')
  const { members } = await ask(`groups/${group}/members`)
  // Not their own id: who leaves the group sees nothing of it afterwards.
  const other = members.map(({ user: id }) => id.id ?? id).find(id => id !== user.id)
  const ids = { group, statement, document: documents.body, user: other }
  const lines = Object.entries(ids).map(([name, id]) => `"path.${name}" = "${id}"`)
  return `[parameters]\n${lines.join('\n')}\n`
}

/** A drafter who lost their token or their place on the way would have been nobody for the rest. */
async function staysIn(token) {
  const answer = await fetch(`${demo.address}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  const { statements } = await answer.json()
  if (!statements?.length) throw new Error(`the drafter is out of it, by what was asked before: ${answer.status}`)
}

/** How often each status was answered, and by how many operations: a run in which all were refused says little. */
async function answered(socketPath) {
  const metrics = await new Promise((resolve, reject) => {
    get({ socketPath, path: '/metrics', headers: { host: 'localhost' } }, async answer => {
      let text = ''
      for await (const piece of answer) text += piece
      resolve(text)
    }).once('error', reject)
  })
  const statuses = new Map()
  for (const [, method, route, status, count] of metrics.matchAll(
    /^plenary_http_requests_total\{method="(.*?)",route="(.*?)",status="(\d+)"\} (\d+)$/gm,
  )) {
    const { operations, answers } = statuses.get(status) ?? { operations: new Set(), answers: 0 }
    statuses.set(status, { operations: operations.add(`${method} ${route}`), answers: answers + Number(count) })
  }
  const lines = [...statuses].sort().map(([status, { operations, answers }]) => `${status}: ${answers} times, ${operations.size} operations`)
  return lines.join('\n')
}
