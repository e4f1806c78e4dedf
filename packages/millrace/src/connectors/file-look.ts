import type { Env } from '../core/env.ts'
import { ignore } from './durable.ts'

const EVERY_MS = 250
/** Looking may take a tenth of the time, however many files there are. */
const TIMES_AS_LONG = 10

/** Looks at the files of a followed source again and again, until it is closed or a look fails. */
export class FileLook {
  readonly #env: Env
  readonly #look: () => Promise<void>
  readonly #failed: (error: unknown) => void
  #cancel: () => void = ignore
  #running: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(env: Env, look: () => Promise<void>, failed: (error: unknown) => void) {
    this.#env = env
    this.#look = look
    this.#failed = failed
    this.#schedule(EVERY_MS)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#running
  }

  #schedule(delayMs: number): void {
    if (!this.#isClosed) {
      this.#cancel = this.#env.timers.after(delayMs, () => {
        this.#running = this.#run()
      })
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#env
    const beganMs = clock.monotonic()
    try {
      await this.#look()
      this.#schedule(Math.max(EVERY_MS, TIMES_AS_LONG * (clock.monotonic() - beganMs)))
    } catch (error) {
      this.#failed(error)
    }
  }
}
