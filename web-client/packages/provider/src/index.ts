// Keeps a Y.Doc and its awareness in step with a Plenary server. README.md says how to use it. The store on this device is
// `@plenary/provider/store`, for those who need it.

export { systemClock, type Clock } from './clock.ts'
export { CLOSE_CODES, type CloseReason } from './close-codes.ts'
export {
  Connection, type ConnectionOptions, type TokenPurpose, type TokenSource, type TokenTrouble,
} from './connection.ts'
export { pageEnvironment, type Environment, type EnvironmentEvent } from './environment.ts'
export type { RefusalCode } from './messages.ts'
export { PlenaryProvider } from './provider.ts'
export type { Access, Denial, Merge, ProviderEvents, ProviderOptions, Refusal, Status } from './provider-options.ts'
export { saveState, type SaveFacts, type SaveState } from './save-state.ts'
export type { DocumentStore, Draft, StoredDocument, UpdateSource } from './store/document-store.ts'
export { memoryStore } from './store/memory-store.ts'
export { StoreError, type StoreErrorCode } from './store/store-error.ts'
