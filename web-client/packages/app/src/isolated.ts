/** A name that is put into a sentence, whichever way the two run (UAX #9, FSI and PDI). */
export const isolated = (name: string): string => `\u2068${name}\u2069`
