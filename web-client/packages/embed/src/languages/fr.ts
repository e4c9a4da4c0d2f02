import type { Table } from '@plenary/editor/languages'
import { fr as controls } from '@plenary/editor/messages/fr'
import type { Words } from '../dictionary.ts'
import { fr as notices } from '../messages/fr.ts'

export const words: Table<Words> = plural => ({ controls: controls(plural), notices })
