// In place of lib0/environment, which finds out at length whether it is in Node and what its command line says: our builds are
// for pages, and yjs asks for nothing but whether it is being developed.

export const isBrowser = true
export const getVariable = () => null
