import type { Table } from '@plenary/editor/languages'
import { es as controls } from '@plenary/editor/messages/es'
import type { Words } from '../dictionary.ts'
import { es as notices } from '../messages/es.ts'

export const words: Table<Words> = plural => ({ controls: controls(plural), notices })
