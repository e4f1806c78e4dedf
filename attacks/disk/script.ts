/**
 * A job's life on one simulated machine, in three processes: the first makes checkpoints until it is killed, the second restores,
 * makes more and is told to stop, the third restores from its release and finishes. Whatever ends one of them before its time,
 * the next one finishes the job.
 */
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { JobEvent, JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import type { Disk } from '../../packages/millrace/src/simulate/disk.ts'
import { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'
import type { InputShape } from '../lib/sequence-input.ts'
import { START_MS } from '../lib/sequence-input.ts'
import { sequenceJob, sinksOf } from '../lib/sequence-job.ts'
import { LINE_SINKS, lineSteps } from './lines-job.ts'
import { INPUT, putLines } from './lines.ts'
import { Outside, outsideSource } from './source.ts'

export const SHAPE: Omit<InputShape, 'seed'> = { files: 2, rowsPerFile: 14, keysPerFile: 2, spanMs: 6_000 }
export const CHECKPOINTS = '/checkpoints'
const LEASE_MS = 1_000
/** Commits that fail are offered again for a quarter of an hour. */
const LIMIT_MS = 3_600_000
const RESTARTS = 3
/** So that deltas are merged and bases are written again after a few checkpoints. */
const COMPACTION = { fanIn: 2, minRewriteBytes: 900 }
const PARALLELISMS = [1, 2, 1]
/** Of the first and the second process. */
const CHECKPOINTS_OF = [4, 2]

/** In which part of the life an operation of the disk falls. */
export type Phase = 'start' | 'checkpoint' | 'rewrite' | 'restore' | 'release' | 'end'
export type End = 'finished' | 'already-finished' | 'stopped' | 'killed' | 'died' | 'abandoned' | StreamError

export class Life {
  readonly machine: Machine
  readonly outside: Outside
  /** Of each process, as far as it has ended. */
  readonly ends: End[] = []
  phase: Phase = 'start'
  process: SimulatedProcess<Machine> | undefined
  #handle: JobHandle | undefined
  #checkpoints = 0

  constructor(seed: number, from?: { readonly disk: Disk; readonly outside: Outside; readonly startMs: number }) {
    // On another machine than the one that wrote it: nobody there is known to be dead.
    this.machine = new Machine({ seed: from === undefined ? seed : seed + 1, startMs: from?.startMs ?? START_MS, ...from })
    this.outside = new Outside({ ...SHAPE, seed }, from?.outside.acknowledged)
    if (from !== undefined) return
    for (const sink of [...sinksOf(false), ...LINE_SINKS]) this.machine.disk.makeDirectory(`/out/${sink}`)
    putLines(this.machine.disk, seed)
    for (const folder of ['/', '/out']) this.machine.disk.syncDirectory(folder)
  }

  /** All of it, or what is left of it when something came in between. `isOver` is asked after each event. */
  async run(isOver: () => boolean = () => false): Promise<void> {
    for (const [index, checkpoints] of CHECKPOINTS_OF.entries()) {
      await this.#begin(PARALLELISMS[index] as number)
      const hasEnough = (): boolean => this.#checkpoints >= checkpoints
      let end = await this.#until(() => hasEnough() || isOver())
      if (end === undefined && isOver()) end = this.#abandon()
      else if (end === undefined && index === 0) end = this.#kill()
      else if (end === undefined) end = await this.#stop(isOver)
      this.ends.push(end)
      if (end !== 'killed' && end !== 'stopped') break
      if (isOver()) break
    }
  }

  /** The last process: nothing is held back, and where nothing disturbs it it has to end well. */
  async finish(isOver: () => boolean = () => false): Promise<End> {
    this.outside.letOut(Number.POSITIVE_INFINITY)
    await this.#begin(PARALLELISMS.at(-1) as number)
    const end = (await this.#until(isOver)) ?? this.#abandon()
    this.ends.push(end)
    return end
  }

  async #begin(parallelism: number): Promise<void> {
    const process = this.machine.start()
    this.process = process
    this.#checkpoints = 0
    this.outside.beginProcess()
    this.phase = this.ends.length === 0 ? 'start' : 'restore'
    const job = sequenceJob({
      input: INPUT,
      output: '/out',
      wide: false,
      partBytes: 400,
      source: outsideSource(this.outside),
      also: (builder) => lineSteps(builder, this.outside),
    })
    const options = {
      parallelism,
      ...(this.ends.length === 0 ? { keyGroups: 3 } : {}),
      checkpoints: { storage: CHECKPOINTS, every: 10, retain: 1, lease: LEASE_MS, timeout: 5_000 },
      restart: { strategy: 'fixed-delay', attempts: RESTARTS, delay: 5 },
    } as const
    const observer = (event: JobEvent): void => this.#observe(event)
    this.#handle = await startJob(job, options, {
      env: process,
      observer,
      tuning: { batchRecords: 4, compaction: COMPACTION, generateCode: false },
    })
    this.#handle.finished.catch(() => undefined)
  }

  #observe({ kind }: JobEvent): void {
    if (kind === 'running') this.phase = this.outside.allowed === Number.POSITIVE_INFINITY ? 'end' : 'checkpoint'
    if (kind !== 'checkpoint') return
    this.#checkpoints++
    this.outside.letOut(1)
  }

  /** Undefined when it was reached before the process had ended. */
  async #until(isReached: () => boolean): Promise<End | undefined> {
    const { machine } = this
    const process = this.process as SimulatedProcess<Machine>
    let end: End | undefined
    const settle = (outcome: End): void => void (end = outcome)
    ;(this.#handle as JobHandle).finished.then(settle, (error: unknown) => settle(StreamError.is(error) ? error : unexpected(error)))
    const endMs = machine.nowMs + LIMIT_MS
    await machine.advance(0)
    while (end === undefined) {
      if (process.isDead) return 'died'
      if (isReached()) return undefined
      if (machine.nowMs > endMs || !(await machine.step())) return unexpected(new Error(`it does not end: ${this.#history()}`))
    }
    return end
  }

  #history(): string {
    const { logged } = this.process as SimulatedProcess<Machine>
    const log = logged.slice(-6).map(({ event, fields }) => `${event} ${JSON.stringify(fields)}`)
    return [JSON.stringify(this.#handle?.status()), ...log, ...this.machine.trace.tail.slice(-6)].join('\n      ')
  }

  #kill(): End {
    this.machine.kill(this.process as SimulatedProcess<Machine>)
    return 'killed'
  }

  #abandon(): End {
    this.machine.losePower('none')
    return 'abandoned'
  }

  async #stop(isOver: () => boolean): Promise<End> {
    this.phase = 'release'
    ;(this.#handle as JobHandle).stop().catch(() => undefined)
    const end = await this.#until(isOver)
    if (end === undefined) return this.#abandon()
    // The process ends with its job: what it has left is a dead one's.
    if (end === 'stopped') this.#kill()
    return end
  }
}

/** What should never come: not an error that the engine knows. */
function unexpected(error: unknown): StreamError {
  return new StreamError('INVARIANT', `unexpected: ${error instanceof Error ? error.stack : String(error)}`)
}
