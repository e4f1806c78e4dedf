/**
 * One history: the processes of a job on a simulated machine, one after another or side by side, hurt as the plan says. Then the faults
 * stop, and the job has to finish. Every end of a process is judged: what it may fail with depends on what was done to it. All that the
 * job has committed is judged by four oracles.
 */
import { messageOf, StreamError } from '../../packages/millrace/src/core/errors.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { JobEvent, JobOutcome } from '../../packages/millrace/src/runtime/monitor.ts'
import { Machine, ProcessDied } from '../../packages/millrace/src/simulate/machine.ts'
import { Upstream } from '../lib/paced-source.ts'
import type { Committed } from '../lib/committed.ts'
import { compare, expectedOf } from '../lib/sequence-check.ts'
import { START_MS } from '../lib/sequence-input.ts'
import { compareWindows } from '../lib/window-check.ts'
import { judgeAlarms } from './alarms.ts'
import { Cleanup } from './cleanup.ts'
import { startCommand } from './command.ts'
import { DurableLog } from './durable-log.ts'
import { judgeEventTime } from './event-time.ts'
import { judgeFirings } from './firings.ts'
import { Heard, positionsIn } from './heard.ts'
import { inflict, tellToStop, type Patient, type Process } from './inflict.ts'
import { CHECKPOINTS, prepareDisk, simulatedJob, TRANSFERS_PER_FILE } from './job.ts'
import { judgeLedger } from './ledger.ts'
import { judgeError, type Circumstances } from './atlas.ts'
import { committedFiles, residueOf } from './outside.ts'
import { faultsOf, type Fault, type Life, type SimPlan } from './plan.ts'
import { Readings } from './readings.ts'
import { rot } from './rot.ts'
import { judgeStop } from './stops.ts'
import { StrictSink, type CommitTrouble, type DurableCheckpoint } from './strict-sink.ts'
import { judgeMoments } from './moments.ts'
import { newTally, type Tally } from './tally.ts'
import type { FaultKind } from './kinds.ts'

export interface TrialReport {
  /** What is wrong; empty when all is well. */
  readonly violations: readonly string[]
  readonly tally: Tally
  readonly traceHash: string
  readonly story: readonly string[]
}

/** How one process ended. */
type End = JobOutcome | 'died' | 'without a word' | StreamError

/** Of one process. Nothing that is drawn keeps one busy for longer: a restart that is put off for a minute each time, on a disk that fails a dozen times. */
const LIMIT_MS = 1_800_000
/** Once the faults have stopped, the first process that is left alone finishes the job; the second only says that it is done. */
const MOST_LAST_PROCESSES = 3
const FEW_RESTARTS = { strategy: 'fixed-delay', attempts: 30, delay: 5 } as const
const KEPT_STORY = 2_000

export async function runTrial(plan: SimPlan): Promise<TrialReport> {
  const trial = new Trial(plan)
  try {
    await trial.run()
  } catch (error) {
    trial.violations.push(`the simulation failed: ${error instanceof Error ? error.stack : String(error)}`)
  }
  const { violations, machine, tally, story } = trial
  tally.counts.events = machine.eventCount
  tally.counts.processes = machine.processes.length
  return { violations, tally, traceHash: machine.trace.hash, story }
}

class Trial {
  readonly machine: Machine
  readonly violations: string[] = []
  readonly tally: Tally = newTally()
  readonly story: string[] = []
  readonly #plan: SimPlan
  readonly #upstream: Upstream
  readonly #readings = new Readings()
  readonly #strict: StrictSink
  readonly #durable: DurableLog
  readonly #heard: Heard
  readonly #patients = new Map<string, Patient>()
  readonly #completed = new Set<number>()
  #starts = 0
  #isFinished = false
  readonly #cleanup: Cleanup

