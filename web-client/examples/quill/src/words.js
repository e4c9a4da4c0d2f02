// What the page says about stages, roles and kinds.

export const STAGES = {
  draft: 'Draft',
  frozen: 'Frozen',
  'sign-on': 'Open for signing',
  closed: 'Closed',
  submitted: 'Submitted',
  'follow-up': 'Follow-up',
}

export const ROLES = {
  coordinator: 'Coordinator',
  drafter: 'Drafter',
  commenter: 'Commenter',
  observer: 'Observer',
}

export const KINDS = {
  'joint-submission': 'Joint submission',
  'oral-statement': 'Oral statement',
  brief: 'Brief',
  strategy: 'Strategy',
  'follow-up-plan': 'Follow-up plan',
  note: 'Note',
}

/** Why this person cannot write here, or `undefined` when they can. */
export function whyReadOnly({ access, stage, group }) {
  if (access === 'write') return undefined
  if (stage !== 'draft') {
    return `This statement is at the stage “${STAGES[stage] ?? stage}”: its text is fixed and nobody can change it now.`
  }
  if (group.role === 'observer') return 'You are an observer here: you can read along while others write.'
  if (group.role === 'commenter') return 'You are a commenter here: you can read along while others write.'
  return 'You can read this text but not change it.'
}

/** Why the server ended the connection for good, by its close code. */
export function whyClosed(code) {
  switch (code) {
    case 4401:
      return 'You are no longer signed in.'
    case 4403:
      return 'You are no longer a member of this group.'
    case 4404:
      return 'This statement is not here, or not for you.'
    case 4413:
      return 'Something you wrote or pasted was too large for the server.'
    case 4422:
      return 'The server refused a change from this page.'
    default:
      return 'The server ended the connection.'
  }
}
