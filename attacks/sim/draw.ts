/**
 * Draws a plan from a seed. Swarm: which kinds of faults there are at all, how often and on what scale of time, how slow the disk is and
 * what the job looks like are drawn for each seed anew. A fixed distribution finds far less (correctness.md, finding 1).
 */
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import type { Tempo } from '../../packages/millrace/src/simulate/machine.ts'
import { FAULT_KINDS, type FaultKind } from './kinds.ts'
import { type DiskErrorKind, type Fault, type Life, type SimPlan, type When, type Where } from './plan.ts'

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
/** What ends the life of a process, or makes another one want its job. */
const ENDS: readonly FaultKind[] = [
  'crash',
  'point',
  'twin',
  'power',
  'torn',
  'unsynced',
  'names',
  'mixed',
  'pause',
  'rival',
  'stop',
  'rot',
]
const SECOND_FAULTS: readonly FaultKind[] = ['crash', 'power', 'torn', 'unsynced', 'names', 'mixed', 'read', 'pause']
/** Between a change of a directory and its sync. */
const UNSYNCED_NAMES = CRASH_POINTS.filter((point) => /\.after(Link|Make|Create|Sync|Rename)$/.test(point))
/** What a process passes before it comes to its first records. */
const RESTORING = CRASH_POINTS.filter((point) => /^(claim\.after|restore\.|withdraw\.|files\.withdraw\.|files\.part\..*Copy$)/.test(point))
/** Both say how long what is told travels: a life has one of them. */
const LINKS: readonly FaultKind[] = ['links', 'stale']
/** Of plans with an end in them: some have none, and some such faults come too late, so that three of ten plans have one that hits. */
const RECOVERY_CHANCE = 0.45
const LONGEST_CHUNK_MS = 8_000
const PARALLELISMS: readonly number[] = [1, 1, 2, 2, 3]

export function drawPlan(seed: number, only: readonly FaultKind[] = FAULT_KINDS): SimPlan {
  const tempo = drawTempo(new SeededRandom(seed, 'tempo'))
  const pace = drawPace(new SeededRandom(seed, 'pace'))
  const random = new SeededRandom(seed, 'job')
  const isSerial = random.chance(0.15)
  const rowsPerFile = random.chance(0.03) ? 150 + random.below(200) : 10 + random.below(28)
  return {
    seed,
    shape: {
      seed,
      files: isSerial ? 1 : 1 + random.below(3),
      rowsPerFile,
      keysPerFile: 1 + random.below(6),
      spanMs: random.pick([2_000, 8_000, 8_000, 20_000]),
      strays: random.pick([0, 0.2, 0.2]),
    },
    ledger: { seed, files: 1 + random.below(2), transfers: 8 + random.below(30), accounts: 2 + random.below(6) },
    sinks: drawSinks(random),
    ...pace,
    retain: random.pick([1, 1, 3]),
    keyGroups: random.pick([4, 16, 64]),
    check: random.chance(0.25),
    partBytes: random.pick([undefined, undefined, 300, 3_000, 1_000_000]),
    hesitates: random.chance(0.4),
    tempo,
    tuning: {
      batchRecords: random.pick([1, 2, 3, 4, 16]),
      credits: 1 + random.below(2),
      failureBudget: random.pick([0, 3, 100]),
      // Made for each operator of each attempt, and that is what costs most in short lives.
      generateCode: random.chance(0.15),
      compaction: { fanIn: 2 + random.below(4), minRewriteBytes: random.pick([500, 5_000, 50_000]) },
    },
    isShuffled: random.chance(0.5),
    isSerial,
    lives: drawLives(new SeededRandom(seed, 'faults'), only, { tempo, pace }).map((life) =>
      isSerial ? { ...life, parallelism: 1 } : life,
    ),
    lastParallelism: isSerial ? 1 : random.pick(PARALLELISMS),
  }
}

/** Each costs files for every subtask of every checkpoint: a seed has few of them. */
function drawSinks(random: SeededRandom): readonly string[] {
  const windows = random.pick([['tumbling', 'late'], ['sliding'], ['sessions'], ['tumbling', 'late', 'sessions'], ['sliding', 'sessions']])
  const others = random.pick([[], ['buckets'], ['silences'], ['buckets', 'silences'], ['sums'], ['statistics']])
  return [
    'history',
    ...windows,
    ...others,
    ...(random.chance(0.3) ? ['alarms'] : []),
    ...random.pick([[], [], [], ['moments'], ['moment-rows']]),
  ]
}

type Pace = Pick<SimPlan, 'everyMs' | 'leaseMs' | 'timeoutMs' | 'restart' | 'pauseMs' | 'commitMs'>

/**
 * Most are in a hurry: many checkpoints, and each of their entries comes with a heartbeat. Some are calm: nothing but the heartbeat says
 * for longer than a lease that its owner lives.
 */
