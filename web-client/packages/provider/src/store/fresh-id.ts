/** A text that was never drawn before. */
export function freshId(): string {
  // Not `randomUUID`, which pages without https do not have.
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join('-')
}
