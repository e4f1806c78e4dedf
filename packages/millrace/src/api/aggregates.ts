import { disown, StreamError } from '../core/errors.ts'
import { checkName, shown } from '../plan/ids.ts'
import { keyIdentity } from '../serde/key.ts'
import type { Key } from '../state/contract.ts'
import type { Aggregate } from './aggregate-types.ts'
import { checkPerRecord } from './checks.ts'

/**
 * The built-in aggregates. Where several values tie (`minBy`, `maxBy`, `top`), the one that came first wins (DS-3).
 *
 * @example
 * import { agg, arraySource, defineJob, printSink } from 'millrace'
 * const job = defineJob('accounts', (job) => {
 *   job.from('payments', arraySource([{ card: 'a', amount: 3 }]))
 *     .keyBy((p) => p.card)
 *     .aggregate('account', { payments: agg.count(), total: agg.sum((p) => p.amount), largest: agg.top(3, (p) => p.amount) })
 *     .to('accounts', printSink())
 * })
 * console.log(job.explain().steps.length) // 3
 */
export const agg: {
  /** How many values there were. */
  count<T>(): Aggregate<T, number, number>
  sum<T>(of: (value: T) => number): Aggregate<T, number, number>
  avg<T>(of: (value: T) => number): Aggregate<T, { sum: number; count: number }, number>
  min<T>(of: (value: T) => number): Aggregate<T, number | undefined, number>
  max<T>(of: (value: T) => number): Aggregate<T, number | undefined, number>
  /** The value for which `of` is least. One for which it is NaN is taken only if there is no other. */
  minBy<T>(of: (value: T) => number): Aggregate<T, T | undefined, T>
  /** The value for which `of` is greatest. One for which it is NaN is taken only if there is no other. */
  maxBy<T>(of: (value: T) => number): Aggregate<T, T | undefined, T>
  first<T>(): Aggregate<T, T | undefined, T>
  last<T>(): Aggregate<T, T | undefined, T>
  /** All values, in order of arrival. Costs as much per result as it is long. */
  list<T>(): Aggregate<T, T[], readonly T[]>
  /** The `n` values for which `by` is greatest, greatest first; NaN counts as least. */
  top<T>(n: number, by: (value: T) => number): Aggregate<T, T[], readonly T[]>
  /** How many different keys `of` gives. */
  distinct<T>(of: (value: T) => Key): Aggregate<T, Set<Key>, number>
} = { count, sum, avg, min, max, minBy, maxBy, first, last, list, top, distinct }

/**
 * For aggregates written in place: gives the accumulator's type to every method.
 *
 * @example
 * import { aggregator } from 'millrace'
 * const path = aggregator({ create: () => [] as string[], add: (a: string[], page: string) => [...a, page], merge: (a, b) => a.concat(b), result: (a) => a.join('>') })
 * console.log(path.result(path.add(path.create(), '/'))) // /
 */
export function aggregator<T, A, R>(of: Aggregate<T, A, R>): Aggregate<T, A, R> {
  return of
}

/**
 * Checks what `aggregate()` was given. `what` is how messages call the step.
 * @throws {INVALID_JOB} for what is no aggregate, and for a name that is taken; {INVALID_ID}
 */
export function checkAggregates(what: string, aggregates: Readonly<Record<string, unknown>>, taken: readonly string[] = ['key']): void {
  if (typeof aggregates !== 'object' || aggregates === null)
    throw new StreamError('INVALID_JOB', `${what} was given ${shown(aggregates)}: write aggregates by name, { n: agg.count() }.`)
  if (Object.keys(aggregates).length === 0)
    throw new StreamError('INVALID_JOB', `${what} was given no aggregates: write at least one by name, { n: agg.count() }.`)
  for (const [name, aggregate] of Object.entries(aggregates)) {
    checkName(`The name of an aggregate of ${what}`, name)
    if (taken.includes(name))
      throw new StreamError(
        'INVALID_JOB',
        `${what} has an aggregate called '${name}', which its results already have: choose another name.`,
      )
    const methods = typeof aggregate === 'object' && aggregate !== null ? (aggregate as Readonly<Record<string, unknown>>) : {}
    const missing = ['create', 'add', 'merge', 'result'].filter((method) => typeof methods[method] !== 'function')
    const { kind } = methods
    if (kind !== undefined && typeof kind !== 'string')
      throw new StreamError(
        'INVALID_JOB',
        `The kind of the aggregate '${name}' of ${what} is ${shown(kind)}: write a word, or leave it out.`,
      )
    if (missing.length > 0)
      throw new StreamError(
        'INVALID_JOB',
        `The aggregate '${name}' of ${what} has no ${missing.join(', ')}: write an agg.… or an aggregator({ create, add, merge, result }).`,
      )
  }
}

/** Text would be strung together, and what is missing would be NaN for ever. @throws {TypeError} */
function numberOf(value: number, aggregate: string): number {
  if (typeof value === 'number') return value
  disown(value)
  throw new TypeError(`agg.${aggregate} was given ${shown(value)}, which is no number. Let its function give one: Number(value.field).`)
}

/** @throws {INVALID_JOB} at once, and not with the first record */
function checkOf(of: unknown, aggregate: string): void {
  checkPerRecord(of, { what: `What agg.${aggregate} was given` })
}

const free = new WeakSet<object>()

/** In whichever order and parts values come, the result is the same, but for what floats lose. Of others nobody knows. */
export function isOrderFree(aggregate: object): boolean {
  return free.has(aggregate)
}

