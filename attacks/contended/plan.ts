/** What happens to one job of several at a time: data, made of the seed alone. */
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { needOf } from '../kill/needs.ts'
import type { InputFormat, InputShape } from '../lib/sequence-input.ts'

/** When something happens to a process: so long after it said so, or by itself at the nth time that it passes a crash point. */
export type When =
  | { readonly since: 'claiming' | 'running'; readonly afterMs: number }
  | { readonly since: 'point'; readonly point: string; readonly nth: number }

export type Fault =
  | { readonly kind: 'kill'; readonly when: When }
  /** SIGSTOP, and SIGCONT after a while: nobody else is there. */
  | { readonly kind: 'pause'; readonly when: When; readonly pauseMs: number }
  /** It is stopped until a second process has taken the job over, and so long after that; then it wakes up. */
  | { readonly kind: 'takeover'; readonly when: When; readonly pauseMs: number }

export interface RunPlan {
  readonly number: number
  readonly seed: number
  readonly shape: InputShape
  readonly format: InputFormat
  readonly partBytes: number | undefined
  readonly windows: boolean
  readonly wide: boolean
  readonly everyMs: number
  readonly batchRecords: number
  /** So that the job lasts. */
  readonly rowsPerCheckpoint: number
  readonly credits: number
  readonly leaseMs: number
  readonly faults: readonly Fault[]
}

/** Those passed again and again by any process. */
const POINTS = CRASH_POINTS.filter((point) => needOf(point).rare !== true && needOf(point).fresh !== true)
const MOST_FAULTS = 6
const SHORT_LEASES_MS = [300, 500, 1_000]
const LONG_LEASE_MS = 10_000
const LONGEST_PAUSE_MS = 3_000
/** Without --full one run in so many has one of these pauses, none of the first few. */
const LONG_PAUSE_EVERY = 13
const FIRST_LONG_PAUSE = 7
export const LONG_PAUSE_MS: { readonly least: number; readonly most: number } = { least: 10_000, most: 60_000 }

export function planOf(seed: number, number: number, isFull: boolean): RunPlan {
  const random = new SeededRandom(seed, `run ${number}`)
  const hasTakeovers = random.chance(0.5)
  const windows = random.chance(0.5)
  const format = random.pick<InputFormat>(['jsonl', 'csv', 'jsonl.gz'])
  const drawn = Array.from({ length: 2 + random.below(MOST_FAULTS - 1) }, () => faultOf(random, hasTakeovers, isFull))
  const faults = number % LONG_PAUSE_EVERY === FIRST_LONG_PAUSE ? [longPause(random, hasTakeovers), ...drawn.slice(1)] : drawn
  return {
    number,
    seed,
    shape: {
      seed: seed + number,
      files: 1 + random.below(4),
      rowsPerFile: 3_000 + random.below(5_000),
      keysPerFile: 20 + random.below(80),
      spanMs: 60_000,
      ...(windows ? { strays: 0.02 } : {}),
    },
    format,
    partBytes: random.chance(0.5) ? undefined : random.pick([1_000, 50_000]),
    windows,
    wide: format !== 'csv' && random.chance(0.3),
    everyMs: random.pick([10, 30, 60]),
    batchRecords: random.pick([1, 3, 8, 64]),
    rowsPerCheckpoint: 30 + random.below(120),
    credits: random.pick([1, 2]),
    leaseMs: hasTakeovers ? random.pick(SHORT_LEASES_MS) : LONG_LEASE_MS,
    faults,
  }
}

/** Three in ten come while the process before is being recovered from. */
function faultOf(random: SeededRandom, hasTakeovers: boolean, isFull: boolean): Fault {
  const when = whenOf(random)
  const pauseMs = pauseOf(random, isFull)
  if (hasTakeovers && random.chance(0.4)) return { kind: 'takeover', when: { since: 'running', afterMs: random.below(300) }, pauseMs }
  return random.chance(0.5) ? { kind: 'pause', when, pauseMs } : { kind: 'kill', when }
}

function longPause(random: SeededRandom, hasTakeovers: boolean): Fault {
  return { kind: hasTakeovers ? 'takeover' : 'pause', when: { since: 'running', afterMs: random.below(100) }, pauseMs: longPauseMs(random) }
}

function longPauseMs(random: SeededRandom): number {
  return LONG_PAUSE_MS.least + random.below(LONG_PAUSE_MS.most - LONG_PAUSE_MS.least)
}

function whenOf(random: SeededRandom): When {
  if (random.chance(0.3)) return { since: 'claiming', afterMs: random.below(60) }
  if (random.chance(0.4)) return { since: 'point', point: random.pick(POINTS), nth: 1 + random.below(6) }
  return { since: 'running', afterMs: Math.floor(400 * random.next() ** 2) }
}

function pauseOf(random: SeededRandom, isFull: boolean): number {
  if (isFull && random.chance(0.05)) return longPauseMs(random)
  if (random.chance(0.1)) return random.below(LONGEST_PAUSE_MS)
  return 100 + random.below(500)
}

/** How much each process of the job gives way to the others. */
export const NICE: readonly number[] = [0, 0, 5, 10, 19]
