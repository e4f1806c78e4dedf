// Short ways to write programs down in tests.
import { interpret, type Arrival, type ArrivalEvent, type Emission } from './interpret.ts'
import type { InputRecord, KeyedSpec, KeySpec, Program, Row, SourceSpec, Split, Step, WindowStep } from './program.ts'
import { replayStep, type StepInput } from './replay.ts'

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

/** What a window test says of its step: the rest is ids of each window, and a late tag. */
export type WindowOf = Partial<WindowStep> & Pick<WindowStep, 'assigner'>

/** A source 's', its records by key through the window step 'w' into the sink 'out'; what is late goes to the sink 'late', unless `lateTag` is something else. */
export function windowJob(of: WindowOf, records: readonly InputRecord[] = [], more: Partial<SourceSpec> = {}): Program {
  const step: WindowStep = { kind: 'window', id: 'w', from: 'k', allowedLateness: 0, lateTag: 'late', fn: { kind: 'ids' }, ...of }
  return job(
    [source('s', records, more)],
    [
      { kind: 'keyBy', id: 'k', from: 's', key: BY_KEY },
      step,
      { kind: 'side', id: 'l', from: 'w', tag: 'late' },
      sink('out', 'w'),
      sink('late', 'l'),
    ],
  )
}

/** A record of key 1 for a window step. */
export function saw(id: number, timestamp: number, more: Partial<InputRecord> & { now?: number } = {}): StepInput {
  const { now, ...fields } = more
  return { kind: 'record', value: rec(id, timestamp, fields), timestamp, ...(now === undefined ? {} : { now }) }
}

export function mark(at: number | 'end'): StepInput {
  return { kind: 'watermark', at }
}

/** What a window step makes of its input, a line each: `start..end: ids @timestamp`, or `late id @timestamp`. */
export function fired(of: WindowOf, inputs: readonly StepInput[]): string[] {
  return replayStep(windowJob(of), 'w', inputs).map(({ tag, value, timestamp }) => {
    if (tag === 'late') return `late ${value['id'] as number} @${timestamp}`
    const window = value['window'] as { start: number; end: number } | undefined
    const where = window === undefined ? '' : `${window.start}..${window.end}: `
    return `${where}${(value['ids'] as number[]).join(' ')} @${timestamp}`
  })
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
