import { refusePromise } from '../core/errors.ts'
import type { Emit, OperatorTime, Specialize } from '../operator/contract.ts'
import type { OnWindow, Out } from '../operator/definitions.ts'
import type { AccumulatorColumn, Key, ListSlots } from '../state/contract.ts'
import type { TimeWindow } from '../windows/assigner.ts'
import type { Call } from './process.ts'

/** What is kept of the records of a window and key, by slot, and what becomes of it when the window fires. */
export interface WindowContents {
  add(slot: number, value: unknown): void
  /** `window` is undefined where windows have no bounds. */
  fire(slot: number, key: Key, window: TimeWindow | undefined, timestamp: number): void
  /** What the second slot has came after what the first has; it goes there. */
  merge(into: number, from: number): void
  clear(slot: number): void
}

export interface AggregateFunctions {
  create(): unknown
  add(accumulator: unknown, value: unknown): unknown
  merge(left: unknown, right: unknown): unknown
  result(accumulator: unknown): unknown
}

/** Accumulators of a step by name, each with its column. */
export interface AggregateParts {
  readonly names: readonly string[]
  readonly columns: readonly AccumulatorColumn[]
  readonly aggregates: readonly AggregateFunctions[]
}

export function aggregateParts(
  aggregates: Readonly<Record<string, AggregateFunctions>>,
  column: (name: string) => AccumulatorColumn,
): AggregateParts {
  const names = Object.keys(aggregates)
  return { names, columns: names.map(column), aggregates: names.map((name) => aggregates[name] as AggregateFunctions) }
}

/** A row of results: `{ key, window, ...results }`. */
export function rowOf(key: Key, window: TimeWindow | undefined): Record<string, unknown> {
  return window === undefined ? { key } : { key, window }
}

export type AddToSlot = (slot: number, value: unknown) => void

function addTemplate(column: AccumulatorColumn, aggregate: AggregateFunctions, refusePromise: (result: object) => void): AddToSlot {
  return (slot, value) => {
    let before = column.get(slot)
    // Numbers are replaced, never changed in place.
    if (typeof before === 'object') column.touch(slot)
    if (before === undefined) {
      before = aggregate.create()
      if (typeof before === 'object' && before !== null) refusePromise(before)
    }
    const after = aggregate.add(before, value)
    if (typeof after === 'object' && after !== null) refusePromise(after)
    if (!column.replaceNumber(slot, after)) column.put(slot, after)
  }
}

function bothTemplate<A, B>(first: (a: A, b: B) => void, second: (a: A, b: B) => void): (a: A, b: B) => void {
  return (a, b) => {
    first(a, b)
    second(a, b)
  }
}

/** One function that calls all: each a copy of its own, so that V8 knows what it works with. */
function all<A, B>(specialize: Specialize, each: readonly ((a: A, b: B) => void)[]): (a: A, b: B) => void {
  const [last = (): void => undefined, ...earlier] = each.toReversed()
  return earlier.reduce((later, first) => specialize(bothTemplate<A, B>, first, later), last)
}

/** Adds a value to all accumulators of a slot. */
export function adder(specialize: Specialize, { columns, aggregates }: AggregateParts): AddToSlot {
  return all(
    specialize,
    columns.map((column, i) => specialize(addTemplate, column, aggregates[i] as AggregateFunctions, refusePromise)),
  )
}

type Row = Record<string, unknown>

function resultTemplate(
  name: string,
  column: AccumulatorColumn,
  aggregate: AggregateFunctions,
  refusePromise: (result: object) => void,
): (row: Row, slot: number) => void {
  return (row, slot) => {
    const accumulator = column.get(slot)
    // A window may be older than one of its aggregates, which has come with a new version of the job.
    const result = aggregate.result(accumulator === undefined ? aggregate.create() : accumulator)
    if (typeof result === 'object' && result !== null) refusePromise(result)
    row[name] = result
  }
}

/** Puts the results of a slot into a row. */
export function resulter(specialize: Specialize, { names, columns, aggregates }: AggregateParts): (row: Row, slot: number) => void {
  return all(
    specialize,
    names.map((name, i) =>
      specialize(resultTemplate, name, columns[i] as AccumulatorColumn, aggregates[i] as AggregateFunctions, refusePromise),
    ),
  )
}

/** One accumulator for each aggregate (WO-10). */
export function aggregateContents(specialize: Specialize, next: Emit, parts: AggregateParts): WindowContents {
  const { names, columns, aggregates } = parts
  const results = resulter(specialize, parts)
  return {
    add: adder(specialize, parts),
    fire(slot, key, window, timestamp) {
      const row = rowOf(key, window)
      results(row, slot)
      next(row, timestamp)
    },
    merge(into, from) {
      for (let i = 0; i < names.length; i++) {
        const column = columns[i] as AccumulatorColumn
        const right = column.get(from)
        if (right === undefined) continue
        const left = column.get(into)
        if (typeof left === 'object') column.touch(into)
        const merged = left === undefined ? right : (aggregates[i] as AggregateFunctions).merge(left, right)
        if (typeof merged === 'object' && merged !== null) refusePromise(merged)
        column.put(into, merged)
        column.clear(from)
      }
    },
    clear(slot) {
      for (const column of columns) column.clear(slot)
    },
  }
}

export interface ProcessParts {
  readonly list: ListSlots
  readonly onWindow: OnWindow
  readonly time: OperatorTime
  readonly out: Out
  readonly call: Call
}

/** All values, in order of arrival (WO-10). */
export function processContents({ list, onWindow, time, out, call }: ProcessParts): WindowContents {
  return {
    add: (slot, value) => list.addTo(slot, value),
    fire(slot, key, window, timestamp) {
      call.emitted = timestamp
      call.seen = timestamp
      call.count = 0
      const { watermark, now } = time
      const result: unknown = onWindow({ key, window, watermark, now }, list.valuesOf(slot), out)
      if (typeof result === 'object' && result !== null) refusePromise(result)
    },
    merge(into, from) {
      for (const value of list.valuesOf(from)) list.addTo(into, value)
      list.replaceAt(from, [])
    },
    clear: (slot) => list.replaceAt(slot, []),
  }
}
