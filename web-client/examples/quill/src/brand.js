// The name of the place, and the bar at the top of each page.

import { element, icon } from './element.js'

export function brand() {
  return element(
    'a',
    { class: 'brand', href: './#' },
    icon('M5 15a7 7 0 0 1 14 0', 'M9 16a3 3 0 0 1 6 0', 'M4 20h16'),
    element('span', {}, 'Plenary'),
  )
}

/** Who is signed in, and the way out. */
export function account({ me, signOut }) {
  return element(
    'div',
    { class: 'account' },
    element('span', { class: 'account-name', dir: 'auto' }, me.user.name),
    element('button', { type: 'button', class: 'plain', onclick: signOut }, 'Sign out'),
  )
}
