// The statements that one may open, by group.

import { account, brand } from './brand.js'
import { element } from './element.js'
import { KINDS, ROLES, STAGES } from './words.js'

function card(statement) {
  const { id, title, kind, stage, access } = statement
  return element(
    'li',
    {},
    element(
      'a',
      { href: `./#statement=${encodeURIComponent(id)}` },
      element('strong', { dir: 'auto' }, title),
      element(
        'span',
        { class: 'facts' },
        element('span', { class: 'stage', 'data-stage': stage }, STAGES[stage] ?? stage),
        element('span', {}, KINDS[kind] ?? kind),
        element('span', {}, access === 'write' ? 'You can write' : 'You can read'),
      ),
    ),
  )
}

export function statementsPage({ me, isMissing, signOut }) {
  const groups = Map.groupBy
    ? Map.groupBy(me.statements, statement => statement.group.id)
    : me.statements.reduce(
        (groups, statement) =>
          groups.set(statement.group.id, [...(groups.get(statement.group.id) ?? []), statement]),
        new Map(),
      )
  const sections = [...groups.values()].map(statements =>
    element(
      'section',
      {},
      element('h2', { dir: 'auto' }, statements[0].group.name),
      element('p', { class: 'muted' }, `You are ${article(statements[0].group.role)} here.`),
      element('ul', { class: 'statements' }, ...statements.map(card)),
    ),
  )
  return {
    title: 'Statements',
    element: element(
      'div',
      { class: 'page' },
      element('header', { class: 'bar' }, brand(), account({ me, signOut })),
      element(
        'main',
        { class: 'list' },
        element('h1', {}, 'Statements'),
        isMissing && element('p', { class: 'note' }, 'The statement of this address is not here, or not for you.'),
        sections.length === 0 && element('p', {}, 'No group has a statement for you yet. A coordinator can add you.'),
        ...sections,
      ),
    ),
  }
}

function article(role) {
  const name = (ROLES[role] ?? role).toLowerCase()
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`
}
