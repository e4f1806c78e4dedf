/**
 * `npm run attack -- oracle [--seed S] [--jobs 2000] [--windows 1] [--job-seed X] [--workers 2]`
 *
 * Random jobs through the public door on simulated machines that are killed, compared with the reference interpreter.
 * With `--windows 1` all of them have windows, idleness and restores at another parallelism.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { chosenSeed, dataFolder, defineAttack, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { seed, whole, workers } from '../lib/options.ts'
import { runPool } from '../lib/pool.ts'
import { runJob } from './run-job.ts'
import type { Focus } from './run-plan.ts'
import type { Told } from './worker.ts'

const JOB_TIMEOUT_MS = 120_000
const SHOWN_FAILURES = 10

export const attack: Attack = defineAttack({
  name: 'oracle',
  summary: 'random jobs, orders, crashes and parallelism against the reference interpreter',
  options: {
    seed,
    jobs: whole(2_000, 'jobs'),
    'job-seed': whole(undefined, 'this job alone, twice, with its trace', { least: 0 }),
    windows: whole(0, '1: all have windows, idleness and restores at another parallelism', { most: 1 }),
    workers,
  },
  async run({ seed: given, jobs, 'job-seed': one, windows, workers }) {
    const focus = windows === 0 ? undefined : 'windows'
    if (one !== undefined) return runOne(one, focus)
    return runMany(chosenSeed(given), { jobs, workers, focus })
  },
})

async function runOne(seed: number, focus: Focus | undefined): Promise<AttackResult> {
  const report = await runJob(seed, focus)
  const twice = await runJob(seed, focus)
  process.stdout.write(
    `${report.trace.join('\n')}\n${JSON.stringify(report.plan)}\ncompared by ${report.ways.join(', ')}; trace ${report.traceHash}\n`,
  )
  show({ ...report, diverged: twice.traceHash !== report.traceHash }, focus)
  const isRight = report.problems.length === 0 && twice.traceHash === report.traceHash
  return { passed: isRight ? 1 : 0, failed: isRight ? 0 : 1 }
}

interface Many {
  readonly jobs: number
  readonly workers: number
  readonly focus: Focus | undefined
}

async function runMany(seed: number, { jobs, workers, focus }: Many): Promise<AttackResult> {
  const random = new SeededRandom(seed, 'jobs')
  const cases = Array.from({ length: jobs }, () => random.word() >>> 0)
  const progress = new Progress('jobs', jobs)
  const totals: Totals = { passed: 0, failed: 0, crashes: 0, checkpoints: 0, restores: 0, records: 0, ways: new Map() }
  const failed = (say: () => void): void => {
    if (++totals.failed <= SHOWN_FAILURES) say()
  }
  await runPool<Told>({
    module: join(import.meta.dirname, 'worker.ts'),
    args: focus === undefined ? [] : [focus],
    cases,
    workers,
    timeoutMs: JOB_TIMEOUT_MS,
    onResult(_number, told) {
      add(totals, told)
      if (told.problems.length > 0 || told.diverged) failed(() => show(told, focus))
      else totals.passed++
      progress.at(totals.passed + totals.failed, totals.failed === 0 ? '' : `${totals.failed} failed`)
    },
    onDeath: (number, reason) => failed(() => progress.say(`job ${number}: ${reason}; again: ${again(number, focus)}`)),
  })
  const ways = [...totals.ways].map(([way, count]) => `${way} ${count}`).join(', ')
  process.stdout.write(
    `${totals.records} records, ${totals.checkpoints} checkpoints, ${totals.crashes} crashes and stops, ${totals.restores} restores; compared by ${ways}\n`,
  )
  const { records, checkpoints, crashes, restores } = totals
  return { passed: totals.passed, failed: totals.failed, planned: jobs, counts: { jobs, records, checkpoints, crashes, restores } }
}

interface Totals {
  passed: number
  failed: number
  crashes: number
  checkpoints: number
  restores: number
  records: number
  readonly ways: Map<string, number>
}

function add(totals: Totals, told: Told): void {
  totals.crashes += told.crashes
  totals.checkpoints += told.checkpoints
  totals.restores += told.restores
  totals.records += told.records
  for (const way of told.ways) totals.ways.set(way, (totals.ways.get(way) ?? 0) + 1)
}

function again(seed: number, focus: Focus | undefined): string {
  return `npm run attack -- oracle --job-seed ${seed}${focus === undefined ? '' : ' --windows 1'}`
}

/** Everything that helps: the difference, what happened, the program. */
function show(told: Told, focus: Focus | undefined): void {
  if (told.problems.length === 0 && !told.diverged) return
  const lines = [
    `--- job ${told.seed}${told.diverged ? ': two runs of one seed differ' : ''}`,
    ...told.problems.slice(0, 8),
    `what happened: ${told.trace.join(' | ')}`,
  ]
  if (told.program !== undefined) {
    const file = join(dataFolder('oracle'), `job-${told.seed}.json`)
    writeFileSync(file, `${JSON.stringify({ plan: told.plan, program: told.program }, undefined, 1)}\n`)
    const sources = told.program.sources.map(({ splits, ...source }) => ({
      ...source,
      splits: splits.length,
      records: splits.reduce((sum, { records }) => sum + records.length, 0),
    }))
    lines.push(
      `plan: ${JSON.stringify(told.plan)}`,
      `program: ${JSON.stringify({ sources, steps: told.program.steps })}`,
      `with all records: ${file}`,
    )
  }
  lines.push(`again: ${again(told.seed, focus)}`)
  process.stdout.write(`\n${lines.join('\n')}\n`)
}
