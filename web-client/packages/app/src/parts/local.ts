// What is named differently in each language: States and organisations.

import type { Names } from '../api/groups.ts'

/** A State by its two letters, or these where the language has no name for it. */
export function stateName(code: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'region' }).of(code) ?? code
  } catch {
    return code
  }
}

/** The name in the language of the pages, else the English one, else the first, and the language that it is in. */
export function nameIn(names: Names, language: string): { name: string; language: string } {
  const tags = Object.keys(names)
  const tag = tags.find(it => it === language) ?? tags.find(it => it.split('-')[0] === language) ?? tags.find(it => it === 'en')
  const found = tag ?? tags[0]
  return found === undefined ? { name: '', language } : { name: names[found]!, language: found }
}

/** What was written with commas between, without what is empty. */
export const partsOf = (text: string): string[] => text.split(/[,،;\n]/).map(part => part.trim()).filter(part => part !== '')

// The Member States of the United Nations, and its two observer States.
const CODES =
  'AF AL DZ AD AO AG AR AM AU AT AZ BS BH BD BB BY BE BZ BJ BT BO BA BW BR BN BG BF BI CV KH CM CA CF TD CL CN CO KM CG CD CR ' +
  'CI HR CU CY CZ DK DJ DM DO EC EG SV GQ ER EE SZ ET FJ FI FR GA GM GE DE GH GR GD GT GN GW GY HT HN HU IS IN ID IR IQ IE IL ' +
  'IT JM JP JO KZ KE KI KP KR KW KG LA LV LB LS LR LY LI LT LU MG MW MY MV ML MT MH MR MU MX FM MD MC MN ME MA MZ MM NA NR NP ' +
  'NL NZ NI NE NG MK NO OM PK PW PA PG PY PE PH PL PT QA RO RU RW KN LC VC WS SM ST SA SN RS SC SL SG SK SI SB SO ZA SS ES LK ' +
  'SD SR SE CH SY TJ TZ TH TL TG TO TT TN TR TM TV UG UA AE GB US UY UZ VU VE VN YE ZM ZW VA PS'

const sorted = new Map<string, [string, string][]>()

/** All States by code and name, in the order of their names. `also`: codes that have to be among them. */
export function statesIn(language: string, also: readonly string[] = []): [string, string][] {
  const key = [language, ...also].join(' ')
  const known = sorted.get(key)
  if (known) return known
  const order = new Intl.Collator(language)
  const codes = new Set([...CODES.split(' '), ...also])
  const states = [...codes].map((code): [string, string] => [code, stateName(code, language)])
  sorted.set(key, states.sort(([, a], [, b]) => order.compare(a, b)))
  return states
}
