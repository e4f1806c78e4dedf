import { SeededRandom } from '../connectors/seeded-random.ts'
import { Disk, type Survival } from './disk.ts'
import { EventQueue, type Event } from './event-queue.ts'
import type { Fault, FaultPlan, Operation, OperationKind } from './faults.ts'
import { SimulatedProcess, type World } from './process.ts'
import type { Effect } from './simulated-files.ts'
import { systemError } from './system-error.ts'
import { Trace } from './trace.ts'
import { turn } from '../env/turn.ts'

export interface MachineOptions {
  readonly seed: number
  /** What goes wrong with operations of the disk; nothing if not given. */
  readonly faults?: FaultPlan
  /** At which crash point the process or the machine dies; `count` is how often the point was passed before, over all processes. */
  readonly crashPoint?: (name: string, count: number, process: SimulatedProcess) => 'kill' | 'powerLoss' | undefined
  /** What a loss of power from a fault or crash point leaves; drawn for each thing if not given. */
  readonly survival?: Survival
  /** The wall clock at the start. */
  readonly startMs?: number
  /** What another machine has left; an empty one if not given. It is not copied. */
  readonly disk?: Disk
  /** How long operations of the disk take; the usual if not given. */
  readonly tempo?: Tempo
}

/**
 * How long operations of the disk take: a share of the usual time, drawn for each, and now and then many times as long. What is under
 * way at the same time ends in any order, but for the appends of one file.
 */
export interface Tempo {
  readonly usualMs: number
  readonly syncMs: number
  /** Probability of one that is slow, and by what it is slower. */
  readonly tail: number
  readonly tailFactor: number
}

/** Fsyncs take milliseconds, all else microseconds; now and then anything takes a hundred times as long. */
const USUAL_TEMPO: Tempo = { usualMs: 0.05, syncMs: 2, tail: 0.01, tailFactor: 100 }

/** What a promise given to `run` rejects with when its process died meanwhile. */
export class ProcessDied extends Error {
  override readonly name: string = 'ProcessDied'
}

/**
 * One simulated machine: time, a disk and processes. Nothing happens but by `step`, `advance`, `run` and `runUntilIdle`.
 *
 * M1  One seed and one sequence of calls give one history; `trace.hash` is the proof.
 * M2  Time stands still inside an event and its microtasks.
 * M3  What a dead process still computes reaches nobody: its operations have no effect, its promises never settle.
 */
export class Machine implements World {
  readonly disk: Disk
  readonly trace: Trace = new Trace()
  /** May be changed at any time. */
  faults: FaultPlan | undefined
  crashPoint: MachineOptions['crashPoint']
  survival: Survival
  readonly #seed: number
  readonly #events = new EventQueue()
  readonly #delays: SeededRandom
  readonly #luck: SeededRandom
  readonly #tempo: Tempo
  readonly #pointCounts = new Map<string, number>()
  readonly #processes: SimulatedProcess[] = []
  readonly #inFlight = new Set<InFlight>()
  #nowMs = 0
  #wallOffsetMs: number
  #operationCount = 0
  #eventCount = 0
  #boot = 1