  constructor(plan: SimPlan) {
    this.#plan = plan
    this.machine = new Machine({ seed: plan.seed, startMs: START_MS, tempo: plan.tempo })
    this.#cleanup = new Cleanup(this.machine)
    this.machine.faults = (operation) => {
      for (const injure of this.#patients.get(operation.process)?.injuries ?? []) {
        const fault = injure(operation)
        if (fault !== undefined) return fault
      }
      return undefined
    }
    this.machine.crashPoint = (name, _count, { pid }) => {
      for (const pass of this.#patients.get(`p${pid}`)?.points ?? []) {
        const how = pass(name)
        if (how !== undefined) return how
      }
      return undefined
    }
    const durable = (this.#durable = new DurableLog(this.machine.disk, CHECKPOINTS))
    this.#upstream = new Upstream(plan.shape, {
      durable: (split, position) => durablePosition(durable, split, position),
      observer: this.#readings,
    })
    this.#heard = new Heard((split) => this.#upstream.acknowledged(split))
    this.#strict = new StrictSink({
      seed: plan.seed,
      durable: (atLeast) => durableCheckpoint(durable, atLeast),
      trouble: (env) => this.#trouble(env as Process),
      commitMs: plan.commitMs,
    })
    prepareDisk(this.machine.disk, plan)
  }

  async run(): Promise<void> {
    for (const life of this.#plan.lives) {
      await this.#live(life)
      if (this.violations.length > 0) return
    }
    this.#tell('the faults have stopped')
    for (let left = MOST_LAST_PROCESSES; !this.#isFinished && left > 0 && this.violations.length === 0; left--)
      await this.#live({ parallelism: this.#plan.lastParallelism, faults: [], isRecovery: false })
    if (this.violations.length === 0) this.#judge()
  }

  /** One process, and those that are started beside it. */
  async #live(life: Life): Promise<void> {
    if (life.faults.some(({ kind }) => kind === 'rot')) return this.#rot(life)
    const ends: { readonly patient: Patient; readonly end: Promise<End> }[] = []
    let hasRival = false
    const start = (faults: readonly Fault[], parallelism: number): void => {
      const startRival = (): void => {
        if (hasRival) return
        hasRival = true
        start([], this.#plan.isSerial ? 1 : 1 + (parallelism % 3))
      }
      const patient = this.#start(parallelism, { ...life, faults }, startRival)
      ends.push({ patient, end: this.#ended(patient) })
    }
    start(life.faults, life.parallelism)
    let finished = 0
    for (let index = 0; index < ends.length; index++) {
      const { patient, end: coming } = ends[index] as (typeof ends)[number]
      const end = await coming
      if (end === 'finished' && (this.#cleanup.finished(patient) || patient.isOwner)) finished++
      this.#judgeEnd(patient, end, { faults: life.faults, hasRival })
      // A command that has ended leaves nothing behind.
      this.machine.kill(patient.process)
    }
    if (finished > 1) this.violations.push('two processes have finished the same job')
  }

  /** What is damaged is found, named and left as it is; mended, the job goes on. */
  async #rot(life: Life): Promise<void> {
    const random = new SeededRandom(this.#plan.seed, `rot ${this.#starts}`)
    const { how } = life.faults.find((fault) => fault.kind === 'rot') as Extract<Fault, { kind: 'rot' }>
    let rotten = await rot(this.machine.disk, random, how)
    if (rotten === undefined) {
      await this.#stopped(life.parallelism, random)
      if (this.violations.length === 0) rotten = await rot(this.machine.disk, random, how)
    }
    if (rotten === undefined) return
    this.#hit('rot')
    this.#tell(rotten.what)
    const patient = this.#start(life.parallelism, { ...life, faults: [] }, () => undefined)
    const end = await this.#ended(patient)
    const isRefused =
      StreamError.is(end) && end.code.startsWith('CHECKPOINT_') && `${end.message} ${JSON.stringify(end.details)}`.includes(rotten.path)
    if (isRefused) this.tally.counts.loudStops++
    else this.violations.push(`${rotten.what}, and the job ended with ${String(end)}`)
    this.machine.kill(patient.process)
    rotten.mend()
  }

  /** Where there is nothing yet: a process that makes some checkpoints, and is stopped as one should. */
  async #stopped(parallelism: number, random: SeededRandom): Promise<void> {
    const patient = this.#start(parallelism, { parallelism, faults: [], isRecovery: false }, () => undefined)
    const atMs = this.machine.nowMs + 100 + random.below(300)
    this.machine.schedule(patient.process, { atMs, label: 'stop', isIdle: true }, () => tellToStop(patient))
    this.#judgeEnd(patient, await this.#ended(patient), { faults: [], hasRival: false })
    this.machine.kill(patient.process)
  }

  #start(parallelism: number, life: Life, startRival: () => void): Patient {
    const plan = this.#plan
    const process = this.machine.start()
    const number = this.#starts++
    const patient: Patient = {
      process,
      command: undefined,
      isRunning: false,
      stop: undefined,
      isOwner: false,
      commits: [],
      failedCleanups: new Set(),
      injuries: [],
      points: [],
      links: undefined,
      timeoutMs: undefined,
    }
    this.#patients.set(`p${process.pid}`, patient)
    this.#tell(`p${process.pid} starts at parallelism ${parallelism}${life.faults.length === 0 ? '' : `: ${JSON.stringify(life.faults)}`}`)
    for (const [index, fault] of life.faults.entries()) {
      inflict(fault, {
        machine: this.machine,
        patient,
        random: new SeededRandom(plan.seed, `fault ${number} ${index}`),
        count: (kind) => this.#count(kind, patient, life),
        failSource: (nth) => this.#upstream.failOnce(process, nth),
        startRival,
      })
    }
    const turns = new SeededRandom(plan.seed, `turns ${number}`)
    patient.command = startCommand(process, {
      job: simulatedJob(plan, {
        upstream: this.#upstream,
        readings: this.#readings,
        sink: this.#strict,
        found: (problem) => this.violations.push(problem),
      }),
      name: 'sequence',
      directory: CHECKPOINTS,
      options: {
        parallelism,
        keyGroups: plan.keyGroups,
        check: plan.check,
        checkpoints: {
          storage: CHECKPOINTS,
          every: plan.everyMs,
          retain: plan.retain,
          lease: plan.leaseMs,
          timeout: patient.timeoutMs ?? plan.timeoutMs,
        },
        // Who never has time enough for a checkpoint is not to try for ever.
        restart: patient.timeoutMs === undefined ? plan.restart : FEW_RESTARTS,
      },
      context: {
        hasUncheckedConfig: false,
        tuning: {
          ...plan.tuning,
          ...(plan.isShuffled ? { pick: (count: number) => turns.below(count) } : {}),
          ...(patient.links === undefined ? {} : { links: patient.links }),
        },
        observer: (event) => this.#observe(patient, event),
      },
    })
    return patient
  }

  async #ended({ process, command }: Patient): Promise<End> {
    const ended = (command as NonNullable<typeof command>).ended
    // Looked at by `run` below only after other processes may have ended: a rejection must not count as unhandled.
    ended.catch(() => undefined)
    try {
      await this.machine.run(ended, { process, limitMs: LIMIT_MS })
      // A command has an outcome or an error, and only who was killed has neither.
      return this.#outcomes.get(process) ?? (process.isDead ? 'died' : 'without a word')
    } catch (error) {
      if (process.isDead || error instanceof ProcessDied) return 'died'
      if (StreamError.is(error)) return error
      throw error
    }
  }

  readonly #outcomes = new Map<Process, JobOutcome>()

  #observe(patient: Patient, event: JobEvent): void {
    const { process } = patient
    if (process.isDead) return
    const { counts } = this.tally
    if (event.kind === 'running') patient.isRunning = true
    if (event.kind === 'claimed') {
      patient.isOwner = true
      this.#cleanup.claimed(patient, this.#patients.values())
    }
    if (event.kind === 'attempt-failed') patient.isOwner = false
    if ((event.kind === 'checkpoint' || event.kind === 'checkpoint-aborted') && patient.stop !== undefined)
      patient.stop.settledMs ??= this.machine.nowMs
    if (event.kind === 'restoring') this.#heard.begins(process)
    if (event.kind === 'checkpoint') {
      counts.checkpoints++
      this.#completed.add(event.info.checkpoint)
      this.violations.push(...this.#heard.completed(process, event.info.checkpoint, this.#durable.newest()))
    }
    if (event.kind === 'checkpoint-aborted') {
      counts.aborts++
      if (patient.timeoutMs !== undefined && event.reason.includes('within its timeout')) this.#hit('timeout')
    }
    if (event.kind === 'restoring' && event.checkpoint !== undefined) {
      counts.restores++
      this.tally.histories.restore = 1
    }
    if (event.kind === 'attempt-failed') counts.attemptFailures++
    if (event.kind === 'ended') this.#outcomes.set(process, event.outcome)
    if (event.kind === 'already-finished') this.#outcomes.set(process, 'already-finished')
    this.#tell(`p${process.pid} ${wordsOf(event)}`)
  }

  #hit(kind: FaultKind): void {
    this.tally.faults[kind]++
    this.tally.histories[kind] = 1
  }

  #count(kind: FaultKind, patient: Patient, life: Life): void {
    this.#hit(kind)
    if (life.isRecovery && !patient.isRunning) {
      this.tally.counts.recoveryFaults++
      this.tally.histories.recovery = 1
    }
    this.#tell(`p${patient.process.pid} fault: ${kind}`)
  }

  #trouble(process: Process): CommitTrouble | undefined {
    for (const trouble of this.#patients.get(`p${process.pid}`)?.commits ?? []) {
      if (trouble.left === 0 || trouble.after-- > 0) continue
      trouble.left--
      this.#hit(trouble.how === 'lost' ? 'reply' : 'refuse')
      this.#tell(`p${process.pid} fault: a commit of the strict sink is ${trouble.how}`)
      return trouble.how
    }
    return undefined
  }

  #judgeEnd(patient: Patient, end: End, circumstances: Circumstances): void {
    const { process } = patient
    this.#tell(`p${process.pid} ends: ${StreamError.is(end) ? `${end.code}: ${end.message}` : end}`)
    const isFenced = StreamError.is(end) && end.code === 'FENCED'
    if (end === 'without a word') this.violations.push(`p${process.pid} ended, and has said neither how nor why`)
    if (end === 'died' || StreamError.is(end)) this.#cleanup.broke(patient)
    // Who was replaced may die before it knows.
    const isReplaced = isFenced || (end === 'died' && circumstances.hasRival)
    if (!isReplaced) this.violations.push(...(this.#upstream.lateReads.get(process) ?? []))
    this.violations.push(...this.#upstream.violations.splice(0), ...this.#upstream.openings.violations.splice(0))
    this.violations.push(...this.#strict.violations.splice(0))
    if (end === 'finished' || end === 'already-finished') this.#isFinished = true
    if (end === 'stopped' && patient.isRunning) this.tally.histories.stopped = 1
    if (!StreamError.is(end)) {
      const unstopped = judgeStop(end, { stop: patient.stop, lastReadMs: this.#readings.lastReadMs(process) })
      if (unstopped !== undefined) this.violations.push(`p${process.pid} ${unstopped}`)
      return
    }
    this.tally.counts.loudStops++
    const wrong = judgeError(end, circumstances)
    if (wrong !== undefined) this.violations.push(wrong)
  }

  /** The four oracles. */
  #judge(): void {
    const { shape, sinks, ledger } = this.#plan
    const has = (sink: string): boolean => sinks.includes(sink)
    if (!this.#isFinished) return void this.violations.push(`not finished after ${this.#starts} processes`)
    this.violations.push(...judgeLedger(ledger, this.#strict.committed(), (checkpoint) => this.#completed.has(checkpoint)))
    const committed = committedFiles(this.machine.disk)
    const difference = compare(expectedOf(shape, true, has), committed)
    compareWindows(shape, committed, difference, has)
    const { missing, doubled, wrong, examples } = difference
    this.tally.counts.records = difference.rows
    if (missing + doubled + wrong > 0)
      this.violations.push(`missing ${missing}, doubled ${doubled}, wrong ${wrong}: ${examples.join('; ')}`)
    this.violations.push(...judgeFirings(shape, committed, has, this.#plan.isSerial))
    this.#judgeProcessingTime(committed, has)
    this.violations.push(...judgeEventTime(shape, committed, has))
    const { excuse } = this.#cleanup
    this.#tell(excuse === undefined ? 'nothing may be left over' : `something may be left over: ${excuse}`)
    if (excuse !== undefined) return
    this.tally.histories.residue = 1
    const residue = residueOf(this.machine.disk, this.machine.boot).filter((each) => !this.#cleanup.excuses(each))
    const left = [...residue.map(({ text }) => text), ...this.#strict.open().map((id) => `transaction ${id}`)]
    if (left.length > 0) this.violations.push(`left over: ${left.join(', ')}`)
  }

  #judgeProcessingTime(committed: readonly Committed[], has: (sink: string) => boolean): void {
    const { shape, ledger, tuning } = this.#plan
    const { counts, histories } = this.tally
    const goesBack = faultsOf(this.#plan).some((fault) => fault.kind === 'clock' && fault.byMs < 0)
    const alarms = judgeAlarms(ledger, has('alarms') ? committed : undefined, {
      readings: this.#readings,
      goesBack,
      mostInBatch: Math.max(tuning.batchRecords, TRANSFERS_PER_FILE),
    })
    const moments = judgeMoments(shape, committed, { has, readings: this.#readings, goesBack })
    this.violations.push(...alarms.problems, ...moments.problems)
    counts.alarms = alarms.due
    counts.moments = moments.due
    histories.alarms = alarms.due > 0 ? 1 : 0
    histories.moments = moments.due > 0 ? 1 : 0
  }

  #tell(line: string): void {
    if (this.story.length < KEPT_STORY) this.story.push(`${this.machine.nowMs.toFixed(1).padStart(9)} ${line}`)
  }
}

function durableCheckpoint(log: DurableLog, atLeast: number): DurableCheckpoint | undefined {
  const known = log.known()
  const manifest = (known?.checkpoint ?? -1) >= atLeast ? known : log.newest()
  if (manifest === undefined) return undefined
  const part = manifest.operators['sink/ledger']
  const committables = part?.kind === 'sink' ? part.committables.flatMap(({ data }) => (typeof data === 'string' ? [data] : [])) : []
  return { checkpoint: manifest.checkpoint, committables }
}

function durablePosition(log: DurableLog, split: string, atLeast: number): number {
  const known = positionsIn(log.known()).get(split) ?? 0
  return known >= atLeast ? known : (positionsIn(log.newest()).get(split) ?? 0)
}

function wordsOf(event: JobEvent): string {
  switch (event.kind) {
    case 'claimed':
      return `claims epoch ${event.epoch}`
    case 'restoring':
      return `restores ${event.checkpoint ?? 'nothing'}`
    case 'checkpoint':
      return `completes checkpoint ${event.info.checkpoint}`
    case 'checkpoint-aborted':
      return `aborts checkpoint ${event.checkpoint}: ${event.reason}`
    case 'attempt-failed':
      return `fails an attempt: ${messageOf(event.error)}`
    case 'ended':
      return `has ${event.outcome}`
    default:
      return event.kind
  }
}
