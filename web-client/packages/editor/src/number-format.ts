import { languageOf } from './languages.ts'

// How the languages of the controls write whole numbers: what parts the thousands, and from how many digits on. Making an
// `Intl.NumberFormat` takes a browser 15 ms, and on a slow machine 100, in which nothing that is typed is shown.
const GROUPS: Readonly<Record<string, readonly [separator: string, digitsMin: number]>> = {
  ar: [',', 4],
  en: [',', 4],
  es: ['.', 5],
  fr: ['\u202f', 4],
}

/** Writes whole numbers from 0 on as a language does. */
export function numberFormat(tag: string): (count: number) => string {
  // With its region a language may write them in another way.
  const [separator, digitsMin] = (tag === languageOf(tag)?.tag ? GROUPS[tag] : undefined) ?? []
  if (separator === undefined || digitsMin === undefined) {
    const format = new Intl.NumberFormat(tag)
    return count => format.format(count)
  }
  return count => {
    const digits = String(count)
    return digits.length < digitsMin ? digits : digits.replaceAll(/\B(?=(\d{3})+$)/g, separator)
  }
}
