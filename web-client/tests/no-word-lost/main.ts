// No word lost: authors who work apart, merged in any order through a real server, and every word looked for.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readDelta, readText } from '../../packages/text/src/index.ts'
import { type Author, work } from './author.ts'
import { Device } from './device.ts'
import { Ledger } from './ledger.ts'
import { Line } from './line.ts'
import { LinearAuthor } from './linear-author.ts'
import { NestedAuthor } from './nested-author.ts'
import { Random } from './random.ts'

/** A server with a group, as `tests/interop/support/server.mjs` sets one up. */
export interface World {
  readonly server: { readonly address: string }
  newDocument(): Promise<string>
  setRole(name: string, role: string): Promise<unknown>
  state(document: string): Promise<Uint8Array>
  token(name: string): string
  stop(): Promise<unknown>
}

const NAMES = ['ana', 'ben', 'olu'] as const
const ROUNDS_A_DOCUMENT = 20
const ACTIONS_A_ROUND = 6
const DOCUMENTS_AT_ONCE = 6
// In one round of so many, one of the three stays away and goes on writing what the others have not seen.
const AWAY = 6
// In one document of so many, authors keep the text on their device; in one round of so many each of them closes the page with
// what they wrote in it, and opens it again without a line.
const KEPT = 10
const REOPENS = 3

const BINDINGS = {
  linear: (name: string, check: boolean, pages = 0): Author => new LinearAuthor(name, check, 0, pages),
  'y-prosemirror': (name: string): Author => new NestedAuthor(name),
}
type Binding = keyof typeof BINDINGS

interface Result {
  binding: Binding
  rounds: number
  documents: number
  /** Pages that were closed and opened again. */
  reopened: number
  actions: number
  words: number
  lost: string[]
  parted: number
  diverged: string[]
  /** Documents that `plenary-text` reads, and those that it reads differently. */
  read: number
  misread: string[]
  seconds: number
}

/** One document from its first word to its last. Its course depends on its seed alone. */
async function writeDocument(
  world: World,
  binding: Binding,
  seed: number,
  rounds: number,
  result: Result,
  options: { check: boolean; isKept: boolean; keep?: (document: string, author: LinearAuthor) => Promise<void> },
): Promise<void> {
  const random = new Random(seed)
  const ledger = new Ledger()
  const document = await world.newDocument()
  const authors = NAMES.map(name => BINDINGS[binding](name, options.check))
  // Client ids decide who comes first where two write in one place, so they belong to the seed too.
  for (const author of authors) author.doc.clientID = 1000 + random.below(2 ** 31)
  const server = `http://${world.server.address}`
  const devices = new Map(NAMES.map(name => [name as string, new Device(`${document} ${name}`)]))
  const lineOf = (author: Author): Line => {
    const store = options.isKept ? (devices.get(author.name) as Device).open(document) : null
    return new Line(server, document, world.token(author.name), author.doc, store)
  }
  const lines = new Map(authors.map(author => [author, lineOf(author)]))
  const reopen = async (at: number): Promise<void> => {
    const author = authors[at] as Author
    const line = lines.get(author) as Line
    await line.kept()
    const before = author.text()
    lines.delete(author)
    line.destroy()
    author.destroy()
    const again = BINDINGS[binding](author.name, options.check, ++result.reopened)
    again.doc.clientID = 1000 + random.below(2 ** 31)
    authors[at] = again
    lines.set(again, lineOf(again))
    await lines.get(again)?.loaded
    if (again.text() !== before) result.lost.push(`seed ${seed}: the page of ${author.name} opens with another text`)
  }
  // One comes after the other, and each time all that are there settle: what one sees when depends on the seed alone.
  const meet = async (present: readonly Author[]): Promise<void> => {
    const there: Line[] = []
    for (const author of present) {
      const line = lines.get(author) as Line
      line.come()
      there.push(line)
      await Line.settle(there)
    }
    for (const line of there) line.leave()
  }

  // All begin with what the server made.
  for (const author of authors) await meet([author])
  authors[0]?.writeUnknown()
  for (let round = 0; round < rounds; round++) {
    const isLast = round === rounds - 1
    const away = !isLast && random.below(AWAY) === 0 ? random.pick(NAMES) : undefined
    for (const author of authors) result.actions += work(author, ledger, random, ACTIONS_A_ROUND).length
    if (options.isKept) {
      for (const at of authors.keys()) if (random.below(REOPENS) === 0) await reopen(at)
    }
    const present = random.shuffled(authors).filter(author => author.name !== away)
    await meet(present)
    result.rounds++
    const [first] = present as [Author]
    const where = `seed ${seed}, round ${round}`
    if (present.some(author => author.json() !== first.json() || author.text() !== first.text())) {
      result.diverged.push(where)
    }
    if (away) continue
    const { lost, parted } = ledger.account(first.text())
    result.lost.push(...lost.map(word => `${where}: ${word}`))
    result.parted += parted.length
    ledger.forget([...lost, ...parted])
    if (!first.hasUnknown()) result.lost.push(`${where}: a locked box`)
    result.words += isLast ? ledger.typed : 0
  }
  if (authors[0] instanceof LinearAuthor) await options.keep?.(document, authors[0])
  for (const line of lines.values()) line.destroy()
  for (const author of authors) author.destroy()
}

interface PrintedBlock {
  attributes: Record<string, unknown>
  runs: { insert: unknown; attributes: Record<string, unknown> }[]
}

const deltaOf = (blocks: readonly PrintedBlock[]) =>
  blocks.flatMap(({ attributes, runs }) => [...runs, { insert: '\n', attributes }])

