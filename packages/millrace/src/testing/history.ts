/**
 * One simulated history: a job on a simulated machine, from its first process to the end of its input, with what happens to it on the way.
 * When nothing more happens a process has to bring the job to its end, whatever came before.
 */
import type { Handle } from '../api/job.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'
import { assertNever, messageOf, StreamError } from '../core/errors.ts'
import { startJob } from '../job/start-job.ts'
import type { Plan, PlanEdge, SourceNode } from '../plan/nodes.ts'
import type { JobEvent, JobHandle, JobOutcome } from '../runtime/monitor.ts'
import { randomFaults } from '../simulate/faults.ts'
import { Machine } from '../simulate/machine.ts'
import type { SimulatedProcess } from '../simulate/process.ts'
import { faultText, LEASE_MS, type Fault, type FaultKind, type When } from './fault.ts'
import { Ledger, simulatedSink } from './simulated-sink.ts'
import { simulatedSource, type SimulatedSplits } from './simulated-source.ts'
import { rewritten } from './test-plan.ts'

/** The job and all that does not change from history to history. */
export interface Scene {
  readonly job: unknown
  readonly options: { readonly config?: unknown; readonly parallelism: number; readonly keyGroups: number }
  /** By address of the source. */
  readonly input: ReadonlyMap<string, SimulatedSplits>
}

/** How a history ended. */
export interface Outcome {
  /** Committed, by sink; and by stream that the factory returned, but for what comes from a source as it is. */
  readonly output: ReadonlyMap<string, readonly unknown[]>
  /** The job has not come to its end, or has failed where it may not. */
  readonly error: unknown
  /** What happened, line by line. */
  readonly lines: readonly string[]
  readonly counts: HistoryCounts
}
/** What has happened in a history, or in several. */
export interface HistoryCounts {
  readonly processes: number
  readonly checkpoints: number
  /** Processes and attempts that went on from a checkpoint. */
  readonly restores: number
  /** Faults that have come to pass: not those whose time never came. */
  readonly faults: Readonly<Record<FaultKind, number>>
}

const START_MS = Date.UTC(2026, 0, 1)
/** What one fault is waited for at most: a named step may never be passed again. */
const FAULT_LIMIT_MS = 2_000
/** Of the last process, when nothing more happens to it. */
const END_LIMIT_MS = 600_000
/** A disk that fails may make a process give up. */
const MOST_PROCESSES = 100
const KEPT_LINES = 60
/** What a failing disk may end a process with. */
const OF_THE_DISK: readonly string[] = ['STORAGE', 'CHECKPOINT_FAILED', 'CHECKPOINT_TIMEOUT', 'COMMIT_FAILED']

export async function playHistory(scene: Scene, seed: number, faults: readonly Fault[], startMs: number = START_MS): Promise<Outcome> {
  const history = new History(scene, seed, startMs)
  try {
    await history.play(faults)
  } catch (error) {
    history.error ??= error
  }
  return history.outcome
}

type Process = SimulatedProcess<Machine>
interface Life {
  readonly process: Process
  readonly handle: JobHandle
  end: JobOutcome | { readonly error: unknown } | undefined
  /** It has lived while the disk failed, which is its excuse. */
  hasMetBadDisk: boolean
}

class History {
  error: unknown
  readonly #scene: Scene
  readonly #seed: number
  readonly #machine: Machine
  readonly #ledgers = new Map<string, Ledger>()
  /** How much each split of each source has given to any process. */
  readonly #givens = new Map<string, Map<string, number>>()
  readonly #lines: string[] = []
  readonly #random: SeededRandom
  readonly #tuning: { readonly batchRecords: number; readonly credits: number; readonly everyMs: number }
  readonly #faults: Record<FaultKind, number> = { kill: 0, 'power-loss': 0, pause: 0, 'disk-errors': 0, 'slow-disk': 0 }
  #lives: Life[] = []
  #checkpoints = 0
  #restores = 0
  /** It fails now. */
  #isDiskBad = false

