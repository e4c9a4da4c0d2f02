// Who is here.

import { element } from './element.js'

// Each is at least 4.5 : 1 against the white of its initials.
const COLOURS = ['#0b6e5b', '#9a3d12', '#5b4bb7', '#a3195b', '#1f5fa8', '#6b6100', '#7a3a8c', '#b02a37']

/** Always the same colour for the same person. */
export function colourOf(id) {
  let sum = 0
  for (const char of id) sum = (sum * 31 + char.codePointAt(0)) >>> 0
  return COLOURS[sum % COLOURS.length]
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

/** A list that follows `awareness`. People with several windows are shown once. */
export function presenceList(awareness, user) {
  const list = element('ul', { class: 'presence', 'aria-label': 'Who is here' })
  let shown = ''
  const render = () => {
    const people = new Map([[user.id, { name: user.name, color: colourOf(user.id), isMe: true }]])
    for (const { user: other } of awareness.getStates().values()) {
      if (typeof other?.name !== 'string' || people.has(other.id)) continue
      people.set(other.id ?? other.name, { name: other.name, color: colourOf(String(other.id ?? other.name)) })
    }
    const next = JSON.stringify([...people])
    if (next === shown) return
    shown = next
    list.replaceChildren(...[...people.values()].map(avatar))
  }
  awareness.on('change', render)
  render()
  return list
}
