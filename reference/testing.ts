// Short ways to write programs down in tests.
import { interpret, type Arrival, type ArrivalEvent, type Emission } from './interpret.ts'
import type { InputRecord, KeyedSpec, KeySpec, Program, Row, SourceSpec, Split, Step } from './program.ts'

export const BY_KEY: KeySpec = { kind: 'int', field: 'key' }

export function rec(id: number, ts: number | null, more: Partial<InputRecord> = {}): InputRecord {
  return { id, key: 1, value: id, ts, tag: 'a', ...more }
}

/** One split named after the source, one record a batch. */
export function source(id: string, records: readonly InputRecord[], more: Partial<SourceSpec> = {}): SourceSpec {
  return { id, timed: true, outOfOrdernessMs: 0, idlenessMs: null, splits: [split(id, records)], ...more }
}

export function split(id: string, records: readonly InputRecord[]): Split {
  return { id, batch: 1, records }
}

export function sink(id: string, from: string): Step {
  return { kind: 'sink', id, from, key: BY_KEY }
}

export function job(sources: readonly SourceSpec[], steps: readonly Step[]): Program {
  return { seed: 0, startNow: 0, sources, steps }
}

/** A source 's', its records by key through a keyed process 'p' into the sink 'out'; what goes to the tag 't' into the sink 'side'. */
export function keyedJob(fn: KeyedSpec, records: readonly InputRecord[], more: Partial<SourceSpec> = {}): Program {
  return job([source('s', records, more)], keyedSteps('s', fn))
}

export function keyedSteps(from: string, fn: KeyedSpec): Step[] {
  return [
    { kind: 'keyBy', id: 'k', from, key: BY_KEY },
    { kind: 'keyedProcess', id: 'p', from: 'k', fn },
    { kind: 'side', id: 't', from: 'p', tag: 't' },
    sink('out', 'p'),
    sink('side', 't'),
  ]
}

/** `count` records of the only split of a source. */
export function batch(source: string, count = 1, more: { split?: string; ended?: boolean; now?: number } = {}): ArrivalEvent {
  return { kind: 'batch', source, split: source, count, ...more }
}

export function ended(source: string, split: string = source): ArrivalEvent {
  return { kind: 'split-ended', source, split }
}

export function idle(source: string, split: string = source): ArrivalEvent {
  return { kind: 'split-idle', source, split }
}

export function at(now: number): ArrivalEvent {
  return { kind: 'time', now }
}

/** What a sink holds after the arrival. */
export function outputOf(program: Program, arrival: Arrival, sinkId = 'out'): readonly Emission[] {
  return interpret(program, arrival).sinks.get(sinkId)!.emissions
}

/** One field of all that a sink holds. */
export function fieldOf(program: Program, arrival: Arrival, field: string, sinkId = 'out'): unknown[] {
  return outputOf(program, arrival, sinkId).map((emission) => emission.value[field])
}

/** The watermark that each record saw, by means of a `stamp`. */
export function watermarksSeen(emissions: readonly Emission[]): unknown[] {
  return emissions.map((emission) => (emission.value['seen'] as Row)['watermark'])
}
