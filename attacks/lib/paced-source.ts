/**
 * A strict source for simulations: a few rows at a time with pauses between them, so that many checkpoints fall into a short
 * input; and an upstream that forgets what was acknowledged, so that an acknowledgement that comes too early is found out.
 */
import { defineSource, type Batch, type Reader, type Source, type SourceContext } from '../../packages/millrace/src/connect.ts'
import type { Env } from '../../packages/millrace/src/core/env.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { Openings, type Opening } from './openings.ts'
import { rowsOf, type InputRow, type InputShape } from './sequence-input.ts'

/** What a poll that fails says. */
export const HUNG_UP = 'the upstream has hung up'
/** Of a batch, while it has pauses. */
export const MOST_ROWS = 4
const LONGEST_PAUSE_MS = 8

export interface UpstreamOptions {
  /** Up to where a split is in a checkpoint that no loss of power can take, at least as far as this position if it is. */
  readonly durable?: (split: string, position: number) => number
  readonly observer?: UpstreamObserver
}
/** For judges: which rows were taken, and up to where a split was acknowledged. */
export interface UpstreamObserver {
  read(env: Env, ids: readonly string[]): void
  acknowledged(env: Env, split: string, position: number): void
}

export function rowId({ key, n }: Pick<InputRow, 'key' | 'n'>): string {
  return `${key} ${n}`
}

export function splitOf(file: number): string {
  return `split-${file}`
}

/** Shared by all processes of a simulation: it outlives them. */
export class Upstream {
  readonly rows: ReadonlyMap<string, readonly InputRow[]>
  readonly #durable: NonNullable<UpstreamOptions['durable']>
  readonly #observer: UpstreamObserver | undefined
  /** By process: in how many polls one fails. */
  readonly #failing = new Map<Env, number>()
  /** By split: everything before is gone. */
  readonly #forgotten = new Map<string, number>()
  #hasPauses = true
  /** Whatever becomes of the process. */
  readonly violations: string[] = []
  /** By process: one that another has replaced may read what is gone, nobody will use it. */
  readonly lateReads: Map<Env, string[]> = new Map()
  readonly openings: Openings

  constructor(shape: InputShape, { durable = () => Number.POSITIVE_INFINITY, observer }: UpstreamOptions = {}) {
    this.#durable = durable
    this.#observer = observer
    this.openings = new Openings(shape.seed)
    this.rows = new Map(Array.from({ length: shape.files }, (_, file) => [splitOf(file), rowsOf(shape, file)]))
  }

  /** The next poll in this process fails, or the nth, and its attempt with it. */
  failOnce(env: Env, nth: number = 1): void {
    this.#failing.set(env, nth)
  }

  polled(env: Env): void {
    const left = this.#failing.get(env)
    if (left === undefined) return
    if (left > 1) return void this.#failing.set(env, left - 1)
    this.#failing.delete(env)
    throw new Error(HUNG_UP)
  }

  /** From a process that was replaced it may come late, from none early. */
  acknowledge(split: string, position: number, env: Env): void {
    const durable = this.#durable(split, position)
    if (position > durable) this.violations.push(`${split} was acknowledged at ${position}, but ${durable} is in a durable checkpoint`)
    this.#forgotten.set(split, Math.max(position, this.acknowledged(split)))
    this.#observer?.acknowledged(env, split, position)
  }

  /** Up to where it has been acknowledged. */
  acknowledged(split: string): number {
    return this.#forgotten.get(split) ?? 0
  }

  read(split: string, position: number, env: Env): readonly InputRow[] {
    const forgotten = this.acknowledged(split)
    if (position < forgotten) {
      const reads = this.lateReads.get(env) ?? []
      this.lateReads.set(env, [...reads, `${split} is read from ${position}, but everything before ${forgotten} was acknowledged`])
    }
    return this.rows.get(split) ?? []
  }

  /** Rows have names that are unique over all splits. */
  took(env: Env, rows: readonly InputRow[]): void {
    this.#observer?.read(env, rows.map(rowId))
  }

  /** No more pauses, and large batches: what is left is not of interest. */
  finishSoon(): void {
    this.#hasPauses = false
  }

  get hasPauses(): boolean {
    return this.#hasPauses
  }
}

/** `pauseMs`: between two batches, at most. */
export function pacedSource(upstream: Upstream, seed: number, pauseMs: number = LONGEST_PAUSE_MS): Source<InputRow> {
  return defineSource<InputRow, number>({
    kind: 'paced',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: (context) => Promise.resolve(new PacedReader(upstream, context, { seed, pauseMs })),
  })
}

class PacedReader implements Reader<InputRow, number> {
  readonly splits: Map<string, number> = new Map()
  readonly #upstream: Upstream
  readonly #context: SourceContext<number>
  readonly #random: SeededRandom
  readonly #stubbornness: number
  readonly #pauseMs: number
  readonly #opening: Opening
  #last: string | undefined
  #isReady = true

  constructor(upstream: Upstream, context: SourceContext<number>, { seed, pauseMs }: { readonly seed: number; readonly pauseMs: number }) {
    this.#upstream = upstream
    this.#context = context
    this.#pauseMs = pauseMs
    this.#random = new SeededRandom(seed, `paced ${context.env.clock.monotonic()}`)
    this.#stubbornness = this.#random.pick([0, 0, 0.95])
    for (const split of upstream.rows.keys()) {
      if (!context.owns(split) || context.ended.has(split)) continue
      const position = context.restored.get(split) ?? 0
      upstream.read(split, position, context.env)
      this.splits.set(split, position)
    }
    this.#opening = upstream.openings.open(
      context.env,
      [...this.splits.keys()].map((split) => `a reader of ${split}`),
    )
  }

  poll(first: string | undefined): Batch<InputRow, number> | 'wait' | 'end' {
    this.#opening.used('a poll')
    this.#upstream.polled(this.#context.env)
    if (this.splits.size === 0) return 'end'
    if (!this.#isReady) return 'wait'
    this.#isReady = !this.#upstream.hasPauses || this.#random.chance(0.3)
    const split = this.#next(first)
    const from = this.splits.get(split) as number
    const rows = this.#upstream.read(split, from, this.#context.env)
    const next = Math.min(rows.length, from + 1 + this.#random.below(this.#upstream.hasPauses ? MOST_ROWS : 500))
    this.splits.set(split, next)
    this.#upstream.took(this.#context.env, rows.slice(from, next))
    const splitEnded = next === rows.length
    if (splitEnded) this.splits.delete(split)
    return { split, values: rows.slice(from, next), next, splitEnded }
  }

  /** Usually the one that is asked for; a stubborn reader stays with one split for long, and others wait unread. */
  #next(first: string | undefined): string {
    const asked = first !== undefined && this.splits.has(first) && this.#random.chance(0.7) ? first : undefined
    const last = this.#last !== undefined && this.splits.has(this.#last) && this.#random.chance(this.#stubbornness) ? this.#last : undefined
    return (this.#last = last ?? asked ?? this.#random.pick([...this.splits.keys()]))
  }

  ready(): Promise<void> {
    const { env, signal } = this.#context
    return new Promise((resolve) => {
      const done = (): void => {
        this.#isReady = true
        resolve()
      }
      const cancel = env.timers.after(this.#pauseMs * this.#random.next(), done)
      signal.addEventListener('abort', () => {
        cancel()
        done()
      })
    })
  }

  acknowledge(positions: ReadonlyMap<string, number>): Promise<void> {
    this.#opening.used('an acknowledgement')
    for (const [split, position] of positions) this.#upstream.acknowledge(split, position, this.#context.env)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return this.#opening.close()
  }
}
