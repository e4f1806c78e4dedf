// The reference interpreter: what a program must give, by the documents, when records arrive in a known order.
import { keySelector } from './behaviours.ts'
import { deepFreeze, keyText } from './canonical.ts'
import { asItIs, makeNetwork, type Edge, type Emission, type Network, type Substitute } from './network.ts'
import { problems } from './plan.ts'
import type { InputRecord, Program, SourceSpec } from './program.ts'
import { SourceWatermark, type Signal } from './watermark.ts'

/**
 * One thing that the job saw, in the order in which it saw it. `now` sets the clock for the event (it never goes back, rules 1.17); only `time` fires processing timers.
 * - batch: the next `count` records of a split, then the watermark if it advanced (rules 1.2d). With `ended` the split ends with the batch and one watermark stands for both.
 * - split-idle, split-ended: as the source noticed them. A batch with records makes an idle split active.
 * - source-ended: +Infinity and the end leave the source. A source that has none in the whole arrival ends by itself with its last split (without any split: before the first event).
 * - time: processing timers with T < now fire, step by step in the order of the program (TM-4).
 */
export type ArrivalEvent =
  | {
      readonly kind: 'batch'
      readonly source: string
      readonly split: string
      readonly count: number
      readonly ended?: boolean
      readonly now?: number
    }
  | { readonly kind: 'split-idle'; readonly source: string; readonly split: string; readonly now?: number }
  | { readonly kind: 'split-ended'; readonly source: string; readonly split: string; readonly now?: number }
  | { readonly kind: 'source-ended'; readonly source: string; readonly now?: number }
  | { readonly kind: 'time'; readonly now: number }
export type Arrival = readonly ArrivalEvent[]

/** All in order of emission, and the same by the sink's key (`keyText`). */
export interface SinkResult {
  readonly emissions: readonly Emission[]
  readonly byKey: ReadonlyMap<string, readonly Emission[]>
}
export type { Emission }
export interface Result {
  readonly sinks: ReadonlyMap<string, SinkResult>
  /** Per window step without a late tag: what came too late for it, in order (WO-3). A step that dropped nothing is not there. */
  readonly dropped: ReadonlyMap<string, readonly Emission[]>
}

/**
 * What every sink holds after the arrival, with one subtask per step and each event carried through the whole job before the next.
 * An arrival that stops early gives what a job has emitted by then: sources that have not ended hold back what waits for them.
 * `substitute` may watch what each step sees.
 * @throws when the program has problems, or the arrival cannot have happened (more records than a split has, a batch after its end).
 */
export function interpret(program: Program, arrival: Arrival, substitute: Substitute = asItIs): Result {
  refuseProblems(program)
  const network = makeNetwork(program, { now: program.startNow }, substitute)
  const endsByItself = (source: SourceSpec): boolean =>
    !arrival.some((event) => event.kind === 'source-ended' && event.source === source.id)
  const readers = new Map(
    program.sources.map((source) => [source.id, new SourceReader(source, network.edgesOf(source.id), endsByItself(source))]),
  )
  for (const reader of readers.values()) reader.begin()
  for (const event of arrival) {
    if (event.now !== undefined) network.clock.now = Math.max(network.clock.now, event.now)
    if (event.kind === 'time') network.fireProcessingTimers()
    else readerOf(readers, event.source).see(event)
  }
  return { sinks: sinkResults(program, network), dropped: network.dropped }
}

export function refuseProblems(program: Program): void {
  const found = problems(program)
  if (found.length > 0) throw new Error(`not a program: ${found.join('; ')}`)
}

function readerOf(readers: ReadonlyMap<string, SourceReader>, source: string): SourceReader {
  const reader = readers.get(source)
  if (reader === undefined) throw new Error(`no source '${source}'`)
  return reader
}

export function sinkResults(program: Program, network: Network): Map<string, SinkResult> {
  const results = new Map<string, SinkResult>()
  for (const step of program.steps) {
    if (step.kind !== 'sink') continue
    const emissions = network.collected.get(step.id) ?? []
    const keyOf = keySelector(step.key)
    results.set(step.id, { emissions, byKey: Map.groupBy(emissions, (emission) => keyText(keyOf(emission.value))) })
  }
  return results
}

/** One source: what it has read of each split, and its watermark. */
class SourceReader {
  readonly #source: SourceSpec
  readonly #edges: readonly Edge[]
  readonly #endsByItself: boolean
  readonly #read = new Map<string, number>()
  readonly #ended = new Set<string>()
  readonly #watermark: SourceWatermark
  #hasEnded = false

  constructor(source: SourceSpec, edges: readonly Edge[], endsByItself: boolean) {
    this.#source = source
    this.#edges = edges
    this.#endsByItself = endsByItself
    this.#watermark = new SourceWatermark(
      source.splits.map((split) => split.id),
      source.outOfOrdernessMs,
    )
  }

  /** A source without splits has nothing to wait for (ID-7). */
  begin(): void {
    if (this.#source.splits.length > 0) return
    this.#signal([{ kind: 'idle' }])
    this.#endIfDone()
  }

  see(event: Exclude<ArrivalEvent, { kind: 'time' }>): void {
    if (event.kind === 'source-ended') return this.#end()
    if (this.#ended.has(event.split)) throw new Error(`split '${event.split}' of '${this.#source.id}' has ended: ${event.kind}`)
    if (event.kind === 'batch') this.#batch(event.split, event.count, event.ended === true)
    else if (event.kind === 'split-idle') this.#signal(this.#watermark.splitWentIdle(event.split))
    else this.#splitEnded(event.split)
  }

  #batch(split: string, count: number, hasEnded: boolean): void {
    const records = this.#take(split, count)
    this.#signal(
      this.#watermark.batchBegan(
        split,
        records.map((record) => record.ts ?? 0),
      ),
    )
    for (const record of records) for (const edge of this.#edges) edge.record(deepFreeze(record), record.ts)
    if (hasEnded) this.#splitEnded(split)
    else this.#signal(this.#watermark.batchEnded())
  }

  #take(split: string, count: number): readonly InputRecord[] {
    const all = this.#source.splits.find((one) => one.id === split)
    if (all === undefined) throw new Error(`source '${this.#source.id}' has no split '${split}'`)
    const from = this.#read.get(split) ?? 0
    if (from + count > all.records.length)
      throw new Error(`split '${split}' of '${this.#source.id}' has ${all.records.length} records, not ${from + count}`)
    this.#read.set(split, from + count)
    return all.records.slice(from, from + count)
  }

  #splitEnded(split: string): void {
    this.#ended.add(split)
    this.#signal(this.#watermark.splitEnded(split))
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#endsByItself && this.#ended.size === this.#source.splits.length) this.#end()
  }

  #end(): void {
    if (this.#hasEnded) throw new Error(`source '${this.#source.id}' has ended twice`)
    this.#hasEnded = true
    this.#send({ kind: 'end' })
  }

  /** Untimed sources have no watermark and hold nobody back (rules 1.13). */
  #signal(signals: readonly Signal[]): void {
    if (this.#source.timed) for (const signal of signals) this.#send(signal)
  }

  #send(signal: Signal): void {
    for (const edge of this.#edges) edge.signal(signal)
  }
}
