/**
 * Sinks that believe nothing: what is committed must have been prepared by this sink, once, and be of a checkpoint that counts.
 * Everything takes time on the simulated clock, so that what a dead process still wants has no effect.
 */
import { defineSink, type CommitOutcome, type Env, type Sink } from 'millrace/connect'
import type { Row } from '../../reference/program.ts'
import type { Emission } from '../../reference/network.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

interface Part {
  readonly id: string
  readonly checkpoint: number
  readonly epoch: number
  readonly subtask: number
  readonly emissions: readonly Emission[]
  state: 'prepared' | 'committed' | 'withdrawn'
  /** What its writer counted by then. */
  readonly count: number
}

export class SinkWorld {
  readonly violations: string[] = []
  readonly #parts = new Map<string, Part>()
  readonly #id: string
  readonly #random: SeededRandom
  readonly #isFast: boolean
  readonly #lastCounts = new Map<string, { readonly epoch: number; readonly checkpoint: number; readonly count: number }>()

  constructor(id: string, seed: number) {
    this.#id = id
    this.#random = new SeededRandom(seed, `sink ${id}`)
    this.#isFast = this.#random.chance(0.5)
  }

  get sink(): Sink<Row> {
    return defineSink<Row, string, number>({
      kind: 'oracle',
      delivery: 'exactly-once',
      open: (context, restored) => Promise.resolve(this.#writer(context, restored)),
      committer: ({ env }) =>
        Promise.resolve({
          commit: async (committables) => {
            const outcomes: CommitOutcome[] = []
            for (const { data } of committables) outcomes.push(await this.#soon(env, () => this.#commit(data)))
            return outcomes
          },
          withdraw: (kept) => this.#soon(env, () => this.#withdraw(new Set(kept.map(({ data }) => data)))),
          close: () => Promise.resolve(),
        }),
    })
  }

  /** A restored checkpoint is what counts: nothing later may have been committed. */
  restoredFrom(checkpoint: number): void {
    for (const part of this.#parts.values())
      if (part.state === 'committed' && part.checkpoint > checkpoint)
        this.violations.push(`${part.id} was committed, but checkpoint ${checkpoint} was restored`)
  }

  /** What the outside sees, in the order of commits. */
  committed(): Emission[] {
    return this.#ordered('committed').flatMap(({ emissions }) => [...emissions])
  }

  /** After the end of the job. */
  finish(): void {
    for (const { id } of this.#ordered('prepared')) this.violations.push(`${id} was prepared, but neither committed nor withdrawn`)
    const newest = Math.max(0, ...[...this.#lastCounts.values()].map(({ epoch }) => epoch))
    const counted = [...this.#lastCounts.values()].filter(({ epoch }) => epoch === newest).reduce((sum, { count }) => sum + count, 0)
    const committed = this.committed().length
    if (counted !== committed)
      this.violations.push(`the writers of ${this.#id} count ${counted} records over all restores, but ${committed} are committed`)
  }

  #ordered(state: Part['state']): Part[] {
    return [...this.#parts.values()]
      .filter((part) => part.state === state)
      .toSorted((a, b) => a.checkpoint - b.checkpoint || a.subtask - b.subtask)
  }

  #writer(context: { readonly env: Env; readonly subtask: number; readonly epoch: number }, restored: readonly number[]) {
    const { env, subtask, epoch } = context
    let count = restored.reduce((sum, each) => sum + each, 0)
    let buffer: Emission[] = []
    let isClosed = false
    return {
      write: (value: Row, timestamp: number | undefined): boolean => {
        buffer.push({ value, timestamp: timestamp ?? null })
        count++
        return !this.#random.chance(this.#isFast ? 0.005 : 0.1)
      },
      ready: () => this.#soon(env, () => undefined),
      seal: (checkpoint: number) => {
        const part: Part = {
          id: `${this.#id}/${epoch}/${checkpoint}/${subtask}`,
          checkpoint,
          epoch,
          subtask,
          emissions: buffer,
          state: 'prepared',
          count,
        }
        buffer = []
        // What is under way when the writer is closed does not happen any more.
        return { durable: this.#soon(env, () => (isClosed ? { committables: [] } : this.#prepare(part))) }
      },
      close: (): Promise<void> => {
        isClosed = true
        return Promise.resolve()
      },
    }
  }

  #prepare(part: Part): { readonly committables: readonly string[]; readonly state: number } {
    if (this.#parts.has(part.id)) this.violations.push(`${part.id} was prepared twice`)
    // What was sealed for a checkpoint that was given up may become durable after the next one.
    const { epoch, checkpoint, count } = part
    const last = this.#lastCounts.get(`${epoch}/${part.subtask}`)
    if (last === undefined || last.checkpoint < checkpoint) this.#lastCounts.set(`${epoch}/${part.subtask}`, { epoch, checkpoint, count })
    if (part.emissions.length === 0 && this.#random.chance(0.7)) return { committables: [], state: part.count }
    this.#parts.set(part.id, part)
    return { committables: [part.id], state: part.count }
  }

  #commit(id: string): CommitOutcome {
    const part = this.#parts.get(id)
    if (part === undefined || part.state === 'withdrawn') {
      this.violations.push(`${id} was committed, but ${part === undefined ? 'never prepared' : 'withdrawn before'}`)
      return { kind: 'failed', cause: new Error(`no ${id}`) }
    }
    if (part.state === 'committed') return { kind: 'already-committed' }
    if (this.#random.chance(0.05)) return { kind: 'retry', cause: new Error('try again') }
    part.state = 'committed'
    // Done, but the answer is lost.
    return this.#random.chance(0.05) ? { kind: 'retry', cause: new Error('no answer') } : { kind: 'committed' }
  }

  #withdraw(kept: ReadonlySet<string>): void {
    for (const part of this.#parts.values()) if (part.state === 'prepared' && !kept.has(part.id)) part.state = 'withdrawn'
    for (const id of kept)
      if (this.#parts.get(id)?.state !== 'prepared' && this.#parts.get(id)?.state !== 'committed')
        this.violations.push(`${id} is in the checkpoint, but was not prepared`)
  }

  #soon<T>(env: Env, act: () => T): Promise<T> {
    const delayMs = this.#random.chance(0.05) ? 40 : this.#random.next() * (this.#isFast ? 0.1 : 3)
    return new Promise((resolve) => env.timers.after(delayMs, () => resolve(act())))
  }
}
