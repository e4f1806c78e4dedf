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
  'alarms',
  'moments',
] as const
export type Count = (typeof COUNTS)[number]

/**
 * What a history had or had not: each kind of fault, a restore, a fault in a recovery, a process with records in it that was stopped,
 * alarms and windows of processing time that had to come, and whether nothing may be left at its end.
 */
const FEATURES = [...FAULT_KINDS, 'restore', 'recovery', 'stopped', 'alarms', 'moments', 'residue'] as const
type Feature = (typeof FEATURES)[number]

export interface Tally {
  /** How often each has hit. */
  readonly faults: Record<FaultKind, number>
  /** Histories with it. */
  readonly histories: Record<Feature, number>
  readonly counts: Record<Count, number>
}

export function newTally(): Tally {
  return { faults: zeros(FAULT_KINDS), histories: zeros(FEATURES), counts: zeros(COUNTS) }
}

function zeros<N extends string>(names: readonly N[]): Record<N, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<N, number>
}

export function addTally(sum: Tally, { faults, histories, counts }: Tally): void {
  for (const kind of FAULT_KINDS) sum.faults[kind] += faults[kind]
  for (const feature of FEATURES) sum.histories[feature] += histories[feature]
  for (const count of COUNTS) sum.counts[count] += counts[count]
}

/** How rarely chance alone may have less than a floor: as four standard deviations. */
const BY_CHANCE = 3e-5
/** Of all histories, somewhat less than there are: `leastOf` takes off what chance may take. */
const FLOORS: Readonly<Record<Feature, number>> = {
  crash: 0.12,
  point: 0.065,
  twin: 0.07,
  power: 0.09,
  torn: 0.09,
  unsynced: 0.1,
  names: 0.1,
  mixed: 0.095,
  pause: 0.08,
  rival: 0.09,
  links: 0.035,
  stale: 0.015,
  slow: 0.055,
  space: 0.04,
  short: 0.03,
  write: 0.03,
  sync: 0.035,
  read: 0.085,
  rename: 0.03,
  reply: 0.03,
  refuse: 0.015,
  timeout: 0.025,
  clock: 0.045,
  stop: 0.075,
  rot: 0.11,
  restore: 0.45,
  recovery: 0.3,
  stopped: 0.06,
  alarms: 0.2,
  moments: 0.12,
  residue: 0.75,
}

/** What there was too little of. Where kinds are chosen, each is at least as common as among all, and has to hit at all if it can be told. */
export function belowFloors({ histories }: Tally, seeds: number, only: readonly FaultKind[]): string[] {
  const isWhole = only.length === FAULT_KINDS.length
  return (isWhole ? FEATURES : only).flatMap((feature) => {
    const least = Math.min(leastOf(FLOORS[feature], seeds), isWhole ? seeds : 1)
    return histories[feature] < least ? [`${feature}: in ${histories[feature]} histories of at least ${least}`] : []
  })
}

/** Each history has it or has not: the greatest number that chance undercuts hardly ever, which is 0 where few are expected. */
export function leastOf(share: number, seeds: number): number {
  // Of the binomial distribution, as logarithms: for many seeds the first ones are too small for numbers.
  let log = seeds * Math.log1p(-share)
  let below = 0
  for (let least = 0; least < seeds; least++) {
    below += Math.exp(log)
    if (below > BY_CHANCE) return least
    log += Math.log(((seeds - least) / (least + 1)) * (share / (1 - share)))
  }
  return seeds
}

/** As numbers with one name each, for the ledger of campaigns. */
export function tallyCounts({ faults, histories, counts }: Tally): Record<string, number> {
  const { records, processes, checkpoints, restores } = counts
  const sum = Object.values(faults).reduce((all, each) => all + each, 0)
  return { faults: sum, processes, checkpoints, restores, records, residueJudged: histories.residue }
}

export function tallyText({ faults, histories, counts }: Tally): string {
  const list = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  return `faults: ${list(faults)}\nhistories with: ${list(histories)}\n${list(counts)}`
}