function drawPace(random: SeededRandom): Pace {
  const isCalm = random.chance(0.15)
  const leaseMs = isCalm ? random.pick([400, 700]) : random.pick([1_000, 1_000, 3_000])
  return {
    everyMs: isCalm ? leaseMs * random.pick([2, 5]) : random.pick([10, 20, 20, 50, 100]),
    leaseMs,
    timeoutMs: random.pick([2_000, 5_000, 60_000]),
    restart: random.pick([
      { strategy: 'fixed-delay', attempts: 60, delay: 5 },
      { strategy: 'fixed-delay', attempts: 60, delay: 5 },
      { strategy: 'failure-rate', failures: 60, per: '1m', delay: 50 },
      { strategy: 'exponential', initial: 20, max: '2s' },
      { strategy: 'exponential' },
    ]),
    pauseMs: isCalm ? 400 : 8,
    commitMs: random.pick([2, 2, 2, 100, 800]),
  }
}

function drawTempo(random: SeededRandom): Tempo {
  const [usualMs, syncMs] = random.pick([
    [0.02, 0.2],
    [0.05, 2],
    [0.3, 1],
  ] as const)
  return { usualMs, syncMs, tail: random.pick([0, 0.01, 0.04]), tailFactor: random.pick([10, 100]) }
}

interface Rhythm {
  readonly tempo: Tempo
  readonly pace: Pace
}

function drawLives(random: SeededRandom, only: readonly FaultKind[], rhythm: Rhythm): readonly Life[] {
  const enabled = only.filter(() => random.chance(0.5))
  const swarm = new Swarm(random, enabled.length === 0 ? [random.pick(only)] : enabled, rhythm)
  const lives: Life[] = []
  const count = random.pick([1, 1, 2, 2, 3, 4])
  for (let index = 0; index < count; index++) {
    const life = swarm.life()
    const twin = life.faults.find((fault) => fault.kind === 'twin')
    lives.push(life, ...(twin === undefined ? [] : [swarm.afterTwin(twin)]))
  }
  const second = only.filter((kind) => SECOND_FAULTS.includes(kind))
  const hit = lives.findIndex(({ faults }) => faults.some(({ kind }) => ENDS.includes(kind) && kind !== 'rot' && kind !== 'rival'))
  if (hit >= 0 && second.length > 0 && random.chance(RECOVERY_CHANCE))
    lives.splice(hit + 1, 0, { parallelism: 1 + random.below(3), faults: [swarm.inRecovery(random.pick(second))], isRecovery: true })
  return lives
}

class Swarm {
  readonly #random: SeededRandom
  readonly #ends: readonly FaultKind[]
  readonly #others: readonly FaultKind[]
  readonly #scaleMs: number
  readonly #othersChance: number

  /** As long as a process takes about to come to its first records. */
  readonly #startMs: number
  readonly #leaseMs: number
  readonly #timeoutMs: number
  readonly #favourites: readonly string[]

  constructor(random: SeededRandom, enabled: readonly FaultKind[], { tempo: { usualMs, syncMs }, pace }: Rhythm) {
    this.#random = random
    this.#ends = enabled.filter((kind) => ENDS.includes(kind))
    this.#others = enabled.filter((kind) => !ENDS.includes(kind))
    this.#scaleMs = random.pick([40, 120, 300]) * (pace.pauseMs > 100 ? 10 : 1)
    this.#leaseMs = pace.leaseMs
    this.#timeoutMs = pace.timeoutMs
    // What goes wrong at one place twice, in two lives, is rare where places are many.
    const family = random.pick(['', '', '', 'storage.entry', 'storage', 'directory', 'files'])
    this.#favourites = CRASH_POINTS.filter((point) => point.startsWith(family))
    this.#startMs = 20 + 12 * syncMs + 100 * usualMs
    this.#othersChance = random.pick([0.3, 0.6, 1])
  }

