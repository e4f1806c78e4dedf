/**
 * `npm run attack -- sim [--seed S --seeds 5000] [--full] [--twice 0] [--only-faults crash,torn] [--first 1] [--workers 2]`
 * `npm run attack -- sim --seed X [--keep 0,2]`: one history, told; with some of its faults only
 *
 * The whole engine on simulated machines: real coordinator, tasks, checkpoint log, file edges and command in virtual time.
 */
import { join } from 'node:path'
import { chosenSeed, numberOptions, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
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

export const attack: Attack = {
  name: 'sim',
  summary:
    'the whole engine on simulated machines, with 25 kinds of faults; --seed X replays one; --seeds N, --only-faults a,b, --twice N, --elsewhere N',
  async run(args) {
    const { numbers, only, keep, isFull } = optionsOf(args)
    const { seed, seeds, replay: again, twice, first, workers, elsewhere } = numbers
    const isOne = seeds === 1 || (seeds === undefined && elsewhere === undefined && !isFull)
    const one = again ?? (isOne ? seed : undefined)
    if (one !== undefined) return replay(one, only, keep)
    if (keep !== undefined) throw new Error('--keep needs one history: --seed X --keep 0,2')
    if ((seeds ?? 1) < 1 || (workers as number) < 1) throw new Error('--seeds and --workers need at least 1')
    const chosen = chosenSeed(seed)
    if (elsewhere !== undefined) return runElsewhere(chosen, elsewhere)
    return runMany({
      seed: chosen,
      seeds: seeds ?? (isFull ? SEEDS_FULL : SEEDS),
      twice: twice as number,
      only,
      isFirst: first === 1,
      workers: workers as number,
    })
  },
}

/** Those that are no numbers are taken out first. */
function optionsOf(args: readonly string[]) {
  const rest = [...args]
  const textOf = (name: string): string | undefined => {
    const at = rest.indexOf(name)
    if (at < 0) return undefined
    const [, value] = rest.splice(at, 2)
    if (value === undefined || value.startsWith('--')) throw new Error(`${name} needs a value`)
    return value
  }
  const only = textOf('--only-faults')
  const keep = textOf('--keep')
  const full = rest.indexOf('--full')
  if (full >= 0) rest.splice(full, 1)
  return {
    only: only === undefined ? FAULT_KINDS : faultKindsOf(only),
    keep: keep === undefined ? undefined : keptOf(keep),
    isFull: full >= 0,
    numbers: numberOptions(rest, {
      seed: undefined,
      seeds: undefined,
      replay: undefined,
      twice: 0,
      first: 0,
      workers: 2,
      elsewhere: undefined,
    }),
  }
}

/** Numbers of faults; none for an empty text. */
function keptOf(text: string): readonly number[] {
  const words = text.split(',').map((word) => word.trim())
  if (words.length === 1 && words[0] === '') return []
  if (!words.every((word) => /^\d+$/.test(word))) throw new Error(`--keep ${text}: it needs numbers of faults, as 0,2`)
  return words.map(Number)
}

async function runMany({ seed, seeds, twice, only, isFirst, workers }: Options): Promise<AttackResult> {
  const progress = new Progress('seeds', seeds)
  const sum = newTally()
  const times: number[] = []
  let passed = 0
  let failed = 0
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
  if (twice > 0) process.stdout.write(`${Math.min(twice, seeds)} seeds were run twice and gave the same trace, unless said otherwise\n`)
  // Whoever stops at the first failure wants to know whether there is one.
  const below = isFirst ? [] : belowFloors(sum, seeds, only)
  for (const line of below) process.stdout.write(`  too few: ${line}\n`)
  const isCut = isFirst && failed > 0
  return { passed, failed: failed + below.length, planned: isCut ? done : seeds + below.length, counts: tallyCounts(sum) }
}
