/**
 * The loops that bring a batch of records to an input: the roots of all per-record code. Each is copied for the place where it is
 * used, like the operators, so that V8 can compile it together with all that it calls.
 *
 * Most records go the fast way. A sample goes the inspecting way, the same operators linked by edges that look at each record
 * (rules 1.7 d, 1.12): a test in the fast way, taken or not, would force V8 to allocate records that it can do without.
 */
import type { Budget } from '../core/env.ts'
import type { Emit, Gate, Specialize } from '../operator/contract.ts'

/** Brings `values[from]` to before `values[to]` to an input, until the gate closes; gives the place of the first one left. */
export type Loop = (values: readonly unknown[], stamps: Float64Array | undefined, from: number, to: number) => number

/** The two ways into one input. In test mode both inspect. */
export interface Ways<E> {
  readonly fast: E
  readonly inspecting: E
}

/** All of the first records are inspected, then one of so many. */
const INSPECTED_FIRST = 100
const ONE_IN = 1024

/** Whether the n-th record, from 0, is of the sample. */
export function isSampled(n: number): boolean {
  return n < INSPECTED_FIRST || n % ONE_IN === 0
}

/** Calls its template as it is: for code that seldom runs. */
export const shared: Specialize = (template, ...args) => template(...args)

function plainTemplate(next: Emit, gate: Gate): Loop {
  return (values, _stamps, from, to) => {
    let i = from
    for (; i < to && !gate.isClosed; i++) next(values[i], Number.NaN)
    return i
  }
}

function stampedTemplate(next: Emit, gate: Gate): Loop {
  return (values, stamps, from, to) => {
    const timestamps = stamps as Float64Array
    let i = from
    for (; i < to && !gate.isClosed; i++) next(values[i], timestamps[i] as number)
    return i
  }
}

/** For batches with and without timestamps. */
export function inputLoop(specialize: Specialize, next: Emit, gate: Gate): Loop {
  const plain = specialize(plainTemplate, next, gate)
  const stamped = specialize(stampedTemplate, next, gate)
  return (values, stamps, from, to) => (stamps === undefined ? plain(values, stamps, from, to) : stamped(values, stamps, from, to))
}

/** Sends the sample the inspecting way. */
export function sampling(ways: Ways<Loop>, inspectAll: boolean): Loop {
  if (inspectAll) return ways.inspecting
  const { fast, inspecting } = ways
  let first = INSPECTED_FIRST
  let left = 0
  return (values, stamps, from, to) => {
    let i = from
    while (i < to) {
      const isSample = left === 0
      const end = isSample ? i + 1 : Math.min(to, i + left)
      // One call with two targets: V8 then compiles the fast way alone, not what inspects with it.
      const reached = (isSample ? inspecting : fast)(values, stamps, i, end)
      if (!isSample) left -= reached - i
      else if (reached === end) left = --first > 0 ? 0 : ONE_IN - 1
      i = reached
      if (i < end) break
    }
    return i
  }
}

/** Records between two looks at the budget: few at first and where they are slow, a whole batch where they are not. */
const FIRST_CHUNK = 16
const LONGEST_CHUNK = 512

/**
 * Stops when the budget is spent, wherever in the batch that is: however long user code takes for a record, a turn is a few
 * milliseconds, and checkpoints, heartbeats and a stop do not wait for a whole batch.
 */
export function paced(loop: Loop, newBudget: () => Budget): Loop {
  let chunk = FIRST_CHUNK
  return (values, stamps, from, to) => {
    const budget = newBudget()
    let i = from
    while (i < to) {
      const end = Math.min(to, i + chunk)
      i = loop(values, stamps, i, end)
      if (i < end) break
      if (!budget.hasLeft()) {
        chunk = Math.max(1, chunk >> 1)
        break
      }
      chunk = Math.min(LONGEST_CHUNK, chunk * 2)
    }
    return i
  }
}
