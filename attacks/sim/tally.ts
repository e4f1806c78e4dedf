/** What has really happened in a history: faults that had an effect, and what the engine did. Floors on it fail an attack that has become lame. */
import { FAULT_KINDS, type FaultKind } from './kinds.ts'

const COUNTS = [
  'events',
  'processes',
  'checkpoints',
  'aborts',
  'restores',
  'attemptFailures',
  'loudStops',
  'recoveryFaults',
  'records',
] as const
export type Count = (typeof COUNTS)[number]

export interface Tally {
  readonly faults: Record<FaultKind, number>
  readonly counts: Record<Count, number>
}

export function newTally(): Tally {
  return {
    faults: Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>,
    counts: Object.fromEntries(COUNTS.map((count) => [count, 0])) as Record<Count, number>,
  }
}

export function addTally(sum: Tally, { faults, counts }: Tally): void {
  for (const kind of FAULT_KINDS) sum.faults[kind] += faults[kind]
  for (const count of COUNTS) sum.counts[count] += counts[count]
}

/** Of a run of so many seeds with all kinds; a small one may miss some by chance. */
const LEAST_SEEDS = 200
/** For each seed, about half of what a run of thousands has: `least` takes off what chance may take. */
const FLOORS: Readonly<Record<FaultKind, number>> = {
  crash: 0.1,
  point: 0.04,
  power: 0.06,
  torn: 0.06,
  unsynced: 0.06,
  names: 0.06,
  pause: 0.05,
  rival: 0.05,
  links: 0.05,
  stale: 0.02,
  slow: 0.05,
  space: 0.05,
  short: 0.03,
  write: 0.05,
  sync: 0.05,
  read: 0.04,
  rename: 0.05,
  reply: 0.04,
  timeout: 0.02,
  clock: 0.04,
  stop: 0.06,
  rot: 0.04,
}
const LEAST_RESTORES = 0.6
const LEAST_RECOVERY_FAULTS = 0.04

/** What there was too little of. */
export function belowFloors({ faults, counts }: Tally, seeds: number, only: readonly FaultKind[]): string[] {
  if (seeds < LEAST_SEEDS) return []
  const isWhole = only.length === FAULT_KINDS.length
  const short = only.flatMap((kind) => {
    const least = isWhole ? leastOf(FLOORS[kind] * seeds) : 1
    return faults[kind] < least ? [`${kind}: ${faults[kind]} of at least ${least}`] : []
  })
  if (!isWhole) return short
  const restores = leastOf(LEAST_RESTORES * seeds)
  if (counts.restores < restores) short.push(`restores: ${counts.restores} of at least ${restores}`)
  const recoveryFaults = leastOf(LEAST_RECOVERY_FAULTS * seeds)
  if (counts.recoveryFaults < recoveryFaults) short.push(`faults during a recovery: ${counts.recoveryFaults} of at least ${recoveryFaults}`)
  return short
}

/** Faults come in bunches, some of which a seed has and most have not: so small floors give way by three standard deviations. */
function leastOf(floor: number): number {
  return Math.max(1, Math.floor(floor - 3 * Math.sqrt(floor)))
}

export function tallyText({ faults, counts }: Tally): string {
  const list = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  return `faults: ${list(faults)}\n${list(counts)}`
}
