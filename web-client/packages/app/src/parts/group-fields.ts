// What is known about a group, to be filled in.

import { html, type TemplateResult } from 'lit'
import type { GroupDetails, GroupFacts, GroupKind } from '../api/groups.ts'
import type { Place } from '../pages.ts'
import { field, choice } from './field.ts'
import { partsOf, statesIn } from './local.ts'

/** The fields; `group`: what is in them to begin with. */
export function groupFields({ messages, language }: Place, group: GroupDetails | null): TemplateResult {
  const words = messages.groups
  const kinds = Object.entries(words.kinds)
  const states = statesIn(language, group?.state ? [group.state] : [])
  return html`
    ${field({ name: 'name', label: words.name, value: group?.name ?? '', lengthMax: 300, hasFocus: true })}
    ${choice('kind', words.kind, kinds, group?.kind)}
    ${choice('state', words.state, [['', words.noState], ...states], group?.state ?? '')}
    ${field({
      name: 'session',
      label: words.session,
      value: group?.session ?? '',
      hint: words.sessionHint,
      isRequired: false,
      lengthMax: 40,
    })}
    ${field({
      name: 'themes',
      label: words.themes,
      value: group?.themes.join(', ') ?? '',
      hint: words.themesHint,
      isRequired: false,
    })}
  `
}

/** What was filled in. */
export function groupFactsOf(data: FormData): GroupFacts {
  const text = (name: string) => String(data.get(name) ?? '').trim()
  return {
    name: text('name'),
    kind: text('kind') as GroupKind,
    state: text('state') || null,
    session: text('session') || null,
    themes: partsOf(text('themes')),
  }
}
