/**
 * The sequence job on a simulated machine: its processes are killed, paused, robbed of power and given a failing disk, as the
 * seed says; in the end one is left alone until the job has finished, and all that was committed is compared with the straight
 * line. Every end of a process is judged: what it may fail with depends on what was done to it.
 */
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import { messageOf, StreamError } from '../../packages/millrace/src/core/errors.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'
import { pacedSource, Upstream } from './paced-source.ts'
import { hesitantSink } from './hesitant-sink.ts'
import { compare, expectedOf, type Committed, type Expected } from './sequence-check.ts'
import { START_MS } from './sequence-input.ts'
import { sequenceJob, sinksOf } from './sequence-job.ts'
import { LEASE_MS, simPlan, type SimPlan, type Trouble } from './sim-plan.ts'
import { rot } from './sim-rot.ts'
import { disturb } from './sim-trouble.ts'

export interface SimResult {
  /** What is wrong; empty when all is well. */
  readonly violations: readonly string[]
  readonly processes: number
  readonly checkpoints: number
  readonly simulatedMs: number
}

/** How one process ended. */
type End = 'finished' | 'already-finished' | 'stopped' | 'died' | StreamError

const LIMIT_MS = 120_000
const HOUR_MS = 3_600_000
const MOST_PROCESSES = 24

export async function simulate(seed: number): Promise<SimResult> {
  const simulation = new Simulation(simPlan(seed))
  try {
    await simulation.run()
  } catch (error) {
    simulation.violations.push(`the simulation failed: ${error instanceof Error ? error.stack : String(error)}`)
  }
  const { violations, machine, checkpoints } = simulation
  return { violations, processes: machine.processes.length, checkpoints, simulatedMs: machine.nowMs }
}

class Simulation {
  readonly machine: Machine
  readonly violations: string[] = []
  checkpoints = 0
  readonly #plan: SimPlan
  readonly #expected: Expected
  readonly #upstream: Upstream
  readonly #eraAt: number
  #starts = 0
  #isFinished = false
  /** The boot in which a process has ended the job and lived on. */
  #finishedIn: string | undefined
  #wasFenced = false

  constructor(plan: SimPlan) {
    this.#plan = plan
    this.machine = new Machine({ seed: plan.seed, startMs: START_MS })
    this.#eraAt = START_MS + 2 * HOUR_MS
    this.#expected = expectedOf(plan.shape, plan.wide)
    this.#upstream = new Upstream(plan.shape)
    for (const sink of sinksOf(true)) this.machine.disk.makeDirectory(`/out/${sink}`)
    for (const folder of ['/', '/out']) this.machine.disk.syncDirectory(folder)
  }