/** A delta with one op for each run of equal attributes and each line break, to compare. */
function canonical(delta: readonly { insert: unknown; attributes?: Record<string, unknown> }[]): string {
  const ops: [unknown, string][] = []
  for (const { insert, attributes } of delta) {
    const key = JSON.stringify(Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const part of typeof insert === 'string' ? insert.split(/(\n)/).filter(text => text !== '') : [insert]) {
      const last = ops.at(-1)
      const isSame = typeof part === 'string' && part !== '\n' && typeof last?.[0] === 'string' && last[0] !== '\n'
      if (last && isSame && last[1] === key) last[0] = `${last[0]}${part}`
      else ops.push([part, key])
    }
  }
  return JSON.stringify(ops)
}

/** What an author sees of a document, to compare with what `plenary-text` reads of the server's state. */
interface Seen {
  doc: string
  raw: string
  notes: Record<string, string>
}

async function run(world: World, binding: Binding, rounds: number, seed: number, reader: string | undefined): Promise<Result> {
  const result: Result = {
    binding, rounds: 0, documents: 0, reopened: 0, actions: 0, words: 0, lost: [], parted: 0, diverged: [], read: 0, misread: [], seconds: 0,
  }
  const start = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'plenary-no-word-lost-'))
  const seen = new Map<string, Seen>()
  let next = 0
  const documents = Math.ceil(rounds / ROUNDS_A_DOCUMENT)
  const worker = async () => {
    while (next < documents) {
      const number = next++
      const count = Math.min(ROUNDS_A_DOCUMENT, rounds - number * ROUNDS_A_DOCUMENT)
      await writeDocument(world, binding, seed * 1_000_000 + number, count, result, {
        // Reading all the text after each key is for a share of them.
        check: number % 10 === 0,
        isKept: binding === 'linear' && number % KEPT === 1,
        keep: async (document, author) => {
          const file = `${String(number).padStart(6, '0')}.bin`
          writeFileSync(join(folder, file), await world.state(document))
          const raw = canonical(author.doc.getText('body').toDelta())
          const notes = Object.fromEntries(
            [...author.notes].map(([id, note]) => [id, JSON.stringify(readText(note))]),
          )
          seen.set(file, { doc: JSON.stringify(author.desk.state.doc), raw, notes })
        },
      })
      result.documents++
      if (result.documents % 50 === 0) console.error(`${binding}: ${result.rounds} rounds`)
    }
  }
  await Promise.all(Array.from({ length: DOCUMENTS_AT_ONCE }, worker))
  if (reader && seen.size > 0) compareReading(reader, folder, seen, result)
  rmSync(folder, { recursive: true, force: true })
  result.seconds = Math.round((performance.now() - start) / 1000)
  return result
}

function compareReading(reader: string, folder: string, seen: Map<string, Seen>, result: Result): void {
  const lines = execFileSync(reader, [folder], { maxBuffer: 2 ** 30 }).toString().trim().split('\n')
  for (const line of lines) {
    const { file, blocks, notes } = JSON.parse(line) as {
      file: string
      blocks: PrintedBlock[]
      notes: Record<string, PrintedBlock[]>
    }
    const mine = seen.get(file)
    result.read++
    // An implied last break is no part of the text and is one of what is read.
    const raw = canonical(deltaOf(blocks))
    const isSame =
      mine?.doc === JSON.stringify(readDelta(deltaOf(blocks))) &&
      (mine.raw === raw || mine.raw === raw.replace(/(,?)\["\\n","\[\]"\]\]$/, ']')) &&
      Object.keys(mine.notes).length === Object.keys(notes).length &&
      Object.entries(notes).every(([id, note]) => mine.notes[id] === JSON.stringify(readDelta(deltaOf(note))))
    if (!isSame) result.misread.push(file)
  }
  if (lines.length !== seen.size) result.misread.push(`${seen.size - lines.length} documents not read`)
}

/** Runs as the command line says; resolves to whether the linear binding kept its promise. */
export async function main(openWorld: () => Promise<World>, reader: string | undefined): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      binding: { type: 'string', multiple: true, default: ['linear', 'y-prosemirror'] },
    },
  })
  const bindings = values.binding.map(name => {
    if (!(name in BINDINGS)) throw new Error(`no binding ${name}`)
    return name as Binding
  })
  const world = await openWorld()
  await world.setRole('olu', 'drafter')
  const results: Result[] = []
  for (const binding of bindings) {
    results.push(await run(world, binding, Number(values.rounds), Number(values.seed), reader))
  }
  await world.stop()
  console.table(
    Object.fromEntries(
      results.map(({ binding, lost, diverged, read, misread, ...rest }) => [
        binding,
        {
          rounds: rest.rounds,
          documents: rest.documents,
          actions: rest.actions,
          reopened: rest.reopened,
          words: rest.words,
          lost: lost.length,
          'something in between': rest.parted,
          diverged: diverged.length,
          'read alike in Rust': binding === 'linear' ? `${read - misread.length} of ${rest.documents}` : '',
          seconds: rest.seconds,
        },
      ]),
    ),
  )
  const linear = results.find(({ binding }) => binding === 'linear')
  const nested = results.find(({ binding }) => binding === 'y-prosemirror')
  for (const { lost, diverged, misread } of linear ? [linear] : []) {
    for (const problem of [...lost, ...diverged, ...misread].slice(0, 20)) console.log(problem)
  }
  let isGood = true
  if (linear) {
    const isRead = reader === undefined || linear.read === linear.documents
    isGood = linear.lost.length + linear.diverged.length + linear.misread.length === 0 && isRead
  }
  // A run in which nothing can be lost proves nothing.
  if (nested && nested.rounds >= 100 && nested.lost.length === 0) isGood = false
  return isGood
}

