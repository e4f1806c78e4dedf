// Random sources: layouts of files in which watermarks have gone wrong before.
import type { InputRecord, SourceSpec, Split } from './program.ts'
import type { Random } from './random.ts'

/**
 * - same-span: several splits, each over the whole span of time.
 * - consecutive: many small splits one after another in time, up to 200.
 * - one: a single split.
 * - with-empty: like same-span, and one split without a record.
 * - no-splits: nothing at all.
 */
export const LAYOUTS = ['same-span', 'consecutive', 'one', 'with-empty', 'no-splits'] as const
export type Layout = (typeof LAYOUTS)[number]

export interface SourceOptions {
  readonly id: string
  readonly firstId: number
  readonly count: number
  readonly layout: Layout
  readonly timed: boolean
  /** Far out of order in small batches: records are late for windows, not only for the watermark. */
  readonly isUnruly?: boolean
}

const TAGS = ['a', 'b', 'c', 'ä-long-tag-name'] as const
const SPAN_MS = 1_000

/** A source of `count` records with ids from `firstId`. About a third of all timed sources have records later than the watermark allows. */
export function randomSource(random: Random, options: SourceOptions): SourceSpec {
  const isUnruly = options.isUnruly === true
  const jitterMs = random.pick(isUnruly ? [100, 300, 600] : [0, 0, 5, 50, 300])
  const outOfOrdernessMs = random.pick(isUnruly ? [0, 3, 30] : [0, 3, jitterMs, jitterMs * 2])
  const draw = { random, keys: random.pick([1, 3, 10]), jitterMs, start: random.pick([0, -500, 1_000_000]), timed: options.timed }
  const splits = layOut(draw, options).map((records, i) => ({
    id: `${options.id}-${i}`,
    batch: random.pick(isUnruly ? [1, 2, 3] : [1, 2, 3, 7, 20]),
    records,
  }))
  return {
    id: options.id,
    timed: options.timed,
    outOfOrdernessMs,
    idlenessMs: random.chance(0.4) ? random.int(10, 100) : null,
    splits: renumbered(splits, options.firstId),
  }
}

interface Draw {
  readonly random: Random
  readonly keys: number
  readonly jitterMs: number
  readonly start: number
  readonly timed: boolean
}
type Records = readonly InputRecord[]

function layOut(draw: Draw, { layout, count }: SourceOptions): Records[] {
  const { random, start } = draw
  switch (layout) {
    case 'no-splits':
      return []
    case 'one':
      return [records(draw, count, start, SPAN_MS)]
    case 'consecutive': {
      const splitCount = Math.min(count, random.pick([3, 20, 200]))
      const each = Math.max(1, Math.floor(count / splitCount))
      const spanMs = SPAN_MS / splitCount
      return Array.from({ length: splitCount }, (_, i) => records(draw, each, start + Math.floor(i * spanMs), Math.ceil(spanMs)))
    }
    default: {
      const splitCount = random.int(2, 5)
      const splits = Array.from({ length: splitCount }, () => records(draw, Math.floor(count / splitCount), start, SPAN_MS))
      return layout === 'with-empty' ? random.shuffled([[], ...splits]) : splits
    }
  }
}

/** Records whose times grow over the span, each up to the jitter earlier than its place. */
function records({ random, keys, jitterMs, timed }: Draw, count: number, start: number, spanMs: number): Records {
  return Array.from({ length: count }, (_, i) => {
    const at = start + Math.floor((i * spanMs) / count) - random.int(0, jitterMs)
    return { id: 0, key: random.int(1, keys), value: random.int(-5, 100), ts: timed ? at : null, tag: random.pick(TAGS) }
  })
}

function renumbered(splits: readonly Split[], firstId: number): Split[] {
  let id = firstId
  return splits.map((split) => ({ ...split, records: split.records.map((record) => ({ ...record, id: id++ })) }))
}
