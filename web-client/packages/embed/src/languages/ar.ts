import type { Table } from '@plenary/editor/languages'
import { ar as controls } from '@plenary/editor/messages/ar'
import type { Words } from '../dictionary.ts'
import { ar as notices } from '../messages/ar.ts'

export const words: Table<Words> = plural => ({ controls: controls(plural), notices })
