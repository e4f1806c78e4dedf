import { StreamError } from './errors.ts'
import { flinkMurmur } from './hash.ts'

/** Key groups of a job that does not say: with groups as a column of the table, many cost next to nothing. */
export const DEFAULT_KEY_GROUPS: number = 1024
/** Flink's limit, which is also ours: a key group is sent as 16 bits. */
export const MAX_KEY_GROUPS: number = 32768

/** Groups that one subtask owns. Both ends are inside. */
export interface KeyGroupRange {
  readonly first: number
  readonly last: number
}

/**
 * Key group of a key whose encoded bytes have this hash, in [0, maxParallelism). Not checked: this is per-record code.
 *
 * STATE FORMAT: as in Flink, so that state can move there and back.
 * @source Flink `KeyGroupRangeAssignment.computeKeyGroupForKeyHash`
 */
export function keyGroupOf(hash32: number, maxParallelism: number): number {
  return flinkMurmur(hash32) % maxParallelism
}

/** Subtask that owns a key group. Not checked: this is per-record code. */
export function subtaskOf(group: number, parallelism: number, maxParallelism: number): number {
  return ((group * parallelism) / maxParallelism) | 0
}

/**
 * Key groups of one subtask: never empty, and those of all subtasks are disjoint and cover everything.
 * @throws {INVALID_OPTION} unless 0 <= subtask < parallelism <= maxParallelism <= 32,768
 */
export function keyGroupRangeOf(at: {
  readonly subtask: number
  readonly parallelism: number
  readonly maxParallelism: number
}): KeyGroupRange {
  const { subtask, parallelism, maxParallelism } = at
  checkKeyGroups(maxParallelism)
  checkParallelism(parallelism, maxParallelism)
  if (!Number.isInteger(subtask) || subtask < 0 || subtask >= parallelism) {
    throw new StreamError('INVALID_OPTION', `There is no subtask ${subtask} at parallelism ${parallelism}.`)
  }
  return {
    first: Math.ceil((subtask * maxParallelism) / parallelism),
    last: Math.floor(((subtask + 1) * maxParallelism - 1) / parallelism),
  }
}

/** @throws {INVALID_OPTION} unless it is a whole number from 1 to 32,768 */
export function checkKeyGroups(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_KEY_GROUPS) return
  throw new StreamError('INVALID_OPTION', `keyGroups is ${String(count)}: it may be a whole number from 1 to ${MAX_KEY_GROUPS}.`)
}

/** @throws {INVALID_OPTION} unless it is a whole number from 1 to the number of key groups */
export function checkParallelism(parallelism: number, maxParallelism: number): void {
  if (Number.isInteger(parallelism) && parallelism >= 1 && parallelism <= maxParallelism) return
  throw new StreamError(
    'INVALID_OPTION',
    `The parallelism is ${String(parallelism)}: it may be a whole number from 1 to the number of key groups, ${maxParallelism}.`,
  )
}

/**
 * For each key group the smallest integer from 0 that Flink puts into it: what a Flink key selector returns for our records,
 * since `Integer.hashCode()` is the value itself. Takes about 8 ms for 32,768 groups.
 */
export function representativesOf(maxParallelism: number): Int32Array {
  checkKeyGroups(maxParallelism)
  const representatives = new Int32Array(maxParallelism).fill(-1)
  for (let hash = 0, missing = maxParallelism; missing > 0; hash++) {
    const group = keyGroupOf(hash, maxParallelism)
    if (representatives[group] !== -1) continue
    representatives[group] = hash
    missing--
  }
  return representatives
}

/**
 * Number of key groups that Flink gives a job of this parallelism which does not say: half as many again, rounded up to a power
 * of two, from 128 to 32,768. Ours is {@link DEFAULT_KEY_GROUPS}; this is for jobs that come from there.
 * @source Flink `KeyGroupRangeAssignment.computeDefaultMaxParallelism`
 */
export function flinkKeyGroupsOf(parallelism: number): number {
  const wanted = parallelism + Math.floor(parallelism / 2)
  let groups = 128
  while (groups < wanted && groups < MAX_KEY_GROUPS) groups *= 2
  return groups
}
