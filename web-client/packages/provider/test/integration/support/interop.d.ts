// tests/interop drives the real server for clients of all kinds; it is JavaScript, run as it is.
declare module '*/tests/interop/support/server.mjs' {
  export const BINARY: string
  export function hasFaults(): boolean
  export class Server {
    /** None while it starts. */
    readonly address: string
    readonly port: number
    start(): Promise<void>
    kill(): Promise<void>
    fault(name: string): () => void
    cli(...args: string[]): Promise<any>
  }
  export class World {
    static open(): Promise<World>
    readonly server: Server
    readonly users: Record<string, { id: string, email: string, token: string }>
    readonly group: string
    newStatement(): Promise<{ id: string, documents: { body: string, comments: string } }>
    newDocument(): Promise<string>
    token(name: string): string
    setRole(name: string, role: string): Promise<unknown>
    remove(name: string): Promise<unknown>
    setStage(statement: string, to: string): Promise<unknown>
    state(document: string): Promise<Uint8Array>
    stop(): Promise<unknown>
  }
}
declare module '*/tests/interop/support/proxy.mjs' {
  export class Proxy {
    static to(server: { readonly port: number }, options?: { delayMs?: number, bytesPerSecond?: number }): Promise<Proxy>
    readonly address: string
    readonly lines: Set<unknown>
    cut(): void
    stall(): void
    resume(): void
    goDark(): void
    comeBack(): void
    stop(): void
  }
}
declare module '*/tests/interop/support/until.mjs' {
  export function until<T>(what: string | (() => string), condition: () => T | Promise<T>, deadlineMs?: number): Promise<T>
}
