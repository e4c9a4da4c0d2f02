/** Without control characters, and without halves of characters, which no two programs store alike. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0-\x08\x0b\x0e-\x1f\x7f]/g, '').replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
