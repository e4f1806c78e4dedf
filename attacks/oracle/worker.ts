/** A process of the pool: runs the jobs that it is sent. */
import { serve } from '../lib/pool.ts'
import { runJob, type JobReport } from './run-job.ts'
import type { Focus } from './run-plan.ts'

/** What a report says to the one who counts: the program only when something is wrong. */
export type Told = Omit<JobReport, 'program' | 'plan'> & Partial<Pick<JobReport, 'program' | 'plan'>> & { readonly diverged: boolean }

/** One job in so many is run twice: the simulation must give the same history. */
const TWICE = 25

const focus = process.argv[2] as Focus | undefined

serve<Told>(async (seed) => {
  const report = await runJob(seed, focus)
  const diverged = seed % TWICE === 0 && (await runJob(seed, focus)).traceHash !== report.traceHash
  if (report.problems.length > 0) return { ...report, diverged }
  const { program: _program, plan: _plan, ...short } = report
  return { ...short, diverged }
})
