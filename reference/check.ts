// Comparisons of what came with what must come, and how they differ in words.
import { canonical } from './canonical.ts'
import type { TimeWindow } from './handles.ts'
import type { Emission } from './network.ts'
import type { Row } from './program.ts'

/** Whether timestamps count (default: yes; a sink that cannot see them says no). */
export interface CompareOptions {
  readonly timestamps?: boolean
}

/** `missing` should have come, `extra` should not; both in canonical text, repeats included. `order` tells of the first place where only the order differs. */
export interface Difference {
  readonly where: string
  readonly missing: readonly string[]
  readonly extra: readonly string[]
  readonly order?: string
}

/** Undefined when both hold the same records equally often, in any order. */
export function sameMultiset(
  expected: readonly Emission[],
  actual: readonly Emission[],
  options: CompareOptions = {},
): Difference | undefined {
  return multisetDifference('all', texts(expected, options), texts(actual, options))
}

/** The same per key: one difference for each key that has one. */
export function sameMultisetPerKey(
  expected: ReadonlyMap<string, readonly Emission[]>,
  actual: ReadonlyMap<string, readonly Emission[]>,
  options: CompareOptions = {},
): Difference[] {
  return perKey(expected, actual, options, multisetDifference)
}

/** Undefined when both are the same list. */
export function sameOrder(
  expected: readonly Emission[],
  actual: readonly Emission[],
  options: CompareOptions = {},
): Difference | undefined {
  return orderDifference('all', texts(expected, options), texts(actual, options))
}

/** Each key's list is the same; the order between keys is free. */
export function samePerKeyOrder(
  expected: ReadonlyMap<string, readonly Emission[]>,
  actual: ReadonlyMap<string, readonly Emission[]>,
  options: CompareOptions = {},
): Difference[] {
  return perKey(expected, actual, options, orderDifference)
}

/** Every id exactly once: `missing` are lost, `extra` are duplicates and strangers. */
export function conserved(inputIds: Iterable<number>, seenIds: Iterable<number>): Difference | undefined {
  return multisetDifference('ids', [...new Set(inputIds)].map(String), [...seenIds].map(String))
}

/** The ids of emissions, in order; what has none is not counted. */
export function idsOf(emissions: Iterable<Emission>): number[] {
  return [...emissions].map((emission) => emission.value['id']).filter((id) => typeof id === 'number')
}

type IdsIn = (row: Row) => readonly number[]
const idsField: IdsIn = (row) => row['ids'] as readonly number[]

/**
 * The rows of a window step that still hold, of rows in order for each key: a later one replaces those whose window it covers and whose records it has,
 * for a window that fired again, or sessions that merged (SM-6). (A session may cover one that is gone, and not have its records, where values say the gap.)
 * Read off `by`, else `key`, and `window`; `idsIn` says which records a row counts. For windows of one key that do not overlap.
 */
export function lastRows(rows: readonly Emission[], idsIn: IdsIn = idsField): Emission[] {
  return rows.filter((row, i) => !rows.slice(i + 1).some((later) => replaces(later.value, row.value, idsIn)))
}

function replaces(later: Row, earlier: Row, idsIn: IdsIn): boolean {
  if (canonical(later['by'] ?? later['key']) !== canonical(earlier['by'] ?? earlier['key'])) return false
  const [outer, inner] = [later['window'], earlier['window']] as unknown as [TimeWindow, TimeWindow]
  return outer.start <= inner.start && outer.end >= inner.end && new Set(idsIn(later)).isSupersetOf(new Set(idsIn(earlier)))
}

/**
 * rules 1.2e: where windows do not overlap, end by event time, and neither purge nor evict, each input is counted exactly once, in the last row of its window or among the late.
 * Only when the input has ended.
 */
export function conservedInWindows(
  inputIds: Iterable<number>,
  rows: readonly Emission[],
  late: Iterable<Emission>,
  idsIn: IdsIn = idsField,
): Difference | undefined {
  return conserved(inputIds, [...lastRows(rows, idsIn).flatMap((row) => idsIn(row.value)), ...idsOf(late)])
}

/** A difference for people: counts, and the first five of each side. */
export function describe(difference: Difference | readonly Difference[] | undefined): string {
  if (difference === undefined) return 'no difference'
  if (Array.isArray(difference))
    return difference.length === 0
      ? 'no difference'
      : [...difference.slice(0, 5).map(describe), ...more(difference.length - 5, 'keys that differ')].join('\n')
  const { where, missing, extra, order } = difference as Difference
  return [
    `${where}: ${missing.length} missing, ${extra.length} extra`,
    ...listed('-', missing),
    ...listed('+', extra),
    ...(order === undefined ? [] : [`  order: ${order}`]),
  ].join('\n')
}

function listed(mark: string, lines: readonly string[]): string[] {
  return [...lines.slice(0, 5).map((line) => `  ${mark} ${line}`), ...more(lines.length - 5, mark)]
}

function more(count: number, of: string): string[] {
  return count > 0 ? [`  … and ${count} more (${of})`] : []
}

type Compare = (where: string, expected: readonly string[], actual: readonly string[]) => Difference | undefined

function perKey(
  expected: ReadonlyMap<string, readonly Emission[]>,
  actual: ReadonlyMap<string, readonly Emission[]>,
  options: CompareOptions,
  compare: Compare,
): Difference[] {
  const keys = [...new Set([...expected.keys(), ...actual.keys()])].sort()
  return keys
    .map((key) => compare(`key ${key}`, texts(expected.get(key) ?? [], options), texts(actual.get(key) ?? [], options)))
    .filter((found) => found !== undefined)
}

function texts(emissions: readonly Emission[], { timestamps = true }: CompareOptions): string[] {
  return emissions.map(({ value, timestamp }) => (timestamps ? `${canonical(value)} @${timestamp}` : canonical(value)))
}

function multisetDifference(where: string, expected: readonly string[], actual: readonly string[]): Difference | undefined {
  const missing = without(expected, actual)
  const extra = without(actual, expected)
  return missing.length + extra.length === 0 ? undefined : { where, missing, extra }
}

function orderDifference(where: string, expected: readonly string[], actual: readonly string[]): Difference | undefined {
  const index = expected.findIndex((text, i) => text !== actual[i])
  if (index === -1 && expected.length === actual.length) return undefined
  const content = multisetDifference(where, expected, actual)
  return content ?? { where, missing: [], extra: [], order: `at ${index} expected ${expected[index]}, got ${actual[index]}` }
}

/** The elements of `these` that `those` have not, counting repeats, in order. */
function without(these: readonly string[], those: readonly string[]): string[] {
  const left = new Map<string, number>()
  for (const text of those) left.set(text, (left.get(text) ?? 0) + 1)
  return these.filter((text) => {
    const count = left.get(text) ?? 0
    if (count > 0) left.set(text, count - 1)
    return count === 0
  })
}
