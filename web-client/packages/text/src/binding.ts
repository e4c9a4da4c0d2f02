// The binding of an editor's document to a shared text.
//
// What is typed goes into the shared text step by step; what others write comes as the smallest steps. The shared text
// is the truth: should the two ever differ, the document is read anew and nothing is written. An empty text is shown
// as one empty line; the binding never puts anything into a text that nobody typed.

import type { Node } from 'prosemirror-model'
import {
  type EditorState,
  NodeSelection,
  Plugin,
  PluginKey,
  type Selection,
  TextSelection,
  type Transaction,
} from 'prosemirror-state'
import { ReplaceStep } from 'prosemirror-transform'
import type { EditorView } from 'prosemirror-view'
import * as Y from 'yjs'
import { applyDelta, keepSelection } from './applying.ts'
import { type Delta, isDelete, isInsert, type Op, opLength, sliceDelta, sliceOp } from './delta.ts'
import { eventDelta } from './event-delta.ts'
import { Lag } from './lag.ts'
import { LockedTable } from './locked-table.ts'
import { type LockedChange, lockedChange } from './locked.ts'
import { newNotes } from './new-notes.ts'
import { docPosition, placeOf, textIndex, textLength } from './positions.ts'
import { readText } from './reading.ts'
import { schema } from './schema.ts'
import { Changes } from './text-changes.ts'
import { writeStep } from './writing.ts'

/** What a binding works on. */
export interface BindingOptions {
  /** The shared text: the root `body`, or one of the notes. */
  text: Y.Text
  /** The root `notes`. With it, a footnote that is put into the text gets its note. */
  notes?: Y.Map<Y.Text>
  /** The root `tables`. With it, tables are shown with their cells. */
  tables?: Y.Map<unknown>
  /** Shared by the binding of the body and those of its notes, so that one undo serves all. Made when missing. */
  undoManager?: Y.UndoManager
  /** After each change, throw when the document and the shared text differ. For tests; it reads all the text. */
  check?: boolean
  /** The document and the shared text differed and the document has been read anew. Never expected; worth a log line. */
  onMismatch?: (where: string, cause?: unknown) => void
}

/** What shows the document: an `EditorView`, or in tests anything that keeps a state. */
export interface BindingHost {
  readonly state: EditorState
  readonly composing?: boolean
  dispatch(transaction: Transaction): void
}

/** A transaction that the document has and the shared text does not have yet. */
interface Pending {
  readonly transaction: Transaction
  readonly selection: Selection
}

interface BindingState {
  readonly binding: LinearBinding
  readonly pending: readonly Pending[]
}

/** Marks transactions that come from the shared text. */
interface FromText {
  readonly fromText: true
}

const key = new PluginKey<BindingState>('linear-text')

// Others' changes to the line somebody composes in wait no longer than this.
const HOLD_MS_MAX = 3000
// The editor reads the end of a composition from the page a moment after it is told of it.
const HOLD_AFTER_COMPOSITION_MS = 50
// A document that looks right is compared with its text once nothing has happened for a while.
const QUIET_MS = 2000

/** The binding that a state's document has, or null. */
export function bindingOf(state: EditorState): LinearBinding | null {
  return key.getState(state)?.binding ?? null
}

/** Whether a transaction brings what others wrote, or an undo. */
export function isFromText(transaction: Transaction): boolean {
  return (transaction.getMeta(key) as FromText | undefined)?.fromText === true
}

/** Keeps one document and one shared text the same. Serves one editor at a time, by its `plugin`. */
export class LinearBinding {
  readonly text: Y.Text
  readonly notes: Y.Map<Y.Text> | undefined
  readonly undoManager: Y.UndoManager
  readonly #options: BindingOptions
  readonly #written = new WeakSet<Transaction>()
  #host: BindingHost | null = null
  /** The document as far as it has been written. */
  #doc: Node = schema.node('doc', null, schema.node('block'))
  /** Whether the last line of the document has no line break in the shared text. */
  #isImplied = false
  #lag: Lag | null = null
  /** Another plugin did not let in what waits. */
  #isRefused = false
  #holdTimer: ReturnType<typeof setTimeout> | undefined
  #quietTimer: ReturnType<typeof setTimeout> | undefined
  #changedAt = 0
  #selectionBefore: (() => unknown) | null = null
  /** Whether something was typed while somebody else's transaction of the shared document was open. */
  #isNested = false
  /** What the text said when it was read to be opened, until it says something else. */
  #read: Node | null = null

