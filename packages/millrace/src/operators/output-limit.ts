/**
 * What one call of a step may emit (rules 1.10): it cannot be paused, and all that it emits is in memory. Records are counted;
 * of many, some are weighed.
 */
import { outsideCall, StreamError } from '../core/errors.ts'
import { heapBytesOf } from '../state/size.ts'

const OUTPUT_LIMIT: number = 65_536
/** By estimate. */
const MAX_OUTPUT_BYTES: number = 67_108_864
/** One in so many records is weighed, a power of 2: what is emitted by the few costs nothing. */
const WEIGHED = 32

export interface Limit {
  readonly most: number
  /** Bits of the count that are all 0 when a record is to be looked at. */
  readonly mask: number
  /** Called outside a call, for one record too many, and for the one in so many. */
  readonly look: (isRunning: boolean, count: number, value: unknown) => void
}

export function limitOf(step: string): Limit {
  let bytes = 0
  let before = 0
  const refuse = (what: string): never => {
    throw new StreamError(
      'OUTPUT_LIMIT',
      `One call of a function of ${step} emitted more than ${what}. Split the work over several records or timers, or return an iterable from flatMap.`,
      { details: { step } },
    )
  }
  return {
    most: OUTPUT_LIMIT,
    mask: WEIGHED - 1,
    look(isRunning, count, value) {
      if (!isRunning) throw outsideCall(`${step} emits a record`)
      if (count > OUTPUT_LIMIT) refuse(`${OUTPUT_LIMIT} records`)
      const now = heapBytesOf(value)
      // One large record tells nothing of those around it: what lies between two weighs as much as the smaller of them.
      bytes = count === WEIGHED ? 0 : bytes + WEIGHED * Math.min(before, now)
      before = now
      if (bytes > MAX_OUTPUT_BYTES) refuse(`some ${MAX_OUTPUT_BYTES} bytes in its first ${count} records`)
    },
  }
}
