import type { Env } from '../core/env.ts'

/** From the deadline of a stop on: how long closing may take. */
export const HURRIED_CLOSE_MS = 500

/** How long is waited for what users and connectors may never end; hardly any longer once somebody is in a hurry. */
export class Patience {
  readonly #env: Env
  readonly #hurry = Promise.withResolvers<void>()
  #isHurried = false

  constructor(env: Env) {
    this.#env = env
  }

  hurry(): void {
    this.#isHurried = true
    this.#hurry.resolve()
  }

  /** True with the work; false when patience has ended: then the work goes on, and its error is nobody's. `ms` may be Infinity. */
  async wait(ms: number, work: Promise<unknown> | undefined): Promise<boolean> {
    const cancels: (() => void)[] = []
    const over = Promise.withResolvers<boolean>()
    const arm = (afterMs: number): void => void cancels.push(this.#env.timers.after(afterMs, () => over.resolve(false)))
    let isDone = false
    if (this.#isHurried) arm(HURRIED_CLOSE_MS)
    else {
      if (ms !== Number.POSITIVE_INFINITY) arm(ms)
      void this.#hurry.promise.then(() => isDone || arm(HURRIED_CLOSE_MS))
    }
    try {
      return await Promise.race([Promise.resolve(work).then(() => true), over.promise])
    } finally {
      isDone = true
      for (const cancel of cancels) cancel()
    }
  }
}
