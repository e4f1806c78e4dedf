import { refusePromise } from '../core/errors.ts'
import type { Emit, KeySelector, Operator, Specialize } from '../operator/contract.ts'
import type { AccumulatorColumn, KeyedState } from '../state/contract.ts'

type Reducer = (accumulated: unknown, value: unknown) => unknown
interface Aggregate {
  create(): unknown
  add(accumulator: unknown, value: unknown): unknown
  result(accumulator: unknown): unknown
}

/** The one state of a rolling reduce. */
export const REDUCED = 'reduced'

function reduceTemplate(
  next: Emit,
  keyed: KeyedState,
  column: AccumulatorColumn,
  reducer: Reducer,
  refusePromise: (result: object) => void,
): (select: KeySelector) => Emit {
  const { integers } = keyed
  return (select) => (value, timestamp) => {
    const key = select(value)
    let slot = typeof key === 'number' && (key | 0) === key ? integers.find(key) : -1
    if (slot < 0) slot = keyed.slotOf(key)
    const before = column.get(slot)
    const after = before === undefined ? value : reducer(before, value)
    if (typeof after === 'object' && after !== null) refusePromise(after)
    if (!column.replaceNumber(slot, after)) column.put(slot, after)
    next(after, timestamp)
  }
}

/** One output per input: all values of the key so far, reduced (DS-2). The first one is emitted as it is. */
export function reduceOperator(
  specialize: Specialize,
  next: Emit,
  keyed: KeyedState,
  reducer: Reducer,
  selectors: readonly KeySelector[],
): Operator {
  const input = specialize(reduceTemplate, next, keyed, keyed.accumulator(REDUCED), reducer, refusePromise)
  return { inputs: selectors.map((select) => input(select)) }
}

interface AggregateParts {
  readonly next: Emit
  readonly keyed: KeyedState
  readonly names: readonly string[]
  readonly columns: readonly AccumulatorColumn[]
  readonly aggregates: readonly Aggregate[]
}

function singleTemplate(
  next: Emit,
  keyed: KeyedState,
  name: string,
  column: AccumulatorColumn,
  aggregate: Aggregate,
  refusePromise: (result: object) => void,
): (select: KeySelector) => Emit {
  const { integers } = keyed
  return (select) => (value, timestamp) => {
    const key = select(value)
    let slot = typeof key === 'number' && (key | 0) === key ? integers.find(key) : -1
    if (slot < 0) slot = keyed.slotOf(key)
    let before = column.get(slot)
    // Numbers are replaced, never changed in place.
    if (typeof before === 'object') column.touch(slot)
    if (before === undefined) {
      before = aggregate.create()
      if (typeof before === 'object' && before !== null) refusePromise(before)
    }
    const accumulator = aggregate.add(before, value)
    if (typeof accumulator === 'object' && accumulator !== null) refusePromise(accumulator)
    if (!column.replaceNumber(slot, accumulator)) column.put(slot, accumulator)
    const result = aggregate.result(accumulator)
    if (typeof result === 'object' && result !== null) refusePromise(result)
    const row: Record<string, unknown> = { key }
    row[name] = result
    next(row, timestamp)
  }
}

function aggregateTemplate(parts: AggregateParts, refusePromise: (result: object) => void): (select: KeySelector) => Emit {
  const { next, keyed, names, columns, aggregates } = parts
  const count = names.length
  const { integers } = keyed
  return (select) => (value, timestamp) => {
    const key = select(value)
    let slot = typeof key === 'number' && (key | 0) === key ? integers.find(key) : -1
    if (slot < 0) slot = keyed.slotOf(key)
    const row: Record<string, unknown> = { key }
    for (let i = 0; i < count; i++) {
      const column = columns[i] as AccumulatorColumn
      const aggregate = aggregates[i] as Aggregate
      let before = column.get(slot)
      if (typeof before === 'object') column.touch(slot)
      if (before === undefined) {
        before = aggregate.create()
        if (typeof before === 'object' && before !== null) refusePromise(before)
      }
      const accumulator = aggregate.add(before, value)
      if (typeof accumulator === 'object' && accumulator !== null) refusePromise(accumulator)
      if (!column.replaceNumber(slot, accumulator)) column.put(slot, accumulator)
      const result = aggregate.result(accumulator)
      if (typeof result === 'object' && result !== null) refusePromise(result)
      row[names[i] as string] = result
    }
    next(row, timestamp)
  }
}

/** One output per input: `{ key, ...results }` over all values of the key so far. */
export function aggregateOperator(
  specialize: Specialize,
  next: Emit,
  keyed: KeyedState,
  aggregates: Readonly<Record<string, Aggregate>>,
  selectors: readonly KeySelector[],
): Operator {
  const names = Object.keys(aggregates)
  const columns = names.map((name) => keyed.accumulator(name))
  const all = names.map((name) => aggregates[name] as Aggregate)
  const [name, column, aggregate] = [names[0] as string, columns[0] as AccumulatorColumn, all[0] as Aggregate]
  const input =
    names.length === 1
      ? specialize(singleTemplate, next, keyed, name, column, aggregate, refusePromise)
      : specialize(aggregateTemplate, { next, keyed, names, columns, aggregates: all }, refusePromise)
  return { inputs: selectors.map((select) => input(select)) }
}
