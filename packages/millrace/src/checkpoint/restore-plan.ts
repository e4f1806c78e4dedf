/**
 * What each subtask gets from a manifest, at any parallelism. Pure.
 *
 * RP1  A subtask reads the runs that intersect its key groups, oldest first, and from each only its own groups.
 * RP2  The watermark of a keyed subtask is the minimum over its groups, so that nothing is dropped that was on time; a group with
 *      a higher one keeps it as its floor, so that nothing fires twice (rules 1.2 c).
 *      Of a step without a key it is the minimum over all: its subtasks may get other splits now than those of equal number had.
 * RP3  Positions are found by the name of the split: whichever reader owns it takes it.
 * RP4  What writers sealed is concatenated in order of subtasks and cut into contiguous pieces whose sizes differ by one at most,
 *      the larger ones first (OS-1).
 */
import type { Plain } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { keyGroupRangeOf, type KeyGroupRange } from '../core/key-group.ts'
import { WATERMARK_START } from '../core/time.ts'
import { chainOf } from './compaction.ts'
import type { ChunkRef, GroupWatermark, KeyedPart, Manifest, OperatorPart, Run, SplitState, StoredCommittable } from './manifest.ts'

export interface PlacedOperator {
  readonly address: string
  readonly kind: OperatorPart['kind']
  readonly parallelism: number
  readonly isKeyless?: true | undefined
}

export type OperatorRestore =
  | { readonly kind: 'keyed'; readonly subtasks: readonly KeyedRestore[] }
  | { readonly kind: 'source'; readonly splits: Readonly<Record<string, SplitState>> }
  | { readonly kind: 'sink'; readonly committables: readonly StoredCommittable[]; readonly subtasks: readonly SinkRestore[] }

export interface KeyedRestore {
  readonly range: KeyGroupRange
  /** Oldest first; `first` and `last` are what this subtask reads of it. */
  readonly runs: readonly (Run & { readonly ref: ChunkRef })[]
  readonly watermark: number
  /** Groups whose watermark was higher, ascending; empty unless idleness or a change of parallelism set them apart. */
  readonly floors: readonly GroupWatermark[]
}
export interface SinkRestore {
  readonly writerStates: readonly Plain[]
}

/**
 * By address; an operator that the manifest does not hold begins empty. Ask `compareWithPlan` first.
 * @throws {CHECKPOINT_CORRUPT} when a run names a chunk that the manifest does not list
 */
export function restorePlan(
  manifest: Manifest | undefined,
  operators: readonly PlacedOperator[],
  keyGroups: number,
): ReadonlyMap<string, OperatorRestore> {
  return new Map(operators.map((operator) => [operator.address, restoreOf(manifest, operator, keyGroups)]))
}

function restoreOf(manifest: Manifest | undefined, operator: PlacedOperator, keyGroups: number): OperatorRestore {
  const part = manifest?.operators[operator.address]
  const subtasks = Array.from({ length: operator.parallelism }, (_, subtask) => subtask)
  switch (operator.kind) {
    case 'keyed': {
      const keyed = part?.kind === 'keyed' ? part : undefined
      const refs = new Map((manifest?.chunks ?? []).map((chunk) => [chunk.name, chunk]))
      const ranges = subtasks.map((subtask) => keyGroupRangeOf({ subtask, parallelism: operator.parallelism, maxParallelism: keyGroups }))
      if (operator.isKeyless === true) return { kind: 'keyed', subtasks: ranges.map((range) => keylessRestore(keyed, range)) }
      return { kind: 'keyed', subtasks: ranges.map((range) => keyedRestore(keyed, range, refs)) }
    }
    case 'source':
      return { kind: 'source', splits: part?.kind === 'source' ? part.splits : {} }
    case 'sink': {
      const sink = part?.kind === 'sink' ? part : undefined
      const dealt = dealOut(sink?.writerStates ?? [], operator.parallelism)
      return { kind: 'sink', committables: sink?.committables ?? [], subtasks: dealt.map((writerStates) => ({ writerStates })) }
    }
  }
}

/** RP1, RP2. */
function keyedRestore(part: KeyedPart | undefined, range: KeyGroupRange, refs: ReadonlyMap<string, ChunkRef>): KeyedRestore {
  if (part === undefined) return { range, runs: [], watermark: WATERMARK_START, floors: [] }
  const runs = chainOf(part.runs, range).map((run) => {
    const ref = refs.get(run.chunk)
    if (ref === undefined)
      throw new StreamError('CHECKPOINT_CORRUPT', `A run refers to the chunk ${run.chunk}, which the checkpoint does not list.`)
    return { ...run, ref }
  })
  const own = part.watermarks.flatMap(({ first, last, watermark }) => {
    const from = Math.max(first, range.first)
    const to = Math.min(last, range.last)
    return from > to ? [] : [{ first: from, last: to, watermark }]
  })
  const watermark = own.reduce((least, group) => Math.min(least, group.watermark), own[0]?.watermark ?? WATERMARK_START)
  return { range, runs, watermark, floors: own.filter((group) => group.watermark > watermark) }
}

function keylessRestore(part: KeyedPart | undefined, range: KeyGroupRange): KeyedRestore {
  const all = (part?.watermarks ?? []).map(({ watermark }) => watermark)
  return { range, runs: [], watermark: all.length === 0 ? WATERMARK_START : Math.min(...all), floors: [] }
}

/** RP4. */
export function dealOut<T>(items: readonly T[], receivers: number): readonly (readonly T[])[] {
  const base = Math.floor(items.length / receivers)
  const larger = items.length % receivers
  const dealt: (readonly T[])[] = []
  for (let receiver = 0, from = 0; receiver < receivers; receiver++) {
    const to = from + base + (receiver < larger ? 1 : 0)
    dealt.push(items.slice(from, to))
    from = to
  }
  return dealt
}
