/**
 * Runs the job to its end and kills it on the way. When it is killed follows what it has committed, so that it happens while
 * the job works on any machine, fast or slow; within that it is chance, from the seed.
 */
import { join } from 'node:path'
import { type CommittedSoFar, CommittedFiles } from './committed.ts'
import { type Ending, JobProcess, type JobOptions } from './job-process.ts'
import { randomOf } from './random.ts'

export interface KillMoment {
  /** Of all rows, committed by then; a checkpoint commits many at once, so … */
  readonly share: number
  /** … some time more, within the life of one or two checkpoints. */
  readonly thenMs: number
}

/** One life of the process, from its start to its death. */
export interface Life {
  /** From 1. */
  readonly number: number
  readonly ms: number
  readonly ending: Ending
  /** The checkpoint that it went on from. */
  readonly from: number | undefined
  /** When it ended, by all lives. */
  readonly committed: Progress
  readonly lines: readonly string[]
}

/** Of the accounts, so of all flights; and how many flights were late for their hour. */
export interface Progress extends CommittedSoFar {
  readonly late: number
}

export interface Viewer {
  working(life: { readonly number: number; readonly ms: number }, progress: Progress): void
  /** It has said that it goes on from a checkpoint. */
  continued(number: number, checkpoint: number): void
  ended(life: Life): void
}

const FIRST_SHARE = 0.03
const LAST_SHARE = 0.85
const POLL_MS = 15
const MAX_THEN_MS = 400

/** One moment in each of `kills` equal parts of the work. */
export function drawKillMoments(seed: number, kills: number): readonly KillMoment[] {
  const random = randomOf(seed, 'kills')
  const part = (LAST_SHARE - FIRST_SHARE) / kills
  return Array.from({ length: kills }, (_, index) => ({
    share: FIRST_SHARE + part * (index + random()),
    thenMs: Math.floor(random() * MAX_THEN_MS),
  }))
}

/** The lives of the job: one for each moment, and a last one that ends by itself. Ends early if one fails or finishes too soon. */
export async function runWithKills(
  options: JobOptions,
  expectedRows: number,
  moments: readonly KillMoment[],
  viewer: Viewer,
): Promise<readonly Life[]> {
  const accounts = new CommittedFiles(join(options.config.output, 'accounts'))
  const late = new CommittedFiles(join(options.config.output, 'late'))
  const look = (): Progress => ({ ...accounts.look(), late: late.look().rows })
  const lives: Life[] = []
  for (const moment of [...moments, undefined]) {
    const trigger = moment === undefined ? NEVER : new Trigger(moment.share * expectedRows, moment.thenMs)
    const life = await live(lives.length + 1, options, look, trigger, viewer)
    viewer.ended(life)
    lives.push(life)
    if ('code' in life.ending) break
  }
  return lives
}

async function live(number: number, options: JobOptions, look: () => Progress, trigger: Trigger, viewer: Viewer): Promise<Life> {
  const startedAt = performance.now()
  const job = new JobProcess(options, (checkpoint) => viewer.continued(number, checkpoint))
  const stop = endWith(job)
  while (job.ending === undefined) {
    const committed = look()
    if (isAtWork(number, job) && trigger.isDue(committed.rows)) job.kill()
    viewer.working({ number, ms: performance.now() - startedAt }, committed)
    await Promise.race([job.ended, new Promise((resolve) => setTimeout(resolve, POLL_MS))])
  }
  stop()
  return { number, ms: performance.now() - startedAt, ending: job.ending, from: job.from, committed: look(), lines: job.lines }
}

/** A start that goes on from a checkpoint is left alive until it has said from which. */
const isAtWork = (number: number, job: JobProcess): boolean => number === 1 || job.from !== undefined

/** Due some time after enough was committed. */
class Trigger {
  readonly #rows: number
  readonly #thenMs: number
  #reachedAt: number | undefined

  constructor(rows: number, thenMs: number) {
    this.#rows = rows
    this.#thenMs = thenMs
  }

  isDue(committedRows: number): boolean {
    if (committedRows < this.#rows) return false
    this.#reachedAt ??= performance.now()
    return performance.now() - this.#reachedAt >= this.#thenMs
  }
}

const NEVER = new Trigger(Infinity, 0)

/** While the job lives, Ctrl-C kills it and ends the demo. Returns how to end this. */
function endWith(job: JobProcess): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const end = (signal: NodeJS.Signals): void => {
    job.kill()
    process.exitCode = 1
    for (const each of signals) process.off(each, end)
    process.kill(process.pid, signal) // now with its usual effect
  }
  for (const signal of signals) process.on(signal, end)
  return () => {
    for (const signal of signals) process.off(signal, end)
  }
}
