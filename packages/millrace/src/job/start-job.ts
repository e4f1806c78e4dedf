/** Where a job, its options and the world meet. What `run`, `start` and the command line share. */
import { buildPlan, checkConfig, type BuiltJob } from '../api/job.ts'
import type { RunOptions } from '../api/run-types.ts'
import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { checkParallelism } from '../core/key-group.ts'
import { checkStorage } from '../plan/check-plan.ts'
import type { Plan } from '../plan/nodes.ts'
import type { Tuning, Watch } from '../runtime/attempt.ts'
import { logEvents } from '../runtime/event-log.ts'
import { JobRun } from '../runtime/job-run.ts'
import type { JobHandle, JobObserver } from '../runtime/monitor.ts'
import { loadJob } from './load-job.ts'
import { settingsOf } from './settings.ts'

export interface StartContext {
  readonly env: Env
  readonly observer?: JobObserver
  readonly tuning?: Tuning
  readonly watch?: Watch
  /** What happens to the job is told to the log too. */
  readonly isLogged?: boolean
  /** The config comes from outside, as text of a command line. */
  readonly hasUncheckedConfig?: boolean
  /** For the test kit: what runs in the place of the plan that was built. */
  readonly rewrite?: (built: BuiltJob) => Plan
}

/**
 * Builds the plan, checks all options and starts the job. Resolves when it has begun to look for its checkpoints; what goes
 * wrong later rejects `finished`.
 *
 * @param job a job, or the URL of a module that default-exports one
 * @throws all build errors; {INVALID_OPTION} {NOT_YET} {INVALID_JOB}
 */
export async function startJob(
  job: unknown,
  options: RunOptions & { readonly config?: unknown },
  context: StartContext,
): Promise<JobHandle> {
  const settings = settingsOf(options)
  const defined = job instanceof URL ? await loadJob(job) : job
  // A job's own config is typed already; that of a module or a command line is data that nobody has looked at.
  const isTyped = !(job instanceof URL) && context.hasUncheckedConfig !== true
  const built = buildPlan(defined, isTyped ? options.config : checkConfig(defined, options.config))
  const plan = context.rewrite?.(built) ?? built.plan
  const storage = settings.checkpoints?.storage.writes
  if (storage !== undefined) checkStorage(plan, storage)
  checkSignal(options.signal)
  if (settings.keyGroups !== undefined) checkParallelism(settings.parallelism, settings.keyGroups)
  const run = new JobRun({ plan, settings, ...context, ...observerOf(plan.job, context) })
  const stop = (): void => void run.stop().catch(() => undefined)
  options.signal?.addEventListener('abort', stop, { once: true })
  run.begin()
  // A signal may live as long as the process: it must not keep every job that it has seen.
  const forget = (): void => options.signal?.removeEventListener('abort', stop)
  run.finished.then(forget, forget)
  if (options.signal?.aborted === true) stop()
  return run
}

function observerOf(job: string, { env, observer, isLogged }: StartContext): { readonly observer?: JobObserver } {
  if (isLogged !== true) return {}
  const logged = logEvents(env.log, job)
  return {
    observer: (event) => {
      logged(event)
      observer?.(event)
    },
  }
}

function checkSignal(signal: unknown): void {
  if (signal === undefined || signal === null) return
  if (typeof signal === 'object' && 'aborted' in signal && 'addEventListener' in signal) return
  throw new StreamError('INVALID_OPTION', 'signal is no AbortSignal. Pass the `signal` of an AbortController.')
}
