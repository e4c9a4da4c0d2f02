// Waiting for conditions. Nothing here or in the tests waits for a time that merely ought to be enough.

/** Resolves once `condition()` is truthy (or resolves to something truthy) with that value; fails after the deadline. */
export const until = async (what, condition, deadlineMs = 20_000) => {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${typeof what === 'function' ? what() : what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
