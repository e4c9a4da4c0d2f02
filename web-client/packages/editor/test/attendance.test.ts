import { expect, test } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { Attendance } from '../src/attendance.ts'
import { type Person, favouriteColour } from '../src/person.ts'

test('who gives way to somebody else with the same colour is shown in the colour that is left', () => {
  const doc = new Y.Doc()
  doc.clientID = 2
  const awareness = new Awareness(doc)
  let shown: readonly Person[] = []
  const attendance = new Attendance(awareness, { id: 'me', name: 'Ilse' }, people => (shown = people))
  const theirs = favouriteColour('me')
  awareness.states.set(1, { user: { id: 'other', name: 'Safiya', color: theirs } })
  awareness.emit('change', [{ added: [1], updated: [], removed: [] }, 'remote'])
  expect(awareness.getLocalState()?.['user'].color).not.toBe(theirs)
  expect(new Set(shown.map(({ colour }) => colour)).size).toBe(2)
  attendance.destroy()
  awareness.destroy()
})
