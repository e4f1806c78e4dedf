import { StreamError } from '../core/errors.ts'
import type { StateSize } from '../state/size.ts'

/**
 * What the state of a process may take (rules 1.19): each subtask says from time to time what its own does. Whoever is over the limit
 * fails the job with a word, before the process fails without one.
 */
export class StateBudget {
  readonly #maxBytes: number
  /** By who said it, then by `step/visits.path`. */
  readonly #told = new Map<object, ReadonlyMap<string, number>>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @throws {STATE_LIMIT} naming the states that take most */
  tell(who: object, sizes: ReadonlyMap<string, number>): void {
    this.#told.set(who, sizes)
    let sum = 0
    for (const told of this.#told.values()) for (const bytes of told.values()) sum += bytes
    if (sum > this.#maxBytes) throw this.#exceeded(sum)
  }

  #exceeded(bytes: number): StreamError {
    const totals = new Map<string, number>()
    for (const told of this.#told.values()) for (const [name, size] of told) totals.set(name, (totals.get(name) ?? 0) + size)
    const most = [...totals].toSorted((a, b) => b[1] - a[1])
    const named = most.slice(0, NAMED).map(([name, size]) => `${name} ${megabytes(size)}`)
    return new StreamError(
      'STATE_LIMIT',
      `State takes about ${megabytes(bytes)}, and state.maxBytes is ${megabytes(this.#maxBytes)}. Most of it: ${named.join(', ')}. Keep less (a time to live, clear, a timer that forgets), or allow more: state.maxBytes, and node --max-old-space-size for the heap.`,
      { details: { bytes, maxBytes: this.#maxBytes, states: most.map(([name, size]) => `${name}: ${Math.round(size)}`) } },
    )
  }
}

const NAMED = 3

/** `step/visits.path`; of the keys of a step `step/visits (keys)`. */
export function nameOfSize(address: string, { state }: StateSize): string {
  return state === undefined ? `${address} (keys)` : `${address}.${state}`
}

function megabytes(bytes: number): string {
  return `${bytes < 1e7 ? (bytes / 1e6).toFixed(1) : Math.round(bytes / 1e6)} MB`
}
