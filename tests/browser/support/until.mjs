// Waiting for conditions. Nothing here or in the tests waits for a time that merely ought to be enough.

/** Resolves once `condition()` is truthy, or resolves to something truthy, with that; fails after the deadline. */
export async function until(what, condition, deadlineMs = 30_000) {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