  constructor(options: BindingOptions) {
    this.#options = options
    this.text = options.text
    this.notes = options.notes
    this.undoManager = options.undoManager ?? new Y.UndoManager(this.text, { trackedOrigins: new Set() })
    if (options.undoManager) this.undoManager.addToScope(this.text)
    this.undoManager.addTrackedOrigin(this)
  }

  /** What the document does not show yet, in the order of indexes. For anchors. */
  get lag(): Lag | null {
    return this.#lag
  }

  /** The plugin for the editor's state. */
  plugin(): Plugin<BindingState> {
    const { tables } = this.#options
    return new Plugin<BindingState>({
      key,
      state: {
        init: () => ({ binding: this, pending: [] }),
        apply: (transaction, value, before) => {
          const pending = value.pending.filter(({ transaction: other }) => !this.#written.has(other))
          if (!transaction.docChanged || isFromText(transaction)) {
            return pending.length === value.pending.length ? value : { binding: this, pending }
          }
          return { binding: this, pending: [...pending, { transaction, selection: before.selection }] }
        },
      },
      filterTransaction: (transaction, state) =>
        !transaction.docChanged || isFromText(transaction) || mayChange(lockedChange(transaction), state.selection),
      appendTransaction: (transactions, _before, state) =>
        transactions.some(({ docChanged }) => docChanged) ? this.#withoutNoteTexts(transactions, state) : null,
      props: {
        handleDOMEvents: {
          compositionend: () => {
            if (this.#lag) setTimeout(this.#afterComposition, HOLD_AFTER_COMPOSITION_MS)
            return false
          },
        },
        ...(tables ? { nodeViews: { table: node => new LockedTable(node, tables) } } : {}),
      },
      view: (view: EditorView) => {
        this.attach(view)
        return { update: () => this.flush(), destroy: () => this.detach() }
      },
    })
  }

  /** What the text says, for the state of an editor that is opened now: it need not be compared with the text again. */
  read(): Node {
    if (!this.#read) this.text.observe(this.#forgetRead)
    return (this.#read = readText(this.text))
  }

  #forgetRead = (): void => {
    this.#read = null
    this.text.unobserve(this.#forgetRead)
  }

  /** Starts to follow the shared text. An editor's view does this by itself. */
  attach(host: BindingHost): void {
    this.#host = host
    this.text.observe(this.#onText)
    this.undoManager.on('stack-item-added', this.#onUndoAdded)
    this.undoManager.on('stack-item-popped', this.#onUndoPopped)
    this.#doc = host.state.doc
    this.#isImplied = isImplied(this.#doc, this.text)
    // What was done to the state before it had a text is no writing of anybody's.
    for (const { transaction } of key.getState(host.state)?.pending ?? []) this.#written.add(transaction)
    const isRead = this.#doc === this.#read
    if (this.#read) this.#forgetRead()
    if (!isRead && !this.#isSame()) this.#readAnew()
  }

  /** Stops following the shared text. What was typed is in it already. */
  detach(): void {
    if (!this.#host) return
    this.#endHold()
    clearTimeout(this.#quietTimer)
    this.#quietTimer = undefined
    this.text.unobserve(this.#onText)
    this.undoManager.off('stack-item-added', this.#onUndoAdded)
    this.undoManager.off('stack-item-popped', this.#onUndoPopped)
    this.#host = null
  }

  /** Writes what has been typed. An editor's view does this after each transaction. */
  flush(): void {
    const state = this.#host?.state
    const pending = state && (key.getState(state)?.pending ?? []).filter(({ transaction }) => !this.#written.has(transaction))
    if (!pending || pending.length === 0) return
    for (const { transaction } of pending) this.#written.add(transaction)
    this.#makeNotes(pending)
    const { selection, transaction } = pending[0] as Pending
    this.#selectionBefore = this.#mayStartUndo() ? this.#relativeSelection(transaction.before, selection) : null
    let cause: unknown
    const changes = new Changes(this.text, this.#lag, textLength(this.#doc), this.#isImplied)
    this.#isNested = this.text.doc?._transaction != null
    try {
      this.text.doc?.transact(() => {
        for (const { transaction } of pending) {
          transaction.steps.forEach((step, i) => {
            const after = transaction.docs[i + 1] ?? transaction.doc
            writeStep(step, transaction.docs[i] as Node, after, changes)
            changes.endStep(after)
          })
        }
      }, this)
    } catch (error) {
      cause = error
    }
    this.#selectionBefore = null
    this.#doc = state.doc
    this.#isImplied = changes.implied
    if (cause !== undefined) this.#mend('writing', cause)
    else if (changes.isInexact) this.#readAnew()
    else this.#verify('writing')
  }

  /** Shows at once what others wrote in the line somebody composes in. */
  release(): void {
    const { delta } = this.#lag ?? { delta: [] }
    this.#endHold()
    this.#apply(delta)
    this.#verify('composition')
  }

  // Some ways of writing begin the next syllable as soon as one ends; then it goes on waiting.
  #afterComposition = (): void => {
    if (this.#lag && !this.#host?.composing) this.release()
  }

  #onText = (event: Y.YTextEvent, transaction: Y.Transaction): void => {
    if (transaction.origin === this || !this.#host) return
    if (this.#isNested) {
      // What was typed and what something else did come as one.
      this.#isNested = false
      this.#readAnew()
    } else {
      this.#receive(eventDelta(event))
    }
    this.#verify('reading')
  }

  #receive(delta: Delta): void {
    const host = this.#host as BindingHost
    const pending = key.getState(host.state)?.pending.some(({ transaction }) => !this.#written.has(transaction))
    if (pending) {
      // Something changed the shared text between a transaction and its flush, which comes next.
      this.#wait(delta)
      this.#holdAtMost(HOLD_MS_MAX)
      setTimeout(this.#afterComposition, 0)
      return
    }
    if (!host.composing && !this.#lag) return this.#apply(delta)
    this.#wait(delta)
    const part = this.#isRefused && !host.composing ? null : this.#besideComposition(host)
    if (!part) return this.release()
    this.#lag = null
    this.#apply(part.free)
    // What was refused comes before what is held.
    if (this.#lag) this.#wait(part.held)
    else if (part.held.some(op => !('retain' in op) || op.attributes)) this.#lag = new Lag(part.held)
    if (this.#lag) this.#holdAtMost(HOLD_MS_MAX)
    else this.#endHold()
  }

  #endHold(): void {
    clearTimeout(this.#holdTimer)
    this.#holdTimer = undefined
    this.#lag = null
    this.#isRefused = false
  }

  #wait(delta: Delta): void {
    if (this.#lag) this.#lag.add(delta)
    else this.#lag = new Lag(delta)
  }

  #holdAtMost(ms: number): void {
    // The first limit holds, however long one goes on composing.
    this.#holdTimer ??= setTimeout(() => this.release(), ms)
  }

  /**
   * Parts what is waiting into what can be shown now and what touches the line that somebody composes in. Null when
   * that line is joined to the one before it: then nothing can wait.
   */
  #besideComposition(host: BindingHost): { free: Op[]; held: Op[] } | null {
    const { doc, selection } = host.state
    const place = placeOf(doc, selection.from)
    const block = doc.maybeChild(place.index)
    if (!block) return null
    const start = place.start - place.index
    const end = start + block.content.size + 1
    const [free, held]: [Op[], Op[]] = [[], []]
    let at = 0
    for (const op of (this.#lag as Lag).delta) {
      if (isInsert(op)) {
        const isHeld = at >= start && at < end
        ;(isHeld ? held : free).push(op)
        if (!isHeld) held.push({ retain: opLength(op) })
        continue
      }
      for (let from = 0; from < opLength(op); ) {
        const limit = at < start ? start : at < end ? end : Infinity
        const piece = sliceOp(op, from, limit - at)
        const length = opLength(piece)
        if (at >= start && at < end) {
          held.push(piece)
          free.push({ retain: length })
        } else {
          if (isDelete(piece) && at + length === start) return null
          free.push(piece)
          if (!isDelete(piece)) held.push({ retain: length })
        }
        at += length
        from += length
      }
    }
    return { free, held }
  }

  /** Brings a change of the shared text into the document. */
  #apply(delta: Delta): void {
    const host = this.#host
    if (!host || delta.length === 0) return
    const { state } = host
    const transaction = state.tr
    const wasImplied = this.#isImplied
    try {
      this.#isImplied = applyDelta(transaction, delta, this.#isImplied)
    } catch (error) {
      this.#mend('reading', error)
      return
    }
    if (!transaction.docChanged || this.#dispatch(transaction, state)) return
    this.#isImplied = wasImplied
    this.#waitRefused(delta)
  }

  // Another plugin does not let it in. It waits like what waits for the end of a composition, so that what is typed meanwhile
  // finds its place; it is offered again with the next change, and after a while.
  #waitRefused(delta: Delta): void {
    this.#wait(delta)
    this.#isRefused = true
    this.#holdAtMost(HOLD_MS_MAX)
  }

  /** False when another plugin of the editor refused it; the document is then as before. */
  #dispatch(transaction: Transaction, state: EditorState): boolean {
    if (state.selection instanceof TextSelection) keepSelection(transaction, state.selection)
    if (state.storedMarks) transaction.setStoredMarks(state.storedMarks)
    transaction.setMeta(key, { fromText: true } satisfies FromText)
    transaction.setMeta('addToHistory', false)
    const before = this.#doc
    this.#doc = transaction.doc
    this.#host?.dispatch(transaction)
    if (this.#host?.state !== state) return true
    this.#doc = before
    return false
  }

  // The lengths at once, all of it when there is time.
  #verify(where: string): void {
    if (this.#lag || this.#isNested || !this.#host) return
    const length = this.text.length + (this.#isImplied ? 1 : 0)
    if (textLength(this.#doc) !== length || this.#doc !== this.#host.state.doc) this.#mend(where)
    else if (this.#options.check && !this.#isSame()) this.#mend(where)
    this.#changedAt = performance.now()
    if (this.#quietTimer === undefined) this.#verifyAfter(QUIET_MS)
  }

  // One timer for many keys: each would cost more to set anew than the time is worth.
  #verifyAfter(ms: number): void {
    this.#quietTimer = setTimeout(() => {
      this.#quietTimer = undefined
      const left = this.#changedAt + QUIET_MS - performance.now()
      if (left > 0) this.#verifyAfter(left)
      else whenIdle(this.#verifyAll)
    }, ms)
    // In Node a process shall not wait for it.
    ;(this.#quietTimer as { unref?: () => void }).unref?.()
  }

  #verifyAll = (): void => {
    if (this.#host && !this.#lag && !this.#isNested && !this.#isSame()) this.#mend('quiet')
  }

  #isSame(): boolean {
    const { state } = this.#host as BindingHost
    return state.doc.eq(readText(this.text)) && isImplied(state.doc, this.text) === this.#isImplied
  }

  #mend(where: string, cause?: unknown): void {
    if (this.#options.check) {
      const [text, doc] = [readText(this.text), this.#host?.state.doc]
      throw new Error(`the document differs from its text after ${where}:\n${doc}\n${text}`, { cause })
    }
    this.#readAnew()
    this.#options.onMismatch?.(where, cause)
  }

  /** Makes the document what the shared text says. */
  #readAnew(): void {
    const host = this.#host
    if (!host) return
    this.#endHold()
    const { state } = host
    const doc = readText(this.text)
    const wasImplied = this.#isImplied
    this.#isImplied = isImplied(doc, this.text)
    this.#doc = state.doc
    const start = state.doc.content.findDiffStart(doc.content)
    if (start === null) return
    const end = state.doc.content.findDiffEnd(doc.content) as { a: number; b: number }
    const overlap = Math.max(0, start - Math.min(end.a, end.b))
    const [from, to] = [end.a + overlap, end.b + overlap]
    if (this.#dispatch(state.tr.step(new ReplaceStep(start, from, doc.slice(start, to))), state)) return
    this.#isImplied = wasImplied
    const at = textIndex(state.doc, start)
    const now = sliceDelta(this.text.toDelta() as Delta, at, textIndex(doc, to))
    this.#waitRefused([{ retain: at }, { delete: textIndex(state.doc, from) - at }, ...now])
  }

  // Notes are made apart from the undo of the text: taking back a footnote must not take what others wrote in its
  // note, which nobody could bring back.
  #makeNotes(pending: readonly Pending[]): void {
    const { notes } = this
    if (!notes) return
    for (const { id, text } of newNotes(pending.map(({ transaction }) => transaction))) {
      if (notes.has(id)) continue
      notes.doc?.transact(() => notes.set(id, new Y.Text(text)), 'note')
    }
  }

  /** Takes the text of new notes out of the document: from now on it is in `notes`. */
  #withoutNoteTexts(transactions: readonly Transaction[], state: EditorState): Transaction | null {
    const ids = new Set([...newNotes(transactions)].map(({ id }) => id))
    if (ids.size === 0) return null
    const transaction = state.tr
    state.doc.descendants((node, position) => {
      if (node.type.name === 'footnote' && node.attrs['text'] !== null && ids.has(node.attrs['id'] as string)) {
        transaction.setNodeAttribute(position, 'text', null)
      }
    })
    return transaction
  }

  #mayStartUndo(): boolean {
    const { undoStack, lastChange, captureTimeout } = this.undoManager
    return undoStack.length === 0 || Date.now() - lastChange >= captureTimeout
  }

  #relativeSelection(doc: Node, selection: Selection): () => unknown {
    const relative = (position: number) => {
      const index = textIndex(doc, position)
      return Y.createRelativePositionFromTypeIndex(this.text, this.#lag?.indexOf(index) ?? index, -1)
    }
    const [anchor, head] = [relative(selection.anchor), relative(selection.head)]
    return () => ({ anchor, head, isNode: selection instanceof NodeSelection })
  }

  #onUndoAdded = ({ stackItem, origin, type }: { stackItem: UndoItem; origin: unknown; type: string }): void => {
    if (origin === this && type === 'undo' && this.#selectionBefore) stackItem.meta.set(this, this.#selectionBefore())
    // What an undo takes back, redo brings again: with the selection as it was then.
    else if (origin === this.undoManager && this.#undoing) stackItem.meta.set(this, this.#undoing)
  }

  #undoing: unknown = null

  /** Takes back the last change of this editor's own, or with `redo` brings it again. */
  undo(direction: 'undo' | 'redo'): boolean {
    const { state } = this.#host ?? {}
    if (!state) return false
    this.#undoing = this.#relativeSelection(this.#doc, state.selection)()
    try {
      return this.undoManager[direction]() !== null
    } finally {
      this.#undoing = null
    }
  }

  #onUndoPopped = ({ stackItem }: { stackItem: UndoItem }): void => {
    const kept = stackItem.meta.get(this) as { anchor: Y.RelativePosition; head: Y.RelativePosition } | undefined
    const host = this.#host
    const ydoc = this.text.doc
    if (!kept || !host || !ydoc || this.#lag) return
    const { state } = host
    const [anchor, head] = [kept.anchor, kept.head].map(relative => {
      const place = Y.createAbsolutePositionFromRelativePosition(relative, ydoc)
      return place?.type === this.text ? docPosition(state.doc, place.index) : undefined
    })
    if (anchor === undefined || head === undefined) return
    const selection = TextSelection.between(state.doc.resolve(anchor), state.doc.resolve(head))
    host.dispatch(state.tr.setSelection(selection).scrollIntoView())
  }

  /** Ends the binding and, when it made it, its undo manager. */
  destroy(): void {
    this.detach()
    if (this.#read) this.#forgetRead()
    this.undoManager.removeTrackedOrigin(this)
    if (!this.#options.undoManager) this.undoManager.destroy()
  }
}

interface UndoItem {
  readonly meta: Map<unknown, unknown>
}

/** Not while somebody types. */
function whenIdle(check: () => void): void {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(check)
  else check()
}

function isImplied(doc: Node, text: Y.Text): boolean {
  return text.length < textLength(doc)
}

/** A box that this editor does not know stays, unless it alone was chosen to go. */
function mayChange(change: LockedChange | null, selection: Selection): boolean {
  if (!change) return true
  if (change.bringsShared) return false
  return change.lost === 0 || (change.lost === 1 && selection instanceof NodeSelection && selection.node.isAtom)
}
