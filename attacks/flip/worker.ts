/** A process of the pool. It builds the same directories as the others: a case is the number of a unit, or of a run of whole jobs. */
import { serve } from '../lib/pool.ts'
import { buildDirectories } from './build.ts'
import { damageText } from './damage.ts'
import { runUnit, unitsOf, type UnitResult } from './unit.ts'
import { drawTries, WholeJobs } from './whole-job.ts'

/** In the environment of the workers. */
export const SEED_NAME = 'MILLRACE_FLIP_SEED'
/** Whole jobs with a flip, and how many whole jobs make one case. */
export const FLIPPED_JOBS = 960
export const JOBS_PER_CASE = 40

export interface JobsResult {
  readonly jobs: number
  readonly detected: number
  readonly harmless: number
  readonly failures: readonly string[]
}

if (process.env[SEED_NAME] !== undefined && process.send !== undefined) {
  const seed = Number(process.env[SEED_NAME])
  const units = unitsOf(await buildDirectories(seed))
  const tries = drawTries(units, FLIPPED_JOBS, seed)
  const whole = new WholeJobs(seed)
  const runJobs = async (from: number): Promise<JobsResult> => {
    const counts = { detected: 0, harmless: 0 }
    const failures: string[] = []
    const own = tries.slice(from, from + JOBS_PER_CASE)
    for (const each of own) {
      const verdict = await whole.judge(each)
      if (typeof verdict === 'string') counts[verdict]++
      else failures.push(`whole job: ${each.unit.built.name} ${each.unit.path}: ${damageText(each.damage)}: ${verdict.failure}`)
    }
    return { jobs: own.length, ...counts, failures }
  }
  serve<UnitResult | JobsResult>((number) => {
    const unit = units[number]
    return unit === undefined ? runJobs((number - units.length) * JOBS_PER_CASE) : runUnit(unit)
  })
}
