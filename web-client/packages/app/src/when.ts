// Times as people read them, in the language of the pages.

const format = (options: Intl.DateTimeFormatOptions, at: number) =>
  new Intl.DateTimeFormat(document.documentElement.lang || 'en', options).format(at)

/** A day and a time, of milliseconds since 1970. */
export const dayAndTime = (at: number): string => format({ dateStyle: 'medium', timeStyle: 'short' }, at)

/** A day, of milliseconds since 1970. */
export const day = (at: number): string => format({ dateStyle: 'medium' }, at)

/** What the clock shows so many seconds from now; never sooner. */
export const timeIn = (seconds: number): string => format({ timeStyle: 'medium' }, Date.now() + (seconds + 1) * 1_000)
