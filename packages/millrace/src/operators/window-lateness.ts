import { StreamError } from '../core/errors.ts'
import type { Emit, Floor, OperatorLateness, OperatorTime } from '../operator/contract.ts'
import type { Key } from '../state/contract.ts'

interface LatenessParts {
  readonly time: OperatorTime
  readonly keyGroups: number
  /** @throws {INVALID_KEY} */
  readonly groupOf: (key: Key) => number
  readonly output: Emit | undefined
  readonly step: string
}

/**
 * What is late, and where it goes. After a restore an operator begins with the lowest watermark of its key groups; a group that was
 * further is judged by its own until all have caught up (rules 1.2 c), or windows that have fired would open again.
 */
export class Lateness implements OperatorLateness {
  /** Records that no window took and no side output asked for. */
  dropped = 0
  #floors: Float64Array | undefined = undefined
  #highest = Number.NEGATIVE_INFINITY
  readonly #time: OperatorTime
  readonly #keyGroups: number
  readonly #groupOf: (key: Key) => number
  readonly #output: Emit | undefined
  readonly #step: string

  constructor(parts: LatenessParts) {
    this.#time = parts.time
    this.#keyGroups = parts.keyGroups
    this.#groupOf = parts.groupOf
    this.#output = parts.output
    this.#step = parts.step
  }

  restore(floors: readonly Floor[]): void {
    this.#highest = floors.reduce((most, { watermark }) => Math.max(most, watermark), Number.NEGATIVE_INFINITY)
    if (floors.length === 0) return
    this.#floors = new Float64Array(this.#keyGroups).fill(Number.NEGATIVE_INFINITY)
    for (const { first, last, watermark } of floors) this.#floors.fill(watermark, first, last + 1)
  }

  /** Some groups are ahead of the watermark. Asked by whoever keeps what was found for one key for the next. */
  get hasFloors(): boolean {
    if (this.#floors !== undefined && this.#time.watermark >= this.#highest) this.#floors = undefined
    return this.#floors !== undefined
  }

  /** The watermark for a key. @throws {INVALID_KEY} */
  watermarkOf(key: Key): number {
    return this.hasFloors ? this.watermarkOfGroup(this.#groupOf(key)) : this.#time.watermark
  }

  watermarkOfGroup(group: number): number {
    const { watermark } = this.#time
    return this.#floors === undefined ? watermark : Math.max(watermark, this.#floors[group] as number)
  }

  /** Before the restore its key group had passed `at`, which the operator has not yet. */
  hadPassed(group: number, at: number): boolean {
    return this.#floors !== undefined && (this.#floors[group] as number) >= at
  }

  /** @throws {INVALID_KEY} */
  hadPassedKey(key: Key, at: number): boolean {
    return this.#floors !== undefined && this.hadPassed(this.#groupOf(key), at)
  }

  /** For the next checkpoint: what is ahead still. */
  floors(): readonly Floor[] {
    if (!this.hasFloors) return []
    const found: { first: number; last: number; watermark: number }[] = []
    for (const [group, watermark] of (this.#floors as Float64Array).entries()) {
      if (watermark <= this.#time.watermark) continue
      const last = found.at(-1)
      if (last !== undefined && last.last === group - 1 && last.watermark === watermark) last.last = group
      else found.push({ first: group, last: group, watermark })
    }
    return found
  }

  /** WO-3: no window took it. It keeps its timestamp. */
  refuse(value: unknown, timestamp: number): void {
    if (this.#output === undefined) this.dropped++
    else this.#output(value, timestamp)
  }

  /** WA-4. */
  noTimestamp(): never {
    throw new StreamError(
      'NO_EVENT_TIME',
      `${this.#step} got a record without a timestamp, and its windows are in event time. Give every source before it a timestamp function, or use windows in processing time.`,
    )
  }
}
