/** How one job is run: everything that is not its program. Data, so that a failure can show it. */
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { DeliveryStyle } from './fake-source.ts'

export interface RunPlan {
  readonly size: number
  readonly isConserving: boolean
  readonly hasWindows: boolean
  readonly parallelisms: readonly number[]
  /** Parallelism of steps in turn; empty: all have the run's. */
  readonly hints: readonly number[]
  readonly keyGroups: number
  readonly crashes: number
  readonly crashPointChance: number
  readonly faults: { readonly error: number; readonly slow: number } | undefined
  readonly everyMs: number
  readonly retain: number
  readonly check: boolean
  readonly isLazy: boolean
  readonly tuning: {
    readonly batchRecords?: number
    readonly credits?: number
    readonly failureBudget?: number
    readonly generateCode?: boolean
    readonly generalWindows?: boolean
  }
  /** Subtasks have their turns in any order, not in rotation. */
  readonly isShuffled: boolean
  /** A checkpoint that takes longer is given up. */
  readonly timeoutMs: number
  readonly delivery: Omit<DeliveryStyle, 'ownTimestamps'>
}

/** Jobs that are about one thing more than others are. */
export type Focus = 'windows'

export function drawPlan(random: SeededRandom, focus?: Focus): RunPlan {
  const plan = drawAny(random)
  if (focus === undefined) return plan
  // Windows of keys whose subtasks have seen different watermarks: that takes idleness, and restores at another parallelism.
  return {
    ...plan,
    hasWindows: true,
    parallelisms: random.chance(0.8)
      ? random.pick([
          [1, 4, 2],
          [1, 3],
          [2, 4],
        ])
      : plan.parallelisms,
    crashes: random.pick([2, 3, 5]),
    everyMs: 10,
    delivery: { ...plan.delivery, discovers: random.chance(0.5), silences: random.pick([0, 0.1, 0.3]) },
  }
}

function drawAny(random: SeededRandom): RunPlan {
  const isSingle = random.chance(0.45)
  const crashes = random.pick([0, 1, 1, 2, 3, 5])
  return {
    size: 1 + random.below(8),
    isConserving: random.chance(0.15),
    hasWindows: random.chance(0.5),
    parallelisms: isSingle ? [1] : random.pick([[2], [1, 2, 3], [3, 4], [1, 4, 2]]),
    hints: !isSingle && random.chance(0.2) ? [1 + random.below(3), 1 + random.below(3), 1 + random.below(3)] : [],
    keyGroups: random.pick([4, 16, 128, 1_024]),
    crashes,
    crashPointChance: crashes > 0 && random.chance(0.4) ? 0.01 : 0,
    faults: random.chance(0.1) ? { error: 0.003, slow: 0.02 } : undefined,
    everyMs: random.pick([10, 10, 15, 40]),
    retain: 1 + random.below(3),
    check: random.chance(0.3),
    isLazy: random.chance(0.5),
    tuning: {
      ...random.pick([{}, { batchRecords: 1, credits: 1 }, { batchRecords: 1 }, { batchRecords: 3, credits: 1 }, { batchRecords: 7 }]),
      generateCode: random.chance(0.5),
      generalWindows: random.chance(0.3),
      failureBudget: random.pick([0, 1, 1_000]),
    },
    isShuffled: random.chance(0.7),
    // The short one is often too short, but not for every attempt of a job whose tasks run one record at a time.
    timeoutMs: random.pick([600_000, 600_000, 600_000, 150]),
    delivery: {
      discovers: random.chance(0.1),
      waits: random.pick([0, 0.1, 0.3, 0.6]),
      silences: random.pick([0, 0, 0.1]),
      disobeys: random.pick([0, 0, 0.3]),
    },
  }
}
