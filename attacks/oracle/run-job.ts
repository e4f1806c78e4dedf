/** One random job on a simulated machine: started, killed, started again at another parallelism, until it has finished; then judged. */
import { keyGroupOf, subtaskOf } from '../../packages/millrace/src/core/key-group.ts'
import { messageOf, StreamError } from '../../packages/millrace/src/core/errors.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { startJob } from '../../packages/millrace/src/job/start-job.ts'
import type { Tuning } from '../../packages/millrace/src/runtime/attempt.ts'
import type { JobEvent, JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import { keyHash } from '../../packages/millrace/src/serde/key.ts'
import { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import { randomFaults } from '../../packages/millrace/src/simulate/faults.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'
import { keyText } from '../../reference/canonical.ts'
import { randomProgram, type ProgramOptions } from '../../reference/generate.ts'
import { keySelector } from '../../reference/behaviours.ts'
import { keyOfInput } from '../../reference/plan.ts'
import type { Program, Row, Step, WindowStep } from '../../reference/program.ts'
import { compile, type Listener } from './compile.ts'
import { SinkWorld } from './fake-sink.ts'
import { SourceWorld } from './fake-source.ts'
import { judge } from './judge.ts'
import type { KeyGroups } from './orders.ts'
import { drawPlan, type Focus, type RunPlan } from './run-plan.ts'
import { Recorder, type Log } from './recorder.ts'

export interface JobReport {
  readonly seed: number
  readonly problems: readonly string[]
  readonly ways: readonly string[]
  readonly crashes: number
  readonly checkpoints: number
  readonly restores: number
  readonly records: number
  readonly program: Program
  readonly plan: RunPlan
  readonly trace: readonly string[]
  readonly traceHash: string
}

const STORAGE = '/checkpoints'
/** What the engine has of them. */
const WINDOWS: NonNullable<ProgramOptions['windows']> = [
  'tumbling',
  'sliding',
  'session',
  'count',
  'dynamic-gap',
  'processing',
  'lateness',
  'process',
]
/** More events than any of these jobs needs. */
const MOST_STEPS = 150_000

export async function runJob(seed: number, focus?: Focus): Promise<JobReport> {
  return new JobTrial(seed, focus).run()
}

type Outcome = { readonly how: string } | { readonly error: unknown }

class JobTrial {
  readonly #seed: number
  readonly #program: Program
  readonly #plan: RunPlan
  readonly #machine: Machine
  readonly #random: SeededRandom
  readonly #recorder = new Recorder()
  readonly #sources: Map<string, SourceWorld>
  readonly #sinks: Map<string, SinkWorld>
  readonly #problems: string[] = []
  readonly #told: string[] = []
  #parallelism = 1
  #crashes = 0
  #checkpoints = 0
  /** From a checkpoint with something in it. */
  #restores = 0
  #isSingle = true
  #stepsLeft = Infinity

  constructor(seed: number, focus?: Focus) {
    this.#seed = seed
    this.#random = new SeededRandom(seed, 'oracle')
    this.#plan = drawPlan(this.#random, focus)
    const options = { conserving: this.#plan.isConserving, ...(this.#plan.hasWindows ? { windows: WINDOWS } : {}) }
    this.#program = withoutClocks(randomProgram(seed, this.#plan.size, options))
    this.#machine = new Machine({ seed, startMs: this.#program.startNow })
    this.#sources = new Map(
      this.#program.sources.map((spec) => [
        spec.id,
        new SourceWorld(spec, seed, { ...this.#plan.delivery, ownTimestamps: spec.timed && this.#random.chance(0.5) }),
      ]),
    )
    this.#sinks = new Map(this.#program.steps.filter((step) => step.kind === 'sink').map((step) => [step.id, new SinkWorld(step.id, seed)]))
  }

  async run(): Promise<JobReport> {
    try {
      await this.#runToEnd()
      if (this.#problems.length === 0) this.#judge()
    } catch (error) {
      this.#problems.push(`the job did not finish: ${stackOf(error)}`)
    }
    return this.#report()
  }

  #ways: readonly string[] = []

  #judge(): void {
    for (const sink of this.#sinks.values()) sink.finish()
    const verdict = judge({
      program: this.#program,
      isConserving: this.#plan.isConserving,
      committed: new Map([...this.#sinks].map(([id, world]) => [id, world.committed()])),
      segments: this.#recorder.surviving(),
      arrival: [...this.#sources.values()].flatMap(({ arrival }) => arrival),
      groups: this.#groups(),
      isSingle: this.#isSingle,
      isMixed: this.#plan.hints.length > 0,
      restarts: this.#recorder.attempt - 1,
      discovers: this.#plan.delivery.discovers,
      hasIdled: [...this.#sources.values()].some((source) => source.hasIdled),
    })
    this.#ways = verdict.ways
    this.#problems.push(...verdict.problems)
  }

  #report(): JobReport {
    for (const world of [...this.#sources.values(), ...this.#sinks.values()]) this.#problems.push(...world.violations)
    const records = this.#program.sources.reduce((sum, { splits }) => sum + splits.reduce((all, split) => all + split.records.length, 0), 0)
    return {
      seed: this.#seed,
      problems: this.#problems,
      ways: this.#ways,
      crashes: this.#crashes,
      checkpoints: this.#checkpoints,
      restores: this.#restores,
      records,
      program: this.#program,
      plan: this.#plan,
      trace: this.#told,
      traceHash: this.#machine.trace.hash,
    }
  }

  async #runToEnd(): Promise<void> {
    this.#machine.faults = this.#plan.faults === undefined ? undefined : randomFaults(this.#random, this.#plan.faults)
    this.#machine.crashPoint = () =>
      this.#crashes < this.#plan.crashes && this.#random.chance(this.#plan.crashPointChance) ? this.#countCrash() : undefined
    for (let process = this.#machine.start(); ; process = this.#machine.start()) {
      this.#parallelism = this.#random.pick(this.#plan.parallelisms)
      if (this.#parallelism > 1 || this.#plan.hints.length > 0) this.#isSingle = false
      if (await this.#runProcess(process)) return
      if (this.#machine.processes.length > 40) throw new Error('40 processes and no end')
    }
  }

  /** Soon after the start, or anywhere. */
  #stepsToLive(): number {
    return this.#random.chance(0.3) ? Math.floor(10 ** (1 + this.#random.next() * 2)) : 100 + this.#random.below(4_000)
  }

  #countCrash(): 'kill' | 'powerLoss' {
    this.#crashes++
    return this.#random.chance(0.5) ? 'kill' : 'powerLoss'
  }

  /** True when the job has finished. */
  async #runProcess(process: SimulatedProcess): Promise<boolean> {
    this.#told.push(`process ${process.pid} at parallelism ${this.#parallelism}`)
    let outcome: Outcome | undefined
    const isDying = this.#crashes < this.#plan.crashes
    this.#stepsLeft = isDying ? this.#stepsToLive() : Infinity
    const starting = startJob(this.#job(), this.#options(), {
      env: process,
      observer: (event) => this.#observe(process, event),
      tuning: this.#tuning(),
      watch: this.#watch(process),
    })
    let handle: JobHandle | undefined
    starting.then(
      (started) => {
        handle = started
        started.finished.then(
          (how) => (outcome = { how }),
          (error: unknown) => (outcome = { error }),
        )
      },
      (error: unknown) => (outcome = { error }),
    )
    await settled()
    let isQuiet = false
    for (let steps = 0; outcome === undefined; steps++) {
      if (process.isDead) return false
      if (steps > MOST_STEPS) throw new Error(`no end after ${MOST_STEPS} events at ${this.#machine.nowMs} ms`)
      if (--this.#stepsLeft < 0) this.#endEarly(process, handle)
      else if (await this.#machine.step()) {
        isQuiet = false
        continue
      } else if (isQuiet) throw new Error(`nothing is left to happen at ${this.#machine.nowMs} ms, but the job has not ended`)
      // What follows from the last event, or from a stop, has its turn.
      await settled()
      isQuiet = true
    }
    if (process.isDead) return false
    process.kill()
    if ('error' in outcome) return this.#failed(outcome.error)
    this.#told.push(outcome.how)
    return outcome.how === 'finished' || outcome.how === 'already-finished'
  }

  /** A disk that fails, or a timeout that is far too short, may stop the job, loudly; whoever watches over it starts it again. */
  #failed(error: unknown): false {
    const { faults, timeoutMs } = this.#plan
    const isLoudStop =
      (faults !== undefined || timeoutMs < 1_000) && StreamError.is(error) && error.domain === 'external' && error.retry === 'restart-job'
    if (!isLoudStop) throw error
    this.#told.push(`stops: ${messageOf(error)}`)
    return false
  }

  /** Killed, without power, or stopped as one should. */
  #endEarly(process: SimulatedProcess, handle: JobHandle | undefined): void {
    this.#stepsLeft = Infinity
    if (handle !== undefined && this.#random.chance(0.25)) {
      this.#crashes++
      this.#told.push('stop')
      handle.stop().catch(() => undefined)
    } else if (this.#countCrash() === 'kill') process.kill()
    else this.#machine.losePower()
    if (process.isDead) this.#told.push(`dies at ${this.#machine.nowMs} ms`)
  }

  #tuning(): Tuning {
    const { tuning, isShuffled } = this.#plan
    const turns = new SeededRandom(this.#seed, `turns ${this.#machine.processes.length}`)
    return { ...tuning, ...(isShuffled ? { pick: (count: number) => turns.below(count) } : {}) }
  }

  #options(): Parameters<typeof startJob>[1] {
    const { everyMs, timeoutMs, retain, keyGroups, check } = this.#plan
    return {
      parallelism: this.#parallelism,
      keyGroups,
      check,
      checkpoints: { storage: STORAGE, every: everyMs, timeout: timeoutMs, retain, lease: 500 },
      restart: { strategy: 'exponential', initial: 10, max: 100 },
    }
  }

  #observe(process: SimulatedProcess, event: JobEvent): void {
    if (process.isDead) return
    if (event.kind === 'checkpoint') this.#checkpoints++
    if (event.kind === 'attempt-failed') this.#told.push(`attempt failed: ${messageOf(event.error)}`)
    if (event.kind !== 'restoring') return
    this.#told.push(`restores ${event.checkpoint}`)
    this.#recorder.begin(event.checkpoint)
    if ((event.checkpoint ?? 0) > 0) this.#restores++
    if (event.checkpoint !== undefined) for (const sink of this.#sinks.values()) sink.restoredFrom(event.checkpoint)
  }

  #watch(process: SimulatedProcess): NonNullable<Parameters<typeof startJob>[2]['watch']> {
    return {
      watermark: (subtask, address, at, now) => {
        this.#openWindow(address, subtask)
        if (!process.isDead) this.#recorder.watermark(stepOf(address), subtask, at, now)
      },
      windowed: (subtask, address, { value, timestamp, watermark, now }) => {
        const opened = this.#openWindow(address, subtask)
        if (process.isDead || opened === undefined) return
        const { step, log } = opened
        const key = keyText(keySelector(keyOfInput(this.#program, step))(value as Row))
        log.seen.push({ kind: 'record', key, value: value as Row, timestamp: timestamp === timestamp ? timestamp : null, watermark, now })
      },
      clock: (subtask, address, now) => {
        if (!process.isDead) this.#openWindow(address, subtask)?.log.seen.push({ kind: 'time', now })
      },
      held: (subtask, addresses, checkpoint) => {
        if (!process.isDead) this.#recorder.held(addresses.map(stepOf), subtask, checkpoint)
      },
      splitsIdle: (_subtask, address, splits) => {
        if (!process.isDead) this.#sources.get(stepOf(address))?.splitsIdle(splits)
      },
    }
  }

  /** A window step tells nobody that it opens. */
  #openWindow(address: string, subtask: number): { readonly step: WindowStep; readonly log: Log } | undefined {
    const step = this.#program.steps.find(({ id, kind }) => kind === 'window' && `step/${id}` === address) as WindowStep | undefined
    if (step === undefined) return undefined
    return { step, log: this.#recorder.open(step.id, subtask, this.#hintOf(step) ?? this.#parallelism) }
  }

  #job(): ReturnType<typeof compile> {
    return compile(this.#program, {
      source: (spec) => (this.#sources.get(spec.id) as SourceWorld).source,
      hasOwnTimestamps: (spec) => this.#sources.get(spec.id)?.style.ownTimestamps === true,
      sink: (step) => (this.#sinks.get(step.id) as SinkWorld).sink,
      listener: this.#listener(),
      parallelism: (step) => this.#hintOf(step),
      isLazy: () => this.#plan.isLazy,
    })
  }

  #hintOf(step: Step): number | undefined {
    const { hints } = this.#plan
    return hints.length === 0 ? undefined : hints[this.#program.steps.indexOf(step) % hints.length]
  }

  #listener(): Listener {
    const recorder = this.#recorder
    const groups = this.#groups()
    return {
      open: (step, subtask, subtasks) => recorder.open(step, subtask, subtasks),
      record: (log, { value, key, timestamp, watermark, now }) =>
        void (log as Log).seen.push({
          kind: 'record',
          key: key === undefined ? undefined : keyText(key),
          value,
          timestamp: timestamp ?? null,
          watermark,
          now,
        }),
      processingTime(log, now) {
        const { seen } = log as Log
        const last = seen.at(-1)
        if (last?.kind !== 'time' || last.now !== now) seen.push({ kind: 'time', now })
      },
      reduced: (step, key, value, before) => {
        const subtasks = this.#hintOf(this.#program.steps.find(({ id }) => id === step) as Step) ?? this.#parallelism
        const log = recorder.openByOwner(step, groups.ownerOf(groups.groupOf(key), subtasks))
        log.seen.push({ kind: 'record', key: keyText(key), value, timestamp: null, ...(before === undefined ? {} : { before }) })
      },
    }
  }

  #groups(): KeyGroups {
    const { keyGroups } = this.#plan
    return {
      count: keyGroups,
      groupOf: (key) => keyGroupOf(keyHash(key), keyGroups),
      ownerOf: (group, subtasks) => subtaskOf(group, subtasks, keyGroups),
    }
  }
}

/** Windows fire in pieces, each at its own time: what the clock says in a result is nobody's business. */
function withoutClocks(program: Program): Program {
  const steps = program.steps.map((step) =>
    step.kind === 'window' && step.fn.kind === 'inspect' ? { ...step, fn: { ...step.fn, clock: false } } : step,
  )
  return { ...program, steps }
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack}${error.cause === undefined ? '' : `\ncause: ${stackOf(error.cause)}`}`
}

function stepOf(address: string): string {
  return address.slice(address.indexOf('/') + 1)
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