  constructor(scene: Scene, seed: number, startMs: number) {
    this.#scene = scene
    this.#seed = seed
    this.#machine = new Machine({ seed, startMs })
    this.#random = new SeededRandom(seed, 'history')
    this.#tuning = {
      batchRecords: this.#random.pick([1, 4, 64]),
      credits: 1 + this.#random.below(2),
      everyMs: this.#random.pick([10, 20, 30]),
    }
  }

  get outcome(): Outcome {
    return {
      output: new Map([...this.#ledgers].map(([sink, { rows }]) => [sink, rows])),
      error: this.error,
      lines: this.#lines,
      counts: {
        processes: this.#machine.processes.length,
        checkpoints: this.#checkpoints,
        restores: this.#restores,
        faults: this.#faults,
      },
    }
  }

  async play(faults: readonly Fault[]): Promise<void> {
    await this.#start()
    for (const fault of faults) {
      if (this.#isOver) break
      await this.#suffer(fault)
    }
    await this.#pass(END_LIMIT_MS, () => this.#isOver)
    if (this.#isOver) return
    throw new StreamError(
      'SIMULATION_FAILED',
      `the job has not come to its end ${END_LIMIT_MS / 1_000} simulated seconds after the last fault`,
    )
  }

  get #current(): Life {
    return this.#lives.at(-1) as Life
  }

  get #isOver(): boolean {
    return this.error !== undefined || this.#lives.some(({ end }) => end === 'finished' || end === 'already-finished')
  }

  async #start(): Promise<void> {
    if (this.#machine.processes.length >= MOST_PROCESSES)
      throw new StreamError('SIMULATION_FAILED', `the job has not come to its end in ${MOST_PROCESSES} processes`)
    const process = this.#machine.start()
    this.#note(`process ${process.pid} starts`)
    const { everyMs, ...tuning } = this.#tuning
    const handle = await startJob(
      this.#scene.job,
      {
        ...this.#scene.options,
        check: true,
        checkpoints: { storage: '/checkpoints', every: everyMs, lease: LEASE_MS, timeout: 5_000, retain: 1 },
        restart: { strategy: 'fixed-delay', attempts: 3, delay: 5 },
      },
      {
        env: process,
        tuning: { ...tuning, failureBudget: 3, compaction: { fanIn: 3, minRewriteBytes: 2_000 } },
        observer: (event) => this.#onEvent(process, event),
        rewrite: ({ plan, handles }) => {
          // What a source gives is what it was given.
          const isMade = ([, { outputs }]: [string, Handle]): boolean => !outputs.every((edge) => isOfSource(plan, edge))
          return rewritten(plan, Object.fromEntries(Object.entries(handles).filter(isMade)), {
            hasMarkers: false,
            source: (node) => simulatedSource(node.source, this.#recordsOf(node), { seed: this.#seed, given: this.#given(node.address) }),
            sink: ({ sink, address }) => simulatedSink(sink.kind, this.#ledger(address), this.#seed),
            tap: (name) => simulatedSink('tap', this.#ledger(`stream ${name}`), this.#seed),
          })
        },
      },
    )
    const life: Life = { process, handle, end: undefined, hasMetBadDisk: this.#isDiskBad }
    this.#lives.push(life)
    handle.finished.then(
      (outcome) => this.#ended(life, outcome),
      (error: unknown) => this.#ended(life, { error }),
    )
  }

  async #suffer(fault: Fault): Promise<void> {
    const isReached = await this.#reach(fault.when, fault.kind)
    if (!isReached || this.#isOver) return
    this.#faults[fault.kind]++
    this.#note(faultText(fault))
    switch (fault.kind) {
      case 'kill':
      case 'power-loss':
        if (!this.#current.process.isDead) this.#end(fault.kind)
        return this.#start()
      case 'pause':
        this.#machine.pause(this.#current.process, fault.forMs)
        await this.#start()
        return this.#pass(fault.forMs, () => this.#isOver)
      case 'disk-errors':
        this.#isDiskBad = true
        for (const life of this.#lives) life.hasMetBadDisk = true
        return this.#disk(fault, { error: fault.share })
      case 'slow-disk':
        return this.#disk(fault, { slow: fault.share })
      default:
        return assertNever(fault)
    }
  }

  #end(how: 'kill' | 'power-loss'): void {
    if (how === 'kill') this.#machine.kill(this.#current.process)
    else this.#machine.losePower()
  }

  async #disk({ forMs }: { readonly forMs: number }, rates: { readonly error?: number; readonly slow?: number }): Promise<void> {
    this.#machine.faults = randomFaults(new SeededRandom(this.#seed, `disk at ${this.#machine.nowMs}`), rates)
    await this.#pass(forMs, () => this.#isOver)
    this.#machine.faults = undefined
    this.#isDiskBad = false
    if (!this.#isOver) this.#note('the disk is as it was')
  }

  /** False when the moment never comes. A process dies at a named step within that step. */
  async #reach(when: When, how: FaultKind): Promise<boolean> {
    if ('afterMs' in when) {
      await this.#pass(when.afterMs, () => this.#isOver)
      return true
    }
    let passed = 0
    this.#machine.crashPoint = (name, _count, process) =>
      process === this.#current.process && name === when.point && ++passed === when.nth
        ? how === 'kill'
          ? 'kill'
          : 'powerLoss'
        : undefined
    await this.#pass(FAULT_LIMIT_MS, () => this.#isOver || this.#current.process.isDead)
    this.#machine.crashPoint = undefined
    return passed >= when.nth
  }

  /** Lets time pass; a process that gave up has a successor. */
  async #pass(forMs: number, isEnough: () => boolean): Promise<void> {
    const { process } = this.#current
    for (const endMs = this.#machine.nowMs + forMs; this.#machine.nowMs < endMs && !isEnough();) {
      await this.#machine.advance(Math.min(1, endMs - this.#machine.nowMs))
      if (this.#current.process === process && process.isDead) continue
      if (this.#current.end !== undefined && !this.#isOver) await this.#start()
    }
  }

  #ended(life: Life, end: NonNullable<Life['end']>): void {
    life.end = end
    if (typeof end === 'string') return this.#note(`process ${life.process.pid} ends: ${end}`)
    const { error } = end
    const code = StreamError.is(error) ? error.code : 'an error'
    this.#note(`process ${life.process.pid} gives up: ${code}`)
    const isFenced = code === 'FENCED' && this.#lives.length > 1
    const isOfTheDisk = life.hasMetBadDisk && OF_THE_DISK.includes(code)
    if (!isFenced && !isOfTheDisk) this.error ??= error
  }

  #onEvent({ pid }: Process, event: JobEvent): void {
    switch (event.kind) {
      case 'checkpoint':
        this.#checkpoints++
        return this.#note(`process ${pid}: checkpoint ${event.info.checkpoint}`)
      case 'restoring':
        if (event.checkpoint === undefined) return
        this.#restores++
        return this.#note(`process ${pid} restores checkpoint ${event.checkpoint}`)
      case 'attempt-failed':
        return this.#note(`process ${pid}: an attempt has failed: ${messageOf(event.error)}`)
      default:
    }
  }

  /** The last lines: what led to the end. */
  #note(text: string): void {
    this.#lines.push(`${this.#machine.nowMs.toFixed(1).padStart(8)} ms  ${text}`)
    if (this.#lines.length > KEPT_LINES) this.#lines.shift()
  }

  #recordsOf({ address }: SourceNode): SimulatedSplits {
    return this.#scene.input.get(address) ?? new Map()
  }

  #given(address: string): Map<string, number> {
    const given = this.#givens.get(address) ?? new Map<string, number>()
    this.#givens.set(address, given)
    return given
  }

  #ledger(address: string): Ledger {
    const ledger = this.#ledgers.get(address) ?? new Ledger()
    this.#ledgers.set(address, ledger)
    return ledger
  }
}

function isOfSource({ nodes }: Plan, { from, output }: PlanEdge): boolean {
  return output === 'main' && nodes[from]?.kind === 'source'
}
