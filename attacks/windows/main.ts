/**
 * `npm run attack -- windows [--seed S] [--cases 3000] [--first 1] [--case-seed X] [--workers 2]`
 *
 * Random window steps without a job around them: their subtasks get watermarks far apart, are restored from checkpoints at another
 * parallelism, where key groups keep floors, and are judged for each key by the reference. Whole jobs hardly ever come to that.
 */
import { join } from 'node:path'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { chosenSeed, defineAttack, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { seed, whole, workers } from '../lib/options.ts'
import { runPool } from '../lib/pool.ts'
import { runCase, type CaseReport } from './run-case.ts'

const CASE_TIMEOUT_MS = 60_000
const SHOWN_FAILURES = 10

export const attack: Attack = defineAttack({
  name: 'windows',
  summary: 'window steps with watermarks apart, restored at other parallelisms, against the reference',
  options: {
    seed,
    cases: whole(3_000, 'cases'),
    'case-seed': whole(undefined, 'this case alone, with its story', { least: 0 }),
    first: whole(0, '1: stops at the first failure', { most: 1 }),
    workers,
  },
  async run({ seed: given, cases, 'case-seed': one, first, workers }) {
    if (one !== undefined) return runOne(one)
    return runMany(chosenSeed(given), { cases, isFirst: first === 1, workers })
  },
})

async function runOne(seed: number): Promise<AttackResult> {
  const report = await runCase(seed)
  process.stdout.write(`${report.story.join('\n')}\n${report.problems.join('\n')}\n`)
  return { passed: report.problems.length === 0 ? 1 : 0, failed: report.problems.length === 0 ? 0 : 1 }
}

interface Many {
  readonly cases: number
  /** Stop at the first failure. */
  readonly isFirst: boolean
  readonly workers: number
}

async function runMany(seed: number, { cases: count, isFirst, workers }: Many): Promise<AttackResult> {
  const random = new SeededRandom(seed, 'cases')
  const cases = Array.from({ length: count }, () => random.word() >>> 0)
  const progress = new Progress('cases', count)
  const totals = { passed: 0, failed: 0, records: 0, checkpoints: 0, restores: 0, merges: 0, floors: 0 }
  const failed = (seed: number, what: string): void => {
    if (++totals.failed <= SHOWN_FAILURES) progress.say(`--- case ${seed}: ${what}\nagain: npm run attack -- windows --case-seed ${seed}`)
  }
  await runPool<CaseReport>({
    module: join(import.meta.dirname, 'worker.ts'),
    cases,
    workers,
    timeoutMs: CASE_TIMEOUT_MS,
    isOver: () => isFirst && totals.failed > 0,
    onResult(number, report) {
      for (const name of ['records', 'checkpoints', 'restores', 'merges', 'floors'] as const) totals[name] += report[name]
      if (report.problems.length > 0) failed(number, report.problems.slice(0, 5).join('\n'))
      else totals.passed++
      progress.at(totals.passed + totals.failed, totals.failed === 0 ? '' : `${totals.failed} failed`)
    },
    onDeath: (number, reason) => failed(number, reason),
  })
  const { passed, records, checkpoints, restores, merges, floors } = totals
  process.stdout.write(
    `${records} records, ${checkpoints} checkpoints, ${merges} merges, ${restores} restores, ${floors} subtasks restored with floors\n`,
  )
  const counts = { cases: passed + totals.failed, records, checkpoints, restores }
  return { passed, failed: totals.failed, planned: isFirst && totals.failed > 0 ? passed + totals.failed : count, counts }
}
