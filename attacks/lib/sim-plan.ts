/** What happens to one simulated job: all drawn from the seed before it begins. */
import type { CompactionLimits } from '../../packages/millrace/src/checkpoint/compaction.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import type { InputShape } from './sequence-input.ts'

/** How the life of one process is disturbed. The last process of a job is left alone. */
export type Trouble =
  | { readonly kind: 'none' }
  /** The second process of a pause: what was set for the first goes on. */
  | { readonly kind: 'beside' }
  | { readonly kind: 'die'; readonly how: 'kill' | 'powerLoss'; readonly afterMs: number }
  | { readonly kind: 'die-at'; readonly how: 'kill' | 'powerLoss'; readonly point: string; readonly nth: number }
  /** Errors and slowness of the disk: checkpoints are aborted, attempts restarted. */
  | { readonly kind: 'faults'; readonly error: number; readonly slow: number; readonly forMs: number }
  /** Every `every`th chunk or entry cannot be written: checkpoints are aborted, and what they held is in the next. */
  | { readonly kind: 'aborts'; readonly every: number; readonly dieAfterMs: number }
  /** Commits take long: checkpoints are complete before those of the one before are committed. */
  | { readonly kind: 'slow-commits'; readonly byMs: number; readonly dieAfterMs: number }
  /** Stopped, while a second process waits; in time, or at a crash point. */
  | {
      readonly kind: 'pause'
      readonly forMs: number
      readonly afterMs: number
      readonly at?: { readonly point: string; readonly nth: number }
    }
  /** A bit of what it needs is flipped before it starts; it has to refuse. */
  | { readonly kind: 'rot' }
  /** Told to stop. */
  | { readonly kind: 'stop'; readonly afterMs: number }

export interface SimPlan {
  readonly seed: number
  readonly shape: InputShape
  readonly wide: boolean
  readonly everyMs: number
  readonly retain: number
  readonly keyGroups: number
  readonly check: boolean
  /** Parts of its sinks stay open over checkpoints until they have so many bytes. */
  readonly partBytes: number | undefined
  /** Its sinks are full now and then. */
  readonly hesitates: boolean
  readonly troubles: readonly Trouble[]
  /** Of each process in turn. */
  readonly parallelisms: readonly number[]
  readonly tuning: {
    readonly batchRecords: number
    readonly credits: number
    readonly failureBudget: number
    readonly compaction: CompactionLimits
  }
  /** After so many processes the wall clock jumps by hours: what has a TTL expires. */
  readonly jumpAfter: number
}

export const LEASE_MS = 1_000
const PAUSE_POINTS = [
  'entry.beforeCreate',
  'entry.afterCreate',
  'commit.before',
  'checkpoint.stored',
  'chunk.before',
  'task.held',
  'storage.entry.beforeLink',
]
const KINDS = ['die', 'die', 'die-at', 'die-at', 'faults', 'aborts', 'slow-commits', 'pause', 'pause', 'stop', 'rot', 'rot'] as const

export function simPlan(seed: number): SimPlan {
  const random = new SeededRandom(seed, 'plan')
  const rowsPerFile = (30 + random.below(120)) * (random.chance(0.03) ? 6 : 1)
  const count = 1 + random.below(4)
  return {
    seed,
    shape: {
      seed,
      files: 1 + random.below(4),
      rowsPerFile,
      keysPerFile: 1 + random.below(8),
      spanMs: random.pick([2_000, 10_000, 40_000]),
    },
    wide: random.chance(0.5),
    everyMs: random.pick([10, 20, 50]),
    retain: random.pick([1, 1, 3]),
    keyGroups: random.pick([4, 16, 64]),
    check: random.chance(0.3),
    // From draws of its own: older seeds keep their lives.
    partBytes: new SeededRandom(seed, 'parts').pick([undefined, undefined, 300, 3_000, 1_000_000]),
    troubles: [...Array.from({ length: count }, () => drawTrouble(random)), { kind: 'none' }],
    parallelisms: Array.from({ length: 16 }, () => 1 + random.below(3)),
    tuning: {
      batchRecords: random.pick([1, 2, 3, 4, 16]),
      credits: 1 + random.below(2),
      failureBudget: random.pick([0, 3, 100]),
      compaction: { fanIn: 2 + random.below(4), minRewriteBytes: random.pick([500, 5_000, 50_000]) },
    },
    hesitates: random.chance(0.5),
    jumpAfter: 1 + random.below(count),
  }
}

function drawTrouble(random: SeededRandom): Trouble {
  const how = random.chance(0.5) ? 'kill' : 'powerLoss'
  const afterMs = 5 + Math.floor(300 * random.next() ** 2)
  const kind = random.pick(KINDS)
  switch (kind) {
    case 'die':
      return { kind, how, afterMs }
    case 'die-at':
      return { kind, how, point: random.pick(CRASH_POINTS), nth: 1 + random.below(8) }
    case 'faults':
      return { kind, error: 0.02 * random.next(), slow: 0.05 * random.next(), forMs: 200 + random.below(2_000) }
    case 'aborts':
      return { kind, every: 2 + random.below(3), dieAfterMs: 50 + random.below(400) }
    case 'slow-commits':
      return { kind, byMs: 20 + random.below(200), dieAfterMs: 50 + random.below(400) }
    case 'pause': {
      const at = random.chance(0.7) ? { at: { point: random.pick(PAUSE_POINTS), nth: 1 + random.below(6) } } : {}
      return { kind, forMs: LEASE_MS + random.below(6 * LEASE_MS), afterMs, ...at }
    }
    case 'rot':
      return { kind }
    case 'stop':
      return { kind, afterMs }
  }
}
