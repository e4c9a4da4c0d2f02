// Whose computer it is: what every way in asks, and what is kept here follows from it (see account.ts).

import type { TemplateResult } from 'lit'
import { device, hasChosen } from '../account.ts'
import type { Messages } from '../messages/en.ts'
import { tick } from './field.ts'

/** Whether somebody said here before that others use this computer as well. */
export const wasShared = (): boolean => hasChosen() && device() === 'shared'

/** The question, with what the answer means. */
export const sharedComputer = (messages: Messages, isShared: boolean, changed: (isShared: boolean) => void): TemplateResult =>
  tick({
    name: 'shared',
    label: messages.shared,
    hint: isShared ? messages.sharedExplained : messages.ownExplained,
    isOn: isShared,
    changed,
  })