  constructor(options: MachineOptions) {
    this.#seed = options.seed
    this.disk = options.disk ?? new Disk()
    this.disk.now = () => this.wallMs
    this.#delays = new SeededRandom(options.seed, 'delays')
    this.#luck = new SeededRandom(options.seed, 'luck')
    this.#wallOffsetMs = options.startMs ?? Date.UTC(2001, 0, 1)
    this.#tempo = options.tempo ?? USUAL_TEMPO
    this.faults = options.faults
    this.crashPoint = options.crashPoint
    this.survival = options.survival ?? (() => this.#luck.chance(0.5))
  }

  /** Ms since the machine was made; the clock of all its processes. */
  get nowMs(): number {
    return this.#nowMs
  }

  get wallMs(): number {
    return Math.floor(this.#nowMs + this.#wallOffsetMs)
  }

  get boot(): string {
    return `boot-${this.#seed}-${this.#boot}`
  }

  /** Operations of the disk begun so far: the index of the next one. */
  get operationCount(): number {
    return this.#operationCount
  }

  /** Events that have happened so far. */
  get eventCount(): number {
    return this.#eventCount
  }

  get processes(): readonly SimulatedProcess[] {
    return this.#processes
  }

  start(): SimulatedProcess<Machine> {
    const pid = this.#processes.length + 1
    const process = new SimulatedProcess<Machine>(this, { pid, seed: this.#seed })
    this.#processes.push(process)
    this.trace.note(this.#nowMs, `start p${pid}`)
    return process
  }

  /** The wall clock jumps; the monotonic one does not notice. */
  skewWallClock(byMs: number): void {
    this.trace.note(this.#nowMs, `the clock jumps by ${byMs}`)
    this.#wallOffsetMs += byMs
  }

  /** `kill -9`: what the process wrote stays in the page cache; what it was about to do may still happen, or half of it. */
  kill(process: SimulatedProcess): void {
    if (process.isDead) return
    this.trace.note(this.#nowMs, `kill p${process.pid}`)
    process.die()
    for (const operation of this.#inFlight) {
      if (operation.process !== process) continue
      this.#inFlight.delete(operation)
      if (this.#luck.chance(0.5)) operation.complete(this.#luck.next())
    }
  }

  /** `SIGSTOP`, and `SIGCONT` after a time: nothing of the process happens meanwhile. */
  pause(process: SimulatedProcess, forMs: number): void {
    if (process.isDead) return
    this.trace.note(this.#nowMs, `pause p${process.pid} for ${forMs}`)
    process.resumesAtMs = Math.max(process.resumesAtMs, this.#nowMs + forMs)
  }

  /** All processes die; of what is not durable, what `survival` says stays. */
  losePower(survival: Survival = this.survival): void {
    for (const process of this.#processes) this.kill(process)
    this.trace.note(this.#nowMs, 'power loss')
    this.disk.losePower(survival)
    this.#boot++
  }

  /** Lets the next event happen. False when there is none. */
  async step(): Promise<boolean> {
    const hasHappened = this.#happen()
    if (hasHappened) await turn()
    return hasHappened
  }

  /** Without the turn that has to follow it. */
  #happen(): boolean {
    const event = this.#events.take()
    if (event === undefined) return false
    this.#nowMs = Math.max(this.#nowMs, event.atMs)
    this.#eventCount++
    this.trace.note(this.#nowMs, event.label)
    event.run()
    return true
  }

  /** Until nothing is left but idle timers. */
  async runUntilIdle(): Promise<void> {
    await turn()
    while (this.#events.busyCount > 0) await this.step()
  }

  /** Lets a span of time pass, with all that happens in it. */
  async advance(byMs: number): Promise<void> {
    await turn()
    const endMs = this.#nowMs + byMs
    for (let next = this.#events.peek(); next !== undefined && next.atMs <= endMs; next = this.#events.peek()) await this.step()
    this.#nowMs = endMs
  }

  /**
   * Lets things happen until the promise settles, and gives what it settles with.
   * @throws ProcessDied when `process` died meanwhile, or any if none is given, and the promise has not settled
   * @throws when nothing can happen any more, or not within `limitMs`, one hour if not given
   */
  async run<T>(promise: Promise<T>, options: { readonly limitMs?: number; readonly process?: SimulatedProcess } = {}): Promise<T> {
    const { limitMs = 3_600_000, process } = options
    let isSettled = false
    const settle = (): void => void (isSettled = true)
    promise.then(settle, settle)
    const deadBefore = this.#deadCount()
    const hasDied = (): boolean => process?.isDead ?? this.#deadCount() > deadBefore
    const endMs = this.#nowMs + limitMs
    await turn()
    while (!isSettled) {
      if (hasDied()) throw new ProcessDied(`died at ${this.#nowMs} ms`)
      if (this.#nowMs > endMs) throw new Error(`not settled within ${limitMs} simulated ms:\n${this.trace.tail.slice(-20).join('\n')}`)
      if (!this.#happen())
        throw new Error(`nothing is left to happen, but the promise has not settled:\n${this.trace.tail.slice(-20).join('\n')}`)
      await turn()
    }
    return promise
  }

  /** For processes: an event that only happens while the process lives. Returns what cancels it. */
  schedule(
    process: SimulatedProcess,
    at: { readonly atMs: number; readonly label: string; readonly isIdle?: boolean },
    run: () => void,
  ): () => void {
    if (process.isDead) return () => {}
    const add = (atMs: number): Event => {
      const added = this.#events.add(atMs, `p${process.pid} ${at.label}`, happen, at.isIdle)
      process.events.add(added)
      return added
    }
    const happen = (): void => {
      process.events.delete(event)
      // What was due while it was stopped happens when it goes on, in the same order.
      if (process.resumesAtMs > this.#nowMs) event = add(process.resumesAtMs)
      else run()
    }
    let event = add(at.atMs)
    return () => {
      process.events.delete(event)
      this.cancel(event)
    }
  }

  cancel(event: Event): void {
    this.#events.cancel(event)
  }

  /** For processes: a durable step with a name. The process goes on computing, but reaches nobody any more (M3). */
  passCrashPoint(process: SimulatedProcess, name: string): void {
    if (process.isDead) return
    const count = this.#pointCounts.get(name) ?? 0
    this.#pointCounts.set(name, count + 1)
    this.trace.note(this.#nowMs, `p${process.pid} point ${name}`)
    this.#die(process, this.crashPoint?.(name, count, process))
  }

  /** How often each crash point has been passed. */
  get crashPoints(): ReadonlyMap<string, number> {
    return this.#pointCounts
  }

  /** For processes: an operation of the disk. */
  operate<T>(process: SimulatedProcess, kind: OperationKind, path: string, effect: Effect<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (process.isDead) return
      const { bytes } = effect
      const operation: Operation = {
        index: this.#operationCount++,
        kind,
        path,
        process: `p${process.pid}`,
        ...(bytes === undefined ? {} : { bytes }),
      }
      const fault = this.faults?.(operation)
      const slowMs = fault?.kind === 'slow' ? fault.byMs : 0
      const effectMs = process.inOrder(effect.inOrderOf, this.#nowMs + slowMs + this.#delay(kind))
      const inFlight: InFlight = { process, complete: (share) => this.#completeAlone(effect, operation, share) }
      this.#inFlight.add(inFlight)
      this.schedule(process, { atMs: effectMs, label: `${kind} ${path}` }, () => {
        this.#inFlight.delete(inFlight)
        if (isDeath(fault) && fault.when !== 'after') {
          if (fault.when !== 'before') effect.fail?.(operation, fault.when.torn / (bytes ?? 1))
          return this.#die(process, fault.kind)
        }
        const settle = this.#takeEffect(effect, operation, fault, resolve, reject)
        if (isDeath(fault)) return this.#die(process, fault.kind)
        this.schedule(process, { atMs: this.#nowMs + this.#delay('info'), label: `${kind} settles` }, settle)
      })
    })
  }

  #takeEffect<T>(
    effect: Effect<T>,
    operation: Operation,
    fault: Fault | undefined,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): () => void {
    if (fault?.kind === 'error') {
      if (fault.when === 'after') return this.#takeEffectUnheard(effect, operation, fault.code, reject)
      effect.fail?.(operation, fault.share ?? this.#luck.next())
      this.trace.note(this.#nowMs, `${operation.kind} ${operation.path}: ${fault.code} injected`)
      return () => reject(systemError(fault.code, operation.kind, operation.path))
    }
    try {
      const value = effect.run()
      return () => resolve(value)
    } catch (error) {
      this.trace.note(this.#nowMs, `${operation.kind} ${operation.path}: ${(error as Error).message}`)
      return () => reject(error)
    }
  }

  /** What went wrong by itself is told as it is. */
  #takeEffectUnheard<T>(
    effect: Effect<T>,
    operation: Operation,
    code: Extract<Fault, { kind: 'error' }>['code'],
    reject: (error: unknown) => void,
  ): () => void {
    let error: unknown = systemError(code, operation.kind, operation.path)
    try {
      effect.run()
    } catch (real) {
      error = real
    }
    this.trace.note(this.#nowMs, `${operation.kind} ${operation.path}: reply lost`)
    return () => reject(error)
  }

  /** What was under way when its process died. */
  #completeAlone<T>(effect: Effect<T>, operation: Operation, share: number): void {
    try {
      if (operation.kind === 'append') effect.fail?.(operation, share)
      else effect.run()
      this.trace.note(this.#nowMs, `${operation.kind} ${operation.path}: done all the same`)
    } catch {
      // It failed, and nobody hears of it.
    }
  }

  #die(process: SimulatedProcess, how: 'kill' | 'powerLoss' | undefined): void {
    if (how === 'kill') this.kill(process)
    if (how === 'powerLoss') this.losePower()
  }

  #deadCount(): number {
    return this.#processes.filter((process) => process.isDead).length
  }

  #delay(kind: OperationKind): number {
    const { usualMs, syncMs, tail, tailFactor } = this.#tempo
    const ms = kind === 'sync' || kind === 'syncDirectory' ? syncMs : usualMs
    return ms * (0.2 + this.#delays.next()) * (this.#delays.chance(tail) ? tailFactor : 1)
  }
}

interface InFlight {
  readonly process: SimulatedProcess
  complete(share: number): void
}

function isDeath(fault: Fault | undefined): fault is Extract<Fault, { readonly when: unknown }> {
  return fault?.kind === 'kill' || fault?.kind === 'powerLoss'
}
