import { SeededRandom } from '../connectors/seeded-random.ts'
import type { Budget, Clock, Digest, Env, Files, Gunzip, Log, Output, ProcessIdentity, Processes, Random, Timers } from '../core/env.ts'
import { invariant } from '../core/errors.ts'
import { nodeDigest } from '../env/node-digest.ts'
import { WholeGunzip } from '../env/whole-gunzip.ts'
import type { Disk, Survival } from './disk.ts'
import type { Event } from './event-queue.ts'
import type { OperationKind } from './faults.ts'
import { simulatedFiles, type Effect } from './simulated-files.ts'

/** Asks of a budget in the simulator: at least one, so that whoever asks first still gets something done. */
const BUDGET_ASKS: Readonly<Record<'slice' | 'turn', number>> = { slice: 64, turn: 256 }
const KEPT_LOG_LINES = 1_000

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What a process needs of the machine in which it runs. */
export interface World {
  readonly nowMs: number
  readonly wallMs: number
  readonly boot: string
  readonly disk: Disk
  readonly processes: readonly SimulatedProcess[]
  start(): SimulatedProcess
  kill(process: SimulatedProcess): void
  losePower(survival?: Survival): void
  schedule(
    process: SimulatedProcess,
    at: { readonly atMs: number; readonly label: string; readonly isIdle?: boolean },
    run: () => void,
  ): () => void
  cancel(event: Event): void
  passCrashPoint(process: SimulatedProcess, name: string): void
  operate<T>(process: SimulatedProcess, kind: OperationKind, path: string, effect: Effect<T>): Promise<T>
}

/** One process of a simulated machine: the Env of what runs in it. Its functions may be taken off it, as Node's may. */
export class SimulatedProcess<M extends World = World> implements Env {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly files: Files
  readonly processes: Processes
  readonly digest: Digest = nodeDigest
  readonly gunzip: () => Gunzip = () => new WholeGunzip()
  readonly log: Log
  readonly output: Output
  readonly budget: (kind: 'slice' | 'turn') => Budget
  readonly crashPoint: (name: string) => void
  readonly heapLimitBytes: number = Number.POSITIVE_INFINITY
  readonly machine: M
  readonly pid: number
  /** What it printed. */
  printed = ''
  /** What it logged last. */
  readonly logged: LoggedLine[] = []
  /** For the machine. */
  readonly events: Set<Event> = new Set()
  /** For the machine: stopped until then. */
  resumesAtMs = 0
  readonly #identity: ProcessIdentity
  readonly #lastMs = new WeakMap<object, number>()
  #soonMs = 0
  #isDead = false

  constructor(machine: M, options: { readonly pid: number; readonly seed: number }) {
    const { pid, seed } = options
    this.machine = machine
    this.pid = pid
    this.#identity = { boot: machine.boot, namespace: 'simulated', pid, startedAt: String(machine.nowMs) }
    const random = new SeededRandom(seed, `p${pid} random`)
    const timing = new SeededRandom(seed, `p${pid} timing`)
    const budgets = new SeededRandom(seed, `p${pid} budgets`)
    this.random = { next: () => random.next(), id: () => random.id() }
    this.clock = { now: () => machine.wallMs, monotonic: () => machine.nowMs }
    this.timers = this.#makeTimers(timing)
    this.files = simulatedFiles(machine.disk, { operate: (kind, path, effect) => machine.operate(this, kind, path, effect) })
    this.processes = { self: () => this.#identity, isAlive: (identity) => this.#isAlive(identity) }
    this.log = (level, event, fields = {}) => {
      this.logged.push({ level, event, fields })
      if (this.logged.length > KEPT_LOG_LINES) this.logged.shift()
    }
    this.output = { write: (text) => this.#print(text, timing) }
    this.budget = (kind) => drawnBudget(budgets, kind)
    this.crashPoint = (name) => machine.passCrashPoint(this, name)
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** `kill -9` of this process. */
  kill(): void {
    this.machine.kill(this)
  }

  /** The machine loses power; gives a fresh process on what its disk has kept. */
  crash(survival?: Survival): SimulatedProcess<M> {
    this.machine.losePower(survival)
    return this.machine.start() as SimulatedProcess<M>
  }

  /** For the machine. */
  die(): void {
    this.#isDead = true
    for (const event of this.events) this.machine.cancel(event)
    this.events.clear()
  }

  /** For the machine: the time at which an effect takes place, never before an earlier one of the same object. */
  inOrder(object: object | undefined, atMs: number): number {
    if (object === undefined) return atMs
    const time = Math.max(atMs, this.#lastMs.get(object) ?? 0)
    this.#lastMs.set(object, time)
    return time
  }

  #makeTimers(timing: SeededRandom): Timers {
    return {
      after: (delayMs, callback, options) => {
        invariant(Number.isFinite(delayMs), `E1: a timer of ${String(delayMs)} ms`)
        const lateMs = timing.next() * (timing.chance(0.02) ? 50 : 1)
        return this.machine.schedule(
          this,
          { atMs: this.machine.nowMs + Math.max(0, delayMs) + lateMs, label: 'timer', isIdle: options?.idle === true },
          callback,
        )
      },
      // In the order of the calls, and each turn takes time: who only ever waits for the next turn must not stop the clock.
      soon: (callback) => {
        this.#soonMs = Math.max(this.#soonMs, this.machine.nowMs + 0.005 + timing.next() * 0.2)
        this.machine.schedule(this, { atMs: this.#soonMs, label: 'soon' }, callback)
      },
    }
  }

  #print(text: string, timing: SeededRandom): Promise<void> {
    return new Promise((resolve) => {
      this.machine.schedule(this, { atMs: this.machine.nowMs + timing.next(), label: 'print' }, () => {
        this.printed += text
        resolve()
      })
    })
  }

  /** As Node's on Linux: nothing is known of another boot. */
  #isAlive(identity: ProcessIdentity): boolean | undefined {
    if (identity.boot !== this.#identity.boot || identity.namespace !== 'simulated') return undefined
    const process = this.machine.processes[identity.pid - 1]
    return process !== undefined && process.#identity.startedAt === identity.startedAt && !process.#isDead
  }
}

function drawnBudget(random: SeededRandom, kind: 'slice' | 'turn'): Budget {
  let left = 1 + random.below(BUDGET_ASKS[kind])
  return { hasLeft: () => left > 0 && left-- > 0 }
}
