import type { Awareness } from 'y-protocols/awareness'
import { favouriteColour, peopleIn, personColours } from './person.ts'
import type { AwarenessUser, Person } from './person.ts'

/** Who has a text open: reads it from awareness, and says there who we are, in a colour that nobody else has. */
export class Attendance {
  /** Oneself first. */
  people: readonly Person[] = []
  readonly #awareness: Awareness
  readonly #onPeople: (people: readonly Person[]) => void
  #user: AwarenessUser | null

  /** `onPeople` is called at once when somebody is there, and whenever that changes. */
  constructor(awareness: Awareness, user: AwarenessUser | null, onPeople: (people: readonly Person[]) => void) {
    this.#awareness = awareness
    this.#user = user
    this.#onPeople = onPeople
    awareness.on('change', this.#read)
    this.#say()
    this.#read()
  }

  /** Who we are. */
  set user(user: AwarenessUser | null) {
    this.#user = user
    this.#say()
  }

  destroy(): void {
    this.#awareness.off('change', this.#read)
  }

  readonly #read = (): void => {
    const people = peopleIn(this.#awareness)
    if (JSON.stringify(people) === JSON.stringify(this.people)) return
    this.people = people
    // Of two with the same colour the later one, by client id, gives way.
    this.#say()
    // Saying so may have been heard here already.
    this.#onPeople(this.people)
  }

  #say(): void {
    const awareness = this.#awareness
    const user = this.#user
    const state = awareness.getLocalState()
    if (!state || !user) return
    const key = user.id ?? user.name
    const taken = [...awareness.getStates()]
      .filter(([client, other]) => client < awareness.clientID && (other['user']?.id ?? other['user']?.name) !== key)
      .map(([, other]) => other['user']?.color as unknown)
    const mine = (state['user'] as AwarenessUser | undefined)?.color
    const first = user.color ?? (mine && !taken.includes(mine) ? mine : favouriteColour(key))
    const color = taken.includes(first) && !user.color ? (personColours.find(one => !taken.includes(one)) ?? first) : first
    const said = { ...user, color }
    if (JSON.stringify(said) !== JSON.stringify(state['user'])) awareness.setLocalStateField('user', said)
  }
}
