/** Rows in two splits, at the pace of checkpoints: after so many it waits for the next one that is durable. */
import {
  defineSource,
  type Batch,
  type Reader,
  type Source,
  type SourceContext,
  type SourceProgress,
} from '../../packages/millrace/src/connect.ts'
import { rowOf, ROWS_PER_SPLIT, SPLITS, type HostileRow } from './places.ts'
import type { Strike } from './strikes.ts'

const BATCH = 10
const ROWS_PER_CHECKPOINT = 80
/** An acknowledgement may be skipped: then it goes on without. Far longer than a checkpoint takes, on a busy machine too. */
const LONGEST_WAIT_MS = 5_000

type Poll = Batch<HostileRow, number> | 'wait' | 'end'
export interface SourceStrikes {
  readonly open: Strike
  /** A promise of it is what `ready` waits for. */
  readonly poll: Strike
  readonly progress: Strike
  readonly acknowledge: Strike
  readonly close: Strike
}

export function pacedRows(strikes: SourceStrikes): Source<HostileRow> {
  return defineSource<HostileRow, number>({
    kind: 'paced',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: async (context) => {
      await strikes.open(rowOf(0, 0))
      return new PacedRows(context, strikes)
    },
  })
}

class PacedRows implements Reader<HostileRow, number> {
  readonly splits: Map<string, number> = new Map()
  readonly #strikes: SourceStrikes
  readonly #context: SourceContext<number>
  readonly #owned: number
  #left = ROWS_PER_CHECKPOINT
  #odd: Promise<never> | undefined
  #wake: () => void = () => undefined

  constructor(context: SourceContext<number>, strikes: SourceStrikes) {
    this.#strikes = strikes
    this.#context = context
    for (let split = 0; split < SPLITS; split++) {
      const name = String(split)
      if (context.owns(name) && !context.ended.has(name)) this.splits.set(name, context.restored.get(name) ?? 0)
    }
    this.#owned = Array.from({ length: SPLITS }, (_zero, split) => String(split)).filter((name) => context.owns(name)).length
    context.signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  poll(first: string | undefined): Poll {
    const split = first !== undefined && this.splits.has(first) ? first : [...this.splits.keys()][0]
    if (split === undefined) return 'end'
    if (this.#left <= 0 || this.#odd !== undefined) return 'wait'
    const from = this.splits.get(split) as number
    const values = Array.from({ length: Math.min(BATCH, ROWS_PER_SPLIT - from) }, (_zero, index) => rowOf(Number(split), from + index))
    for (const value of values) this.#odd ??= this.#strikes.poll(value)
    if (this.#odd !== undefined) return 'wait'
    const next = from + values.length
    this.#left -= values.length
    this.splits.set(split, next)
    const splitEnded = next === ROWS_PER_SPLIT
    if (splitEnded) this.splits.delete(split)
    return { split, values, next, splitEnded }
  }

  ready(): Promise<void> {
    if (this.#odd !== undefined) return this.#odd
    return new Promise((resolve) => {
      const cancel = this.#context.env.timers.after(LONGEST_WAIT_MS, () => this.#more())
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  acknowledge(): Promise<void> {
    const odd = this.#strikes.acknowledge(rowOf(0, 0))
    this.#more()
    return odd ?? Promise.resolve()
  }

  progress(): SourceProgress {
    const total = this.#owned * ROWS_PER_SPLIT
    const ahead = [...this.splits.values()].reduce((sum, next) => sum + ROWS_PER_SPLIT - next, 0)
    return (this.#strikes.progress(rowOf(0, 0)) as undefined) ?? { done: total - ahead, total }
  }

  close(): Promise<void> {
    this.#wake()
    return this.#strikes.close(rowOf(0, 0)) ?? Promise.resolve()
  }

  #more(): void {
    this.#left = ROWS_PER_CHECKPOINT
    this.#wake()
  }
}
