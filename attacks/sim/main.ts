/**
 * `npm run attack -- sim [--seed S --seeds N]`
 * `npm run attack -- sim --seed X [--keep 0,2]`: one history, told; with some of its faults only
 *
 * The whole engine on simulated machines: real coordinator, tasks, checkpoint log, file edges and command in virtual time.
 */
import { join } from 'node:path'
import { type Attack, type AttackResult, chosenSeed, defineAttack, Progress } from '../lib/attack.ts'
import { flag, OptionError, seed, text, whole, workers } from '../lib/options.ts'
import { runPool } from '../lib/pool.ts'
import { runElsewhere } from './elsewhere.ts'
import { FAULT_KINDS, faultKindsOf, type FaultKind } from './kinds.ts'
import { replay } from './replay.ts'
import { addTally, belowFloors, newTally, tallyCounts, tallyText } from './tally.ts'
import type { Told } from './worker.ts'

const SEEDS = 5_000
const SEEDS_FULL = 20_000
const SHOWN_FAILURES = 5
const CASE_TIMEOUT_MS = 120_000

interface Options {
  readonly seed: number
  readonly seeds: number
  /** So many of them run a second time. */
  readonly twice: number
  readonly only: readonly FaultKind[]
  /** Stop at the first failure. */
  readonly isFirst: boolean
  readonly workers: number
}

export const attack: Attack = defineAttack({
  name: 'sim',
  summary: 'the whole engine on simulated machines, with 25 kinds of faults',
  options: {
    seed,
    seeds: whole(undefined, `so many seeds from --seed on; without it: ${SEEDS}, or the history of --seed alone, told`),
    full: flag(`${SEEDS_FULL} seeds, unless --seeds says otherwise`),
    'only-faults': text('KIND,KIND', `these kinds of faults alone, of ${FAULT_KINDS.join(', ')}`, FAULT_KINDS, faultKindsOf),
    keep: text<readonly number[] | undefined>('N,N', 'in one history, these of its faults alone', undefined, keptOf),
    twice: whole(0, 'the first so many seeds run twice, with equal traces'),
    elsewhere: whole(undefined, 'instead: so many seeds on other releases of Node, in another time zone, locale and folder'),
    first: whole(0, '1: stops at the first failure', { most: 1 }),
    workers,
  },
  async run({ seed: given, seeds, full, 'only-faults': only, keep, twice, elsewhere, first, workers }) {
    const isOne = seeds === 1 || (seeds === undefined && elsewhere === undefined && !full)
    if (isOne && given !== undefined) return replay(given, only, keep)
    if (keep !== undefined) throw new OptionError('--keep needs one history: --seed X --keep 0,2')
    const from = chosenSeed(given)
    if (elsewhere !== undefined) return runElsewhere(from, elsewhere)
    return runMany({ seed: from, seeds: seeds ?? (full ? SEEDS_FULL : SEEDS), twice, only, isFirst: first === 1, workers })
  },
})

/** Numbers of faults; none for an empty text. */
function keptOf(given: string): readonly number[] {
  const words = given.split(',').map((word) => word.trim())
  if (words.length === 1 && words[0] === '') return []
  if (!words.every((word) => /^\d+$/.test(word))) throw new OptionError(`needs numbers of faults, as 0,2, not '${given}'`)
  return words.map(Number)
}

async function runMany({ seed, seeds, twice, only, isFirst, workers }: Options): Promise<AttackResult> {
  const progress = new Progress('seeds', seeds)
  const sum = newTally()
  const times: number[] = []
  let passed = 0
  let failed = 0
  let sameTwice = 0
  const began = performance.now()
  const fail = (number: number, lines: readonly string[]): void => {
    if (++failed <= SHOWN_FAILURES) progress.say(`  seed ${number} (${number - seed + 1}. of ${seeds}): ${lines.join('\n    ')}`)
  }
  await runPool<Told>({
    module: join(import.meta.dirname, 'worker.ts'),
    args: [only.join(','), String(seed + twice)],
    cases: Array.from({ length: seeds }, (_zero, index) => seed + index),
    workers,
    // Most of what a history allocates is dead soon after.
    execArgv: ['--max-semi-space-size=32'],
    timeoutMs: CASE_TIMEOUT_MS,
    isOver: () => isFirst && failed > 0,
    onResult(number, told) {
      addTally(sum, told.tally)
      times.push(told.tookMs)
      if (told.isSameTwice) sameTwice++
      if (told.problems.length > 0) fail(number, told.problems)
      else passed++
      progress.at(passed + failed, failed === 0 ? '' : `${failed} failed`)
    },
    onDeath: (number, reason) => fail(number, [reason]),
  })
  const took = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  const done = passed + failed
  process.stdout.write(
    `${(done / took).toFixed(1)} runs per second, ${Math.round(sum.counts.events / Math.max(1, done))} events per seed; ` +
      `a seed takes ${times[times.length >> 1]?.toFixed(0)} ms (median), ${times[Math.floor(times.length * 0.99)]?.toFixed(0)} ms (99 of 100)\n${tallyText(sum)}\n`,
  )
  if (twice > 0) process.stdout.write(`${sameTwice} of ${Math.min(twice, seeds)} seeds were run twice and gave the same trace\n`)
  // Whoever stops at the first failure wants to know whether there is one.
  const below = isFirst ? [] : belowFloors(sum, seeds, only)
  for (const line of below) process.stdout.write(`  too few: ${line}\n`)
  const isCut = isFirst && failed > 0
  return { passed, failed: failed + below.length, planned: isCut ? done : seeds + below.length, counts: tallyCounts(sum) }
}
