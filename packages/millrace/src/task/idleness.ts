/**
 * Which splits of a source have fallen silent, so that they stop holding the watermark back.
 *
 * I1  The clock runs only while the task may poll: not before `begin`, not while it is held, not while it has no room (ID-6).
 * I2  A split is silent from when it was asked for (as `first`) and there was nothing of it, until it gives records. It becomes idle
 *     when it is so for strictly longer than the limit (ID-1), seen at a poll. So one that is ahead, for which nobody asks, never does.
 * I3  A gap between two looks counts as the limit at most, which is not longer than the limit: a call that took long, or a process
 *     that was stopped, makes nothing idle before the reader could say what has come meanwhile.
 * I4  Beside one that is busy the others are asked for now and then: those that hold the watermark back, lest they become idle only
 *     one after the other; and those that are idle, lest they never come back.
 */
import type { Batch, Plain } from '../connect/contract.ts'
import type { Split, SplitTable } from './split-table.ts'

type Answer = Batch<unknown, Plain> | 'wait' | 'end'

/** While the reader has something, one poll of so many may ask for a split beside the one that comes first. */
const POLLS_PER_QUESTION = 8
/** Asked one after the other when the reader has nothing: it may have to open a file for each. */
const QUESTIONS_PER_CHECK = 16

export class Idleness {
  /** Whether time counts from this look to the next (I1). */
  isRunning = false
  readonly #table: SplitTable
  readonly #limitMs: number
  #nowMs = 0
  #lookedAtMs = 0
  #checkAtMs = 0
  #polls = 0
  #questions = 0
  #isWaiting = false
  #servedWatermark = Number.NEGATIVE_INFINITY
  /** To be asked for beside the first (I4). */
  #others: Split[] = []
  #silent: Split[] = []

  constructor(table: SplitTable, limitMs: number) {
    this.#table = table
    this.#limitMs = limitMs
  }

  look(monotonicMs: number): void {
    if (this.isRunning) this.#nowMs += Math.min(monotonicMs - this.#lookedAtMs, this.#limitMs)
    this.#lookedAtMs = monotonicMs
  }

  /** The split to ask for instead of the first, if it is time for that. */
  other(): Split | undefined {
    if (this.#isDue() && this.#others.length === 0) this.#others = this.#table.live((split) => this.#isInTheWay(split))
    return ++this.#polls % POLLS_PER_QUESTION === 0 ? this.#others.pop() : undefined
  }

  /** The reader has nothing: a split about which that is not known yet. */
  unasked(): Split | undefined {
    if (!this.#isDue() || this.#questions >= QUESTIONS_PER_CHECK) return undefined
    const split = this.#table.findActive(({ silentSinceMs }) => silentSinceMs === undefined)
    if (split !== undefined) this.#questions++
    return split
  }

  /** Worth a poll although the reader has not said that it is ready. */
  hasToAsk(): boolean {
    return this.#isDue() && this.#table.findActive(({ silentSinceMs }) => silentSinceMs === undefined) !== undefined
  }

  answered(asked: Split | undefined, answer: Answer): void {
    this.#isWaiting = answer === 'wait'
    if (answer === 'end') return
    if (answer !== 'wait') this.#servedWatermark = this.#table.get(answer.split)?.watermark ?? Number.NEGATIVE_INFINITY
    if (asked === undefined || (answer !== 'wait' && answer.split === asked.name && answer.values.length > 0)) return
    asked.silentSinceMs ??= this.#nowMs
    if (this.#isTooLong(asked)) this.#silent.push(asked)
  }

  /** Those that have become idle since the last call. They no longer hold the watermark back. */
  takeIdle(): readonly Split[] {
    const found = new Set(this.#silent)
    this.#silent = []
    if (this.#isDue()) {
      if (this.#isWaiting) for (const split of this.#table.live((each) => this.#isTooLong(each))) found.add(split)
      this.#checkAtMs = this.#nowMs + Math.max(1, this.#limitMs / 4)
      this.#questions = 0
    }
    const idle = [...found].filter((split) => this.#isTooLong(split))
    for (const split of idle) this.#table.markIdle(split)
    return idle
  }

  /** Until `takeIdle` may have news without a poll. */
  checkInMs(): number {
    return Math.max(1, this.#checkAtMs - this.#nowMs)
  }

  #isDue(): boolean {
    return this.#nowMs >= this.#checkAtMs
  }

  #isTooLong({ idle, ended, silentSinceMs }: Split): boolean {
    return !idle && !ended && silentSinceMs !== undefined && this.#nowMs - silentSinceMs > this.#limitMs
  }

  /** Idle, or it should have come before what was served last. */
  #isInTheWay(split: Split): boolean {
    return split.idle || (split.watermark < this.#servedWatermark && split !== this.#table.first())
  }
}
