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

function addOneTemplate(column: AccumulatorColumn, aggregate: AggregateFunctions): AddToSlot {
  return (slot, value) => {
    const before = column.get(slot)
    // Numbers are replaced, never changed in place.
    if (typeof before === 'object') column.touch(slot)
    const after = aggregate.add(before === undefined ? aggregate.create() : before, value)
    if (!column.replaceNumber(slot, after)) column.put(slot, after)
  }
}

function addAllTemplate(columns: readonly AccumulatorColumn[], aggregates: readonly AggregateFunctions[]): AddToSlot {
  const count = columns.length
  return (slot, value) => {
    for (let i = 0; i < count; i++) {
      const column = columns[i] as AccumulatorColumn
      const aggregate = aggregates[i] as AggregateFunctions
      const before = column.get(slot)
      if (typeof before === 'object') column.touch(slot)
      const after = aggregate.add(before === undefined ? aggregate.create() : before, value)
      if (!column.replaceNumber(slot, after)) column.put(slot, after)
    }
  }
}

export function adder(specialize: Specialize, { columns, aggregates }: AggregateParts): AddToSlot {
  const [column, another] = columns
  if (column !== undefined && another === undefined) return specialize(addOneTemplate, column, aggregates[0] as AggregateFunctions)
  return specialize(addAllTemplate, columns, aggregates)
}

/** One accumulator for each aggregate (WO-10). */
export function aggregateContents(specialize: Specialize, next: Emit, parts: AggregateParts): WindowContents {
  const { names, columns, aggregates } = parts
  return {
    add: adder(specialize, parts),
    fire(slot, key, window, timestamp) {
      const row = rowOf(key, window)
      for (let i = 0; i < names.length; i++)
        row[names[i] as string] = (aggregates[i] as AggregateFunctions).result((columns[i] as AccumulatorColumn).get(slot))
      next(row, timestamp)
    },
    merge(into, from) {
      for (let i = 0; i < names.length; i++) {
        const column = columns[i] as AccumulatorColumn
        const right = column.get(from)
        if (right === undefined) continue
        const left = column.get(into)
        if (typeof left === 'object') column.touch(into)
        column.put(into, left === undefined ? right : (aggregates[i] as AggregateFunctions).merge(left, right))
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
