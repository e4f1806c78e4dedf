/**
 * Tells one reader which positions are durable: one call at a time, in order of checkpoints. While one runs only the newest
 * positions wait, for they say all that those before them would have said. So a split never hears twice, and the second time less.
 */
import type { Plain } from '../connect/contract.ts'

export type Positions = Readonly<Record<string, Plain>>

export class Acknowledger {
  readonly #acknowledge: (positions: Positions) => Promise<void>
  readonly #failed: (error: unknown) => void
  #running: Promise<void> | undefined
  #waiting: Positions | undefined

  constructor(acknowledge: (positions: Positions) => Promise<void>, failed: (error: unknown) => void) {
    this.#acknowledge = acknowledge
    this.#failed = failed
  }

  tell(positions: Positions): void {
    this.#waiting = { ...this.#waiting, ...positions }
    this.#running ??= this.#run()
  }

  /** Begins no more calls: an acknowledgement may be skipped. */
  cancel(): void {
    this.#waiting = undefined
  }

  /** Resolves when no call is under way or waits. */
  async settle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) await this.#acknowledge(next).catch(this.#failed)
    this.#running = undefined
  }

  #take(): Positions | undefined {
    const next = this.#waiting
    this.#waiting = undefined
    return next
  }
}
