// What counts as a word: docs/words.md. By fixed tables of characters, so that every browser and the server
// (crates/plenary-text/src/words.rs) count the same; tests/fixtures/words.json holds them to it.

// Each character in these ranges parts words.
const BREAKS =
  '0009-000D 0020 0085 00A0 1361 1680 2000-200A 2013-2015 2028-2029 202F 205F 3000-3004 3008-3020 302A-3037 ' +
  '303D-303F 30A0 30FB FE10-FE1F FE30-FE6F FF01-FF0F FF1A-FF20 FF3B-FF40 FF5B-FF65'

// Each of these is a word by itself: ideographs and kana.
const WORDS =
  '2E80-2FDF 3005-3007 3021-3029 3038-303C 3041-3096 309D-309F 30A1-30FA 30FC-30FF 3100-312F 31A0-31BF ' +
  '31F0-31FF 3400-4DBF 4E00-9FFF F900-FAFF FF66-FF9F 1AFF0-1B16F 20000-3FFFF'

// These neither part words nor make one: punctuation, symbols, what is not seen. All others make words.
const SILENT =
  '0000-0008 000E-001F 0021-002F 003A-0040 005B-0060 007B-0084 0086-009F 00A1-00A9 00AB-00B1 00B4 00B6-00B8 ' +
  '00BB 00BF 00D7 00F7 037E 0387 055A-055F 0589-058A 05BE 05C0 05C3 05C6 05F3-05F4 0606-060F 061B-061F ' +
  '066A-066D 06D4 0964-0965 0E4F 0E5A-0E5B 104A-104F 1362-1368 17D4-17D6 17D8-17DA 200B-2012 2016-2027 ' +
  '202A-202E 2030-205E 2060-206F 20A0-20CF 2190-245F 2500-2775 2794-2BFF 2E00-2E7F 3099-309C D800-F8FF ' +
  'FE00-FE0F FEFF FFE0-FFFF 1F000-1FAFF E0000-10FFFF'

/** What a character does to the count: makes a word, is silent, is a word by itself, or parts words. */
export type CharacterClass = 'letter' | 'silent' | 'each' | 'break'

const CLASSES: readonly CharacterClass[] = ['letter', 'silent', 'each', 'break']
const [LETTER, SILENT_CLASS, EACH, BREAK] = [0, 1, 2, 3]

// One byte for each character of the first plane; the few ranges above it are looked through.
const plane = new Uint8Array(0x10000)
const above: { first: number; last: number; of: number }[] = []
for (const [ranges, of] of [[BREAKS, BREAK], [WORDS, EACH], [SILENT, SILENT_CLASS]] as const) {
  for (const range of ranges.split(' ')) {
    const [first = 0, last = first] = range.split('-').map(hex => parseInt(hex, 16))
    if (first < 0x10000) plane.fill(of, first, last + 1)
    else above.push({ first, last, of })
  }
}

function classOf(code: number): number {
  if (code < 0x10000) return plane[code] as number
  return above.find(range => code >= range.first && code <= range.last)?.of ?? LETTER
}

/** The class of the character with this code point. */
export function characterClass(code: number): CharacterClass {
  return CLASSES[classOf(code)] as CharacterClass
}

const isDigit = (code: number) =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x660 && code <= 0x669) || (code >= 0x6f0 && code <= 0x6f9)

// The spaces that group the digits of a number.
const isGroupSpace = (code: number) => code === 0xa0 || code === 0x202f || code === 0x2009

/** How many words a text has. The text of one block: a word does not go on in the next. */
export function countText(text: string): number {
  let words = 0
  let isInWord = false
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) as number
    const of = classOf(code)
    if (of === LETTER) {
      if (!isInWord) words++
      isInWord = true
    } else if (of === EACH) {
      words++
      isInWord = false
    } else if (of === BREAK) {
      const isInNumber =
        isGroupSpace(code) && isDigit(text.charCodeAt(at - 1)) && isDigit(text.charCodeAt(at + 1))
      if (!isInNumber) isInWord = false
    }
    if (code > 0xffff) at++
  }
  return words
}