  life(): Life {
    const random = this.#random
    const faults: Fault[] = []
    const isPlain = this.#ends.length > 0 && (this.#others.length === 0 || !random.chance(this.#othersChance))
    if (!isPlain && this.#others.length > 0) faults.push(this.#draw(random.pick(this.#others)))
    const [first] = faults
    const seconds = first === undefined ? [] : this.#others.filter((kind) => !(LINKS.includes(kind) && LINKS.includes(first.kind)))
    if (seconds.length > 0 && random.chance(0.5)) faults.push(this.#draw(random.pick(seconds)))
    if (this.#ends.length > 0) {
      const end = this.#draw(random.pick(this.#ends))
      // It has to refuse before anything else can happen.
      if (end.kind === 'rot') return { parallelism: 1 + random.below(3), faults: [end], isRecovery: false }
      faults.push(end)
    }
    return { parallelism: random.pick(PARALLELISMS), faults, isRecovery: false }
  }

  /** What the one that was killed has begun and not synced, the next one goes on with: which of both is lost? */
  afterTwin({ when }: Extract<Fault, { kind: 'twin' }>): Life {
    const again: When = when.at === 'point' ? { ...when, nth: 1 } : when
    const loses = this.#random.pick(['names', 'mixed'] as const)
    return { parallelism: this.#random.pick(PARALLELISMS), faults: [{ kind: 'twin', when: again, loses }], isRecovery: false }
  }

  inRecovery(kind: FaultKind): Fault {
    const random = this.#random
    if (kind === 'read') return { kind, where: 'checkpoints', from: 1 + random.below(12), every: 1, times: 1 + random.below(3) }
    const fault = this.#draw(kind)
    // Who takes over meanwhile deletes what was still to be read: few operations of many.
    const isNamed = kind === 'pause' && random.chance(0.7)
    const when: When = isNamed ? { at: 'point', point: random.pick(RESTORING), nth: 1 } : { at: 'recovery', nth: 1 + random.below(40) }
    return 'when' in fault ? { ...fault, when } : fault
  }

  #draw(kind: FaultKind): Fault {
    const random = this.#random
    switch (kind) {
      case 'crash':
        return { kind, when: { at: 'time', ms: this.#ms() } }
      case 'point':
        return { kind, when: this.#point() }
      case 'twin':
        return { kind, when: this.#point(UNSYNCED_NAMES), loses: undefined }
      case 'power':
      case 'torn':
      case 'unsynced':
      case 'names':
      case 'mixed':
        return { kind, when: random.chance(0.5) ? this.#point() : { at: 'time', ms: this.#ms() } }
      case 'pause':
        return {
          kind,
          when: random.chance(0.7) ? this.#point() : { at: 'time', ms: this.#ms() },
          forMs: this.#leaseMs + random.below(6 * this.#leaseMs),
        }
      case 'rival':
        return { kind, ms: this.#ms() }
      case 'links':
        return { kind, usualMs: random.pick([0.1, 1, 5]), slow: random.pick([0.02, 0.05, 0.3]), slowMs: random.pick([10, 60]) }
      case 'stale':
        return { kind, ms: this.#ms(), polls: 1 + random.below(random.pick([1, 20])), travelMs: random.pick([10, 40, 120]) }
      case 'slow':
        return this.#slow()
      case 'space':
      case 'short':
      case 'write':
      case 'sync':
      case 'read':
      case 'rename':
        return this.#diskError(kind)
      case 'reply':
        // Also the last entry of a job, again and again.
        return { kind, where: this.#where(), from: 1 + random.below(random.pick([6, 40])), times: 1 + random.below(4) }
      case 'refuse':
        return random.chance(0.5)
          ? { kind, how: 'refused', from: 1 + random.below(3), times: 1 }
          : { kind, how: 'outage', from: 1 + random.below(3), times: 12 + random.below(40) }
      case 'timeout':
        return { kind, afterMs: this.#startMs * random.pick([0.1, 0.2, 0.5]) }
      case 'clock':
        return { kind, ms: this.#ms(), byMs: random.pick([-HOUR_MS, -90_000, 5_000, 3 * HOUR_MS, YEAR_MS]) }
      case 'stop':
        return { kind, ms: this.#ms(), againMs: random.chance(0.2) ? 1 + random.below(30) : undefined }
      case 'rot':
        return { kind, how: random.pick(['bit', 'bit', 'file', 'log']) }
    }
  }

  /** A chunk that is given up before it is there comes when its attempt, or the job, is over. Whoever ends waits longer than for one. */
  #slow(): Fault {
    const random = this.#random
    const isLasting = random.chance(0.3)
    return {
      kind: 'slow',
      where: isLasting ? 'chunks' : this.#where(),
      chance: random.pick([0.02, 0.1, 0.4]),
      mostMs: isLasting ? Math.min(1.5 * this.#timeoutMs, LONGEST_CHUNK_MS) : random.pick([20, 200, 4 * this.#leaseMs]),
      forMs: 100 + random.below(900),
    }
  }

  #diskError(kind: DiskErrorKind): Fault {
    const random = this.#random
    const from = 1 + random.below(random.pick([4, kind === 'read' ? 60 : 40]))
    // Once, in a row, or every so often: checkpoints are aborted, and what they held is in the next.
    const [every, times] = random.pick([
      [1, 1],
      [1, 2 + random.below(10)],
      [2 + random.below(6), 2 + random.below(10)],
    ] as const)
    return { kind, where: kind === 'read' ? random.pick(['input', 'checkpoints', 'all']) : this.#where(), from, every, times }
  }

  #where(): Where {
    return this.#random.pick(['checkpoints', 'log', 'output', 'all'])
  }

  #ms(): number {
    const share = this.#random.next()
    const fromMs = this.#random.chance(0.7) ? this.#startMs : 3
    return Math.floor(fromMs + this.#scaleMs * share * (0.5 + share))
  }

  #point(among: readonly string[] = CRASH_POINTS): When {
    const favourites = this.#favourites.filter((point) => among.includes(point))
    return {
      at: 'point',
      point: this.#random.pick(favourites.length === 0 ? among : favourites),
      nth: 1 + this.#random.below(this.#random.pick([2, 8])),
    }
  }
}
