import type { Job } from '../api/job-types.ts'
import type { RunOptions, RunningJob, With } from '../api/run-types.ts'
import { durationMs, type Duration } from '../core/duration.ts'
import { nodeEnv } from '../env/node-env.ts'
import { startJob } from './start-job.ts'

/**
 * Runs a job to its end: resolves when a bounded job has finished and all its output is committed. On storage with checkpoints
 * it continues from the newest one.
 *
 * @param job a job module's URL, or a job itself
 * @throws {StreamError} when the job cannot be built, or has failed for good
 *
 * @example
 * import { arraySource, collectSink, defineJob, run } from 'millrace'
 * const lengths: number[] = []
 * await run(defineJob('lengths', (job) => {
 *   job.from('words', arraySource(['mill', 'race'])).map((word) => word.length).to('lengths', collectSink(lengths))
 * }))
 * console.log(lengths) // [ 4, 4 ]
 */
export function run(job: URL, options?: RunOptions & { config?: unknown }): Promise<void>
export function run<Config>(job: Job<Config, unknown>, ...options: With<Config>): Promise<void>
export async function run(job: unknown, options: RunOptions & { config?: unknown } = {}): Promise<void> {
  const handle = await startJob(job, options, { env: nodeEnv(), isLogged: true })
  await handle.finished
}

/**
 * Starts a job and returns while it runs.
 *
 * @throws {StreamError} when the job cannot be built; what goes wrong later rejects `finished`
 */
export function start(job: URL, options?: RunOptions & { config?: unknown }): Promise<RunningJob>
export function start<Config>(job: Job<Config, unknown>, ...options: With<Config>): Promise<RunningJob>
export async function start(job: unknown, options: RunOptions & { config?: unknown } = {}): Promise<RunningJob> {
  const handle = await startJob(job, options, { env: nodeEnv(), isLogged: true })
  const finished = handle.finished.then(() => undefined)
  const stop = (how: { deadline?: Duration } = {}): Promise<void> => {
    const stopped = handle.stop(how.deadline === undefined ? {} : { deadlineMs: durationMs(how.deadline, 'deadline') })
    // Whoever stops the job gets its error from there: it must not end the process because nobody looks at `finished` too.
    finished.catch(() => undefined)
    return stopped
  }
  return {
    finished,
    get restored() {
      return handle.status().restored
    },
    stop,
    [Symbol.asyncDispose]: () => stop(),
  }
}
