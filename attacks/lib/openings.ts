/** What a process has open of a fake: each thing once at a time. Closing takes its time, as with a connection. */
import type { Env } from '../../packages/millrace/src/core/env.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

/** Usually, often and at most: far less than the engine waits for the closes of an attempt that has failed. */
const CLOSE_MS = [2, 30, 400] as const

/** An opening; what it is asked for once its closing has begun is a violation. */
export interface Opening {
  /** @param what it is asked for */
  used(what: string): void
  close(): Promise<void>
}

export class Openings {
  readonly violations: string[] = []
  readonly #seed: number
  readonly #open = new Map<Env, Set<string>>()
  #count = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** What is open until its `close` has ended; what of it is open already is a violation. */
  open(env: Env, names: readonly string[]): Opening {
    const open = this.#open.get(env) ?? new Set()
    this.#open.set(env, open)
    for (const name of names) {
      if (open.has(name)) this.violations.push(`${name} is opened before it is closed`)
      open.add(name)
    }
    const random = new SeededRandom(this.#seed, `opening ${this.#count++}`)
    let isClosing = false
    return {
      used: (what) => {
        if (isClosing) this.violations.push(`${names.join(', ')}: ${what} after closing has begun`)
      },
      close: () => {
        if (isClosing) this.violations.push(`${names.join(', ')}: closed twice`)
        isClosing = true
        const done = (): void => names.forEach((name) => open.delete(name))
        return new Promise((resolve) => {
          env.timers.after(random.next() * random.pick(CLOSE_MS), () => resolve(done()))
        })
      },
    }
  }
}
