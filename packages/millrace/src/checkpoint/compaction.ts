/**
 * Which runs of a keyed operator are merged, and what becomes of a list of runs when a merge is done (D6, rules 1.5 e). Pure.
 *
 *   base │ level 2 │ level 1  level 1 │ delta delta delta …         oldest first
 *        └────────────────────────────┴─ 32 of one level, next to each other ──► one of the next
 *   └───────────────────────────────────────────────────────────── ≥ the base ─► a new base
 *
 * CO1  Only runs that are next to each other in the chain of a range of key groups are merged; so the state that the chain gives
 *      is the same before and after.
 * CO2  Merged deltas keep their tombstones; a base, which has nothing older behind it, has none.
 * CO3  A base is rewritten when the deltas behind it have three quarters of its bytes, and at least MIN_REWRITE_BYTES: the rewriting
 *      is paid for by what has changed, and a restore reads at most twice the base and that minimum, though deltas are written
 *      while the base is.
 * CO4  At most FAN_IN - 1 runs of one level stay, so a chain has about 2 × FAN_IN runs.
 * CO5  A merge is of one range. A run that is wider, after a rescale, goes on serving the rest of its groups.
 * CO6  A merge whose inputs are no longer all there is void: another one was faster.
 */
import type { KeyGroupRange } from '../core/key-group.ts'
import type { ChunkRef, Manifest, Run } from './manifest.ts'

/** Runs of one level that become one. */
export const FAN_IN = 32
/** Below this, rewriting costs more files than it saves bytes: 256 KiB. */
export const MIN_REWRITE_BYTES = 262_144

/** When runs are merged. */
export interface CompactionLimits {
  readonly fanIn: number
  readonly minRewriteBytes: number
}
export const COMPACTION_LIMITS: CompactionLimits = { fanIn: FAN_IN, minRewriteBytes: MIN_REWRITE_BYTES }

/** What is to be merged: the parts of `inputs` (oldest first) that lie in the range. */
export interface MergeTask {
  readonly operator: string
  readonly first: number
  readonly last: number
  readonly inputs: readonly Run[]
  /** `base`: nothing is older, so tombstones are dropped. */
  readonly level: Run['level']
}

/** A merge that is done. `run` is undefined when nothing was left (a base of no live entry). */
export interface Merge {
  readonly operator: string
  readonly first: number
  readonly last: number
  /** Chunks of the inputs, oldest first. */
  readonly inputs: readonly string[]
  readonly run: Run | undefined
  readonly chunk: ChunkRef
}

/** The part of a list of runs that lies in a range, oldest first. Sizes of runs that are only partly inside are shares by groups. */
export function chainOf(runs: readonly Run[], range: KeyGroupRange): readonly Run[] {
  return runs.flatMap((run) => {
    const first = Math.max(run.first, range.first)
    const last = Math.min(run.last, range.last)
    return first > last ? [] : [narrowed(run, first, last)]
  })
}

/** The next merge that a range needs, if any. A range has one merge at a time: ask again when it is in a manifest. */
export function planMerge(
  operator: string,
  runs: readonly Run[],
  range: KeyGroupRange,
  limits: CompactionLimits = COMPACTION_LIMITS,
): MergeTask | undefined {
  const chain = chainOf(runs, range)
  const inputs = rewriteInputs(chain, limits)
  if (inputs !== undefined) return { operator, ...range, inputs, level: 'base' }
  const level = fullLevel(chain, limits)
  if (level === undefined) return undefined
  return { operator, ...range, inputs: level, level: (level[0] as Run & { level: number }).level + 1 }
}

/** CO3: everything, when the deltas are about to outweigh the base. */
function rewriteInputs(chain: readonly Run[], { minRewriteBytes }: CompactionLimits): readonly Run[] | undefined {
  let base = 0
  let deltas = 0
  for (const run of chain) {
    if (run.level === 'base') base += run.bytes
    else deltas += run.bytes
  }
  // After a scale-in a range may hold several bases, side by side: as soon as there is a reason to merge, they become one.
  return deltas >= Math.max(0.75 * base, minRewriteBytes) ? chain : undefined
}

/** CO4: the oldest FAN_IN runs of the lowest level that has so many next to each other. */
function fullLevel(chain: readonly Run[], { fanIn }: CompactionLimits): readonly Run[] | undefined {
  let from = 0
  let best: readonly Run[] | undefined
  for (let at = 0; at <= chain.length; at++) {
    const run = chain[at]
    if (run !== undefined && run.level === chain[from]?.level) continue
    if (at - from >= fanIn && chain[from]?.level !== 'base') best = chain.slice(from, from + fanIn)
    from = at
  }
  // Levels fall along a chain, so the last that was found is the lowest: it is what grows fastest.
  return best
}

/**
 * The list of runs after a merge; newer runs may have been appended meanwhile. Undefined when the merge is void (CO6).
 */
export function applyMerge(runs: readonly Run[], merge: Merge): readonly Run[] | undefined {
  const inputs = new Set(merge.inputs)
  const isInput = (run: Run): boolean => inputs.has(run.chunk) && run.first <= merge.last && run.last >= merge.first
  const chain = runs.filter((run) => run.first <= merge.last && run.last >= merge.first)
  const from = chain.findIndex(isInput)
  const found = chain.slice(from, chain.findLastIndex(isInput) + 1)
  if (from < 0 || !found.every(isInput) || new Set(found.map((run) => run.chunk)).size !== inputs.size) return undefined
  if (merge.run?.level === 'base' && from > 0) return undefined
  const position = runs.indexOf(found.at(-1) as Run)
  return runs.flatMap((run, i) => {
    const rest = isInput(run) ? withoutRange(run, merge) : [run]
    return i === position && merge.run !== undefined ? [...rest, merge.run] : rest
  })
}

/** Which merges still fit a manifest, applied one after the other, and which came too late (CO6). */
export function fittingMerges(
  manifest: Manifest | undefined,
  merges: readonly Merge[],
): { readonly fitting: readonly Merge[]; readonly late: readonly Merge[] } {
  const fitting: Merge[] = []
  const late: Merge[] = []
  const runs = new Map<string, readonly Run[]>()
  for (const merge of merges) {
    const part = manifest?.operators[merge.operator]
    const before = runs.get(merge.operator) ?? (part?.kind === 'keyed' ? part.runs : [])
    const after = applyMerge(before, merge)
    if (after === undefined) late.push(merge)
    else {
      fitting.push(merge)
      runs.set(merge.operator, after)
    }
  }
  return { fitting, late }
}

/** What a run still serves when a range is taken from it. */
function withoutRange(run: Run, range: KeyGroupRange): readonly Run[] {
  const rest: Run[] = []
  if (run.first < range.first) rest.push(narrowed(run, run.first, range.first - 1))
  if (run.last > range.last) rest.push(narrowed(run, range.last + 1, run.last))
  return rest
}

function narrowed(run: Run, first: number, last: number): Run {
  if (first === run.first && last === run.last) return run
  const share = (last - first + 1) / (run.last - run.first + 1)
  return { ...run, first, last, bytes: Math.ceil(run.bytes * share), entries: Math.ceil(run.entries * share) }
}