function orderFree<A extends object>(aggregate: A): A {
  free.add(aggregate)
  return aggregate
}

function count<T>(): Aggregate<T, number, number> {
  return orderFree({ kind: 'count', create: () => 0, add: (n) => n + 1, merge: (a, b) => a + b, result: (n) => n })
}

function sum<T>(of: (value: T) => number): Aggregate<T, number, number> {
  checkOf(of, 'sum')
  return orderFree({
    kind: 'sum',
    create: () => 0,
    add: (a, value) => a + numberOf(of(value), 'sum'),
    merge: (a, b) => a + b,
    result: (a) => a,
  })
}

function avg<T>(of: (value: T) => number): Aggregate<T, { sum: number; count: number }, number> {
  checkOf(of, 'avg')
  return orderFree({
    kind: 'avg',
    create: () => ({ sum: 0, count: 0 }),
    add(a, value) {
      a.sum += numberOf(of(value), 'avg')
      a.count++
      return a
    },
    merge(a, b) {
      a.sum += b.sum
      a.count += b.count
      return a
    },
    // A window may be older than this aggregate (docs/windows.md), and NaN cannot be written as JSON.
    result: (a) => (a.count === 0 ? (undefined as unknown as number) : a.sum / a.count),
  })
}

function min<T>(of: (value: T) => number): Aggregate<T, number | undefined, number> {
  checkOf(of, 'min')
  return orderFree({
    kind: 'min',
    create: () => undefined,
    add: (a, value) => (a === undefined ? numberOf(of(value), 'min') : Math.min(a, numberOf(of(value), 'min'))),
    merge: (a, b) => (a === undefined ? b : b === undefined ? a : Math.min(a, b)),
    result: (a) => a as number,
  })
}

function max<T>(of: (value: T) => number): Aggregate<T, number | undefined, number> {
  checkOf(of, 'max')
  return orderFree({
    kind: 'max',
    create: () => undefined,
    add: (a, value) => (a === undefined ? numberOf(of(value), 'max') : Math.max(a, numberOf(of(value), 'max'))),
    merge: (a, b) => (a === undefined ? b : b === undefined ? a : Math.max(a, b)),
    result: (a) => a as number,
  })
}

function minBy<T>(of: (value: T) => number): Aggregate<T, T | undefined, T> {
  checkOf(of, 'minBy')
  return selecting('minBy', (candidate, kept) => least(of(candidate), 'minBy') < least(of(kept), 'minBy'))
}

function maxBy<T>(of: (value: T) => number): Aggregate<T, T | undefined, T> {
  checkOf(of, 'maxBy')
  return selecting('maxBy', (candidate, kept) => greatest(of(candidate), 'maxBy') > greatest(of(kept), 'maxBy'))
}

function first<T>(): Aggregate<T, T | undefined, T> {
  return selecting('first', () => false)
}

function last<T>(): Aggregate<T, T | undefined, T> {
  return selecting('last', () => true)
}

/** Keeps one value: a later one only if it is better. */
function selecting<T>(kind: string, isBetter: (candidate: T, kept: T) => boolean): Aggregate<T, T | undefined, T> {
  return {
    kind,
    create: () => undefined,
    add: (kept, value) => (kept === undefined || isBetter(value, kept) ? value : kept),
    merge: (left, right) => (right !== undefined && (left === undefined || isBetter(right, left)) ? right : left),
    result: (kept) => kept as T,
  }
}

// The copies of `list` and `top` are what is emitted: a record may not change when the accumulator does (rules 1.7 h).
function list<T>(): Aggregate<T, T[], readonly T[]> {
  return {
    kind: 'list',
    create: () => [],
    add(a, value) {
      a.push(value)
      return a
    },
    merge(a, b) {
      for (const value of b) a.push(value)
      return a
    },
    result: (a) => a.slice(),
  }
}

function top<T>(n: number, by: (value: T) => number): Aggregate<T, T[], readonly T[]> {
  if (!Number.isSafeInteger(n) || n < 1)
    throw new StreamError('INVALID_OPTION', `agg.top was asked for ${shown(n)} values: it may be a whole number from 1.`)
  checkOf(by, 'top')
  const add = (a: T[], value: T): T[] => {
    const rank = greatest(by(value), 'top')
    let low = 0
    let high = a.length
    // Behind all that are at least as great: of equals the first stays in front.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (greatest(by(a[middle] as T), 'top') >= rank) low = middle + 1
      else high = middle
    }
    if (low < n) {
      a.splice(low, 0, value)
      if (a.length > n) a.pop()
    }
    return a
  }
  return { kind: 'top', create: () => [], add, merge: (a, b) => b.reduce(add, a), result: (a) => a.slice() }
}

function distinct<T>(of: (value: T) => Key): Aggregate<T, Set<Key>, number> {
  checkOf(of, 'distinct')
  return orderFree({
    kind: 'distinct',
    create: () => new Set<Key>(),
    add(seen, value) {
      seen.add(keyIdentity(of(value), 'What agg.distinct counts'))
      return seen
    },
    merge(seen, others) {
      for (const key of others) seen.add(key)
      return seen
    },
    result: (seen) => seen.size,
  })
}

function least(given: number, aggregate: string): number {
  const rank = numberOf(given, aggregate)
  return rank === rank ? rank : Number.POSITIVE_INFINITY
}

function greatest(given: number, aggregate: string): number {
  const rank = numberOf(given, aggregate)
  return rank === rank ? rank : Number.NEGATIVE_INFINITY
}
