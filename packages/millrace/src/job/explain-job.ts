import { explainPlan } from '../api/explain.ts'
import { buildPlan, checkConfig } from '../api/job.ts'
import type { Explanation } from '../api/job-types.ts'
import { StreamError } from '../core/errors.ts'

export { explanationText } from '../api/explain-text.ts'

/**
 * What a job does and guarantees, for a config that nothing has typed.
 * @throws all build errors; {INVALID_OPTION} when the config does not pass the job's schema
 */
export function explainJob(job: unknown, options: { readonly config?: unknown; readonly parallelism?: number } = {}): Explanation {
  const { parallelism = 1 } = options
  if (!Number.isSafeInteger(parallelism) || parallelism < 1) {
    throw new StreamError('INVALID_OPTION', `parallelism is ${String(parallelism)}: it has to be a whole number of at least 1.`)
  }
  return explainPlan(buildPlan(job, checkConfig(job, options.config)).plan, parallelism)
}
