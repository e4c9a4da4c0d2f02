// Waiting for conditions, for all tests in JavaScript. Nothing in them waits for a time that merely ought to be enough.

/**
 * Resolves once `condition()` is truthy, or resolves to something truthy, with that; fails after the deadline. `what` is being
 * waited for, in words or a function that says it then.
 */
export const until = async (what, condition, deadlineMs = 30_000) => {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${typeof what === 'function' ? what() : what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