  async run(): Promise<void> {
    for (const [index, trouble] of this.#plan.troubles.entries()) {
      if (index === this.#plan.jumpAfter) this.machine.skewWallClock(3 * HOUR_MS)
      await this.#life(trouble)
      if (this.violations.length > 0) return
    }
    while (!this.#isFinished && this.violations.length === 0 && this.#starts < MOST_PROCESSES) await this.#life({ kind: 'none' })
    this.#check()
  }

  /** One process, or with a pause two that want the same job. */
  async #life(trouble: Trouble): Promise<void> {
    if (trouble.kind === 'rot') return this.#rot()
    const first = await this.#start(trouble)
    if (trouble.kind !== 'pause') return this.#judge(first.process, await first.ended, trouble)
    const second = await this.#start({ kind: 'beside' })
    const ends = [await first.ended, await second.ended]
    this.#judge(first.process, ends[0] as End, trouble)
    this.#judge(second.process, ends[1] as End, { kind: 'beside' })
    const owners = ends.filter((end) => end === 'finished').length
    if (owners > 1) this.violations.push('two processes have finished the same job')
  }

  /** What is damaged is found, named and left as it is; mended, the job goes on. */
  async #rot(): Promise<void> {
    const rotten = await rot(this.machine.disk, new SeededRandom(this.#plan.seed, `rot ${this.#starts}`))
    if (rotten === undefined) return
    const { ended } = await this.#start({ kind: 'rot' })
    const end = await ended
    const isRefused =
      StreamError.is(end) && end.code.startsWith('CHECKPOINT_') && `${end.message} ${JSON.stringify(end.details)}`.includes(rotten.path)
    if (!isRefused) this.violations.push(`bit ${rotten.bit} of ${rotten.path} was flipped, and the job ended with ${String(end)}`)
    rotten.mend()
  }

  async #start(trouble: Trouble): Promise<{ readonly process: SimulatedProcess<Machine>; readonly ended: Promise<End> }> {
    const process = this.machine.start()
    const plan = this.#plan
    const parallelism = plan.parallelisms[this.#starts++ % plan.parallelisms.length] as number
    const handle = await startJob(
      sequenceJob({
        input: '/in',
        output: '/out',
        wide: plan.wide,
        eraAt: this.#eraAt,
        ...(plan.partBytes === undefined ? {} : { partBytes: plan.partBytes }),
        source: pacedSource(this.#upstream, plan.seed),
        ...(plan.hesitates ? { through: (sink) => hesitantSink(sink, plan.seed) } : {}),
      }),
      {
        parallelism,
        keyGroups: plan.keyGroups,
        check: plan.check,
        checkpoints: { storage: '/checkpoints', every: plan.everyMs, retain: plan.retain, lease: LEASE_MS, timeout: 5_000 },
        restart: { strategy: 'fixed-delay', attempts: 60, delay: 5 },
      },
      { env: process, tuning: plan.tuning, observer: (event) => void (event.kind === 'checkpoint' && this.checkpoints++) },
    )
    disturb(this.machine, process, handle, trouble)
    return { process, ended: this.#ended(process, handle) }
  }

  async #ended(process: SimulatedProcess<Machine>, handle: JobHandle): Promise<End> {
    // Looked at by `run` below only after other processes may have ended: a rejection must not count as unhandled.
    handle.finished.catch(() => undefined)
    try {
      return await this.machine.run(handle.finished, { process, limitMs: LIMIT_MS })
    } catch (error) {
      if (process.isDead) return 'died'
      if (StreamError.is(error)) return error
      throw error
    }
  }

  #judge(process: SimulatedProcess<Machine>, end: End, trouble: Trouble): void {
    const isFenced = StreamError.is(end) && end.code === 'FENCED'
    this.#wasFenced ||= isFenced
    if (!isFenced && end !== 'died') this.violations.push(...(this.#upstream.violations.get(process) ?? []))
    if (end === 'finished' || end === 'already-finished') this.#isFinished = true
    // A disk that fails may keep a name that has been removed: it is of no use, and the epoch that would withdraw it never comes.
    if (end === 'finished' && trouble.kind !== 'faults') this.#finishedIn = this.machine.boot
    if (!StreamError.is(end)) return
    // A disk that fails may make a process give up; another one takes the job over.
    const isAllowed =
      (trouble.kind === 'pause' && end.code === 'FENCED') ||
      (trouble.kind === 'faults' && ['STORAGE', 'CHECKPOINT_FAILED', 'COMMIT_FAILED', 'SINK', 'SOURCE'].includes(end.code)) ||
      (trouble.kind === 'aborts' && end.code === 'STORAGE')
    if (!isAllowed)
      this.violations.push(`after ${JSON.stringify(trouble)} the job ended with ${end.code}: ${end.message} ${messageOf(end.cause)}`)
  }

  #check(): void {
    if (!this.#isFinished) this.violations.push(`not finished after ${this.#starts} processes`)
    const difference = compare(this.#expected, this.#committed())
    const { missing, doubled, wrong, examples } = difference
    if (missing + doubled + wrong > 0)
      this.violations.push(`missing ${missing}, doubled ${doubled}, wrong ${wrong}: ${examples.join('; ')}`)
    // The removal of a hidden name is not synced: after a loss of power it may be back, and a finished job is left as it is. And
    // what one that woke up too late had sealed goes with the next epoch; there may be none.
    if (this.#finishedIn !== this.machine.boot || this.#wasFenced) return
    const hidden = [...this.machine.disk.snapshot().keys()].filter((path) => path.startsWith('/out/') && path.includes('/.'))
    if (hidden.length > 0) this.violations.push(`left over: ${hidden.join(', ')}`)
  }

  #committed(): Committed[] {
    const files = [...this.machine.disk.snapshot()].filter(([path]) => path.startsWith('/out/') && !path.includes('/.'))
    return files.map(([path, bytes]) => {
      const [sink = '', name = ''] = path.slice('/out/'.length).split('/')
      return { sink, name, text: new TextDecoder().decode(bytes) }
    })
  }
}
