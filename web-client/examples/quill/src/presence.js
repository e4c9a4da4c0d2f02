// Who is here.

import { element } from './element.js'

// Each is at least 4.5 : 1 against the white of its initials.
const COLOURS = ['#0b6e5b', '#9a3d12', '#5b4bb7', '#a3195b', '#1f5fa8', '#6b6100', '#7a3a8c', '#b02a37']

function favourite(id) {
  let sum = 0
  for (const char of id) sum = (sum * 31 + char.codePointAt(0)) >>> 0
  return sum % COLOURS.length
}

/** The first letters of the first and the last word, in any script. */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean)
  const first = word => [...new Intl.Segmenter().segment(word)][0]?.segment ?? ''
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words
  return chosen.map(first).join('').toUpperCase() || '?'
}

function avatar({ name, color, isMe }) {
  const circle = element('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(name))
  circle.style.backgroundColor = color
  return element(
    'li',
    { title: name },
    circle,
    element('span', { class: 'presence-name', dir: 'auto' }, name),
    isMe && element('span', { class: 'presence-me' }, '(you)'),
  )
}

/**
 * Says in `awareness` that `user` is here, and returns `{ element }`, a list of all who are. People with several
 * windows are shown once. Everybody keeps a colour of their own as long as there are enough.
 */
export function bePresent(awareness, user) {
  const list = element('ul', { class: 'presence', 'aria-label': 'Who is here' })
  let shown = ''

  const others = () =>
    [...awareness.getStates()].filter(([, state]) => typeof state.user?.name === 'string' && state.user.id !== user.id)

  const chooseColour = () => {
    const mine = awareness.getLocalState()?.user?.color
    // Of two with the same colour the later one, by client id, gives way.
    const taken = new Set(others().filter(([client]) => client < awareness.clientID).map(([, { user }]) => user.color))
    if (mine && !taken.has(mine)) return
    const first = favourite(user.id)
    const free = [...COLOURS.slice(first), ...COLOURS.slice(0, first)].find(colour => !taken.has(colour))
    const color = free ?? COLOURS[first]
    if (color !== mine) awareness.setLocalStateField('user', { id: user.id, name: user.name, color })
  }

  const render = () => {
    // Leaving the page: presence is taken back before the list is gone.
    if (awareness.getLocalState() === null) return
    chooseColour()
    const { color } = awareness.getLocalState().user
    const people = new Map([[user.id, { name: user.name, color, isMe: true }]])
    for (const [, { user: other }] of others()) {
      const id = other.id ?? other.name
      // Presence is what others say of themselves: only our own colours reach the style.
      const color = COLOURS.includes(other.color) ? other.color : COLOURS[favourite(String(id))]
      if (!people.has(id)) people.set(id, { name: other.name, color })
    }
    const next = JSON.stringify([...people])
    if (next === shown) return
    shown = next
    list.replaceChildren(...[...people.values()].map(avatar))
  }
  awareness.on('change', render)
  render()
  return { element: list }
}
