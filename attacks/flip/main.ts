/**
 * `npm run attack -- flip [--seed N]`: real checkpoint directories, of which every file is damaged in every way: each bit flipped,
 * cut at each length, missing, swapped with its neighbours. A restore must end with an error that names the file, or give the
 * same state as before where the file rightly is not read; nothing may be deleted.
 */
import { join } from 'node:path'
import { chosenSeed, defineAttack, Progress, type Attack, type AttackResult } from '../lib/attack.ts'
import { seed } from '../lib/options.ts'
import { runPool } from '../lib/pool.ts'
import { buildDirectories } from './build.ts'
import { countDamages } from './damage.ts'
import { printTable } from './table.ts'
import { neighboursOf, unitsOf, type UnitResult } from './unit.ts'
import { drawTries } from './whole-job.ts'
import { FLIPPED_JOBS, JOBS_PER_CASE, SEED_NAME, type JobsResult } from './worker.ts'

const TIMEOUT_MS = 240_000
/** Of one case. */
const MOST_SHOWN = 5

export const attack: Attack = defineAttack({
  name: 'flip',
  summary: 'checkpoints with every bit flipped, every length cut, every file missing or swapped: found out, named, nothing deleted',
  options: { seed },
  async run({ seed: given }) {
    const seed = chosenSeed(given)
    process.env[SEED_NAME] = String(seed)
    return flip(seed)
  },
})

async function flip(seed: number): Promise<AttackResult> {
  const units = unitsOf(await buildDirectories(seed))
  const sizes = units.map(({ built, path }) => (built.files.get(path) as Uint8Array).length)
  const wholeJobs = drawTries(units, FLIPPED_JOBS, seed).length
  const jobCases = Math.ceil(wholeJobs / JOBS_PER_CASE)
  const planned = units.reduce((sum, unit, n) => sum + countDamages(sizes[n] as number, neighboursOf(unit)), wholeJobs)
  // The largest first, so that both processes end at the same time.
  const bySize = units.map((_unit, number) => number).sort((a, b) => (sizes[b] as number) - (sizes[a] as number))
  const cases = [...bySize, ...Array.from({ length: jobCases }, (_, n) => units.length + n)]
  const progress = new Progress('files', cases.length)
  const results: UnitResult[] = []
  const jobs: JobsResult[] = []
  const deaths: string[] = []
  await runPool<UnitResult | JobsResult>({
    module: join(import.meta.dirname, 'worker.ts'),
    cases,
    timeoutMs: TIMEOUT_MS,
    onResult(_number, result) {
      if ('jobs' in result) jobs.push(result)
      else results.push(result)
      for (const failure of result.failures.slice(0, MOST_SHOWN)) progress.say(`  ${failure}`)
      progress.at(results.length + jobs.length)
    },
    onDeath(number, reason) {
      const unit = units[number]
      const what = unit === undefined ? 'whole jobs' : `${unit.built.name} ${unit.path}`
      deaths.push(what)
      progress.say(`  ${what}: ${reason}`)
    },
  })
  printTable(results, jobs)
  const failed = results.reduce((sum, each) => sum + each.failed, 0) + jobs.reduce((sum, each) => sum + each.failures.length, 0)
  const good = [...results, ...jobs].reduce((sum, each) => sum + each.detected + each.harmless, 0)
  return { passed: good, failed: failed + deaths.length, planned }
}
