import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { ApiError } from '../api.ts'
import type { Messages } from '../messages/en.ts'
import { timeIn } from '../when.ts'

/** What a person is told of a request that failed, when the page that made it has no words of its own for it. */
export function problemWords(error: unknown, messages: Messages): string {
  if (!(error instanceof ApiError)) throw error
  if (error.status === 0) return messages.unreachable
  if (error.status === 429) {
    return error.retryAfterS === null ? messages.tooManyTries : messages.account.triesEndAt(timeIn(error.retryAfterS))
  }
  const known = messages.refusals[error.code]
  if (known) return known
  // The server's own words say which value, and what would be right.
  if (error.detail !== '' && [403, 409, 422].includes(error.status)) return messages.refused(error.detail)
  if (error.status === 403 || error.status === 404) return messages.notAllowed
  return messages.failed
}

/**
 * One form's way to the server: busy until it has answered, then done or with a problem in words. For `@submit` of a form in
 * a `PageElement`; while it is busy nothing is sent twice.
 */
export class Submission implements ReactiveController {
  /** The server has not answered yet. */
  isBusy = false
  /** Why it did not work, for the person; empty when there is nothing to say. */
  problem = ''
  readonly #host: ReactiveControllerHost
  readonly #words: (error: unknown) => string

  /** `words`: what to say of an error; throws what is nobody's but ours. See `problemWords`. */
  constructor(host: ReactiveControllerHost, words: (error: unknown) => string) {
    this.#host = host
    this.#words = words
    host.addController(this)
  }

  hostConnected(): void {}

  /** Sends: `work` gets what was filled in. Resolves to whether it worked. */
  async run(event: Event, work: (data: FormData) => Promise<void>): Promise<boolean> {
    event.preventDefault()
    if (this.isBusy) return false
    const form = event.currentTarget as HTMLFormElement
    this.#tell(true, '')
    try {
      await work(new FormData(form))
      this.#tell(false, '')
      return true
    } catch (error) {
      this.#tell(false, this.#words(error))
      return false
    }
  }

  /** As before anything was sent. */
  clear(): void {
    this.#tell(false, '')
  }

  #tell(isBusy: boolean, problem: string): void {
    this.isBusy = isBusy
    this.problem = problem
    this.#host.requestUpdate()
  }
}
