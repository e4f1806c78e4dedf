/**
 * One attempt at running a job on this thread: its subtasks, the channels between them, and what they tell the coordinator.
 * A failed attempt is closed and never used again; whatever it still says afterwards is void (D9).
 */
import { slotOf } from '../checkpoint/reports.ts'
import type { CompactionLimits } from '../checkpoint/compaction.ts'
import type { TaskSlot } from '../checkpoint/coordinator-types.ts'
import type { Env } from '../core/env.ts'
import { messageOf } from '../core/errors.ts'
import { subtaskOf } from '../core/key-group.ts'
import { keyGroupOfKey } from '../serde/key.ts'
import type { Key, StateStatistics } from '../state/contract.ts'
import { StateBudget } from '../task/state-budget.ts'
import { TaskCore } from '../task/task-core.ts'
import type { BarrierReason, SeenByWindow, StreamElement, TaskSnapshot } from '../task/messages.ts'
import type { Specializer } from '../task/specialize.ts'
import type { OperatorRestore } from '../task/task-spec.ts'
import type { Underway } from '../task/underway.ts'
import { Acknowledger, type Positions } from './acknowledger.ts'
import { directLinks, type Links } from './links.ts'
import { progressOf, type Progress } from './progress.ts'
import { Scheduler } from './scheduler.ts'
import type { Receiver, Sender, WiredSubtask, Wiring } from './wiring.ts'

/** For those who watch an attempt from outside: tests and the simulator. Called during the tasks' own calls. */
export interface Watch {
  /** An operator of a subtask begins with a watermark. */
  watermark?(subtask: number, address: string, at: number, now: number): void
  /** A window step of a subtask gets a record. */
  windowed?(subtask: number, address: string, seen: SeenByWindow): void
  /** Timers in processing time of an operator of a subtask begin to fire. */
  clock?(subtask: number, address: string, now: number): void
  /** A subtask with these operators is sealed for a checkpoint. */
  held?(subtask: number, addresses: readonly string[], checkpoint: number): void
  /** Splits of a source have become idle. */
  splitsIdle?(subtask: number, address: string, splits: readonly string[]): void
  /** What is left of an operator's state after a slice of keeping it small. */
  swept?(subtask: number, address: string, statistics: StateStatistics): void
}
export interface AttemptEvents extends Watch {
  snapshot(subtask: number, snapshot: TaskSnapshot): void
  /** All input of the subtask has ended and all its output has left; barriers come to it directly from now on. */
  ended(subtask: number): void
  failed(error: unknown): void
  /** A sink is full until something is committed. */
  checkpointWanted(): void
}
/** Smaller buffers for tests and simulation. */
export interface Tuning {
  readonly batchRecords?: number
  readonly credits?: number
  /** When runs are merged: earlier than usual, so that small jobs have merges. */
  readonly compaction?: CompactionLimits
  /** Checkpoints in a row that may fail before the attempt does; 0 if not given. */
  readonly failureBudget?: number
  /** False: operators run the engine's own closures, as where code generation is forbidden. */
  readonly generateCode?: boolean
  /** All windows run in the general operator, to compare the sliced one with it. */
  readonly generalWindows?: boolean
  /** Which of so many subtasks with work gets the next turn; without it they have theirs in rotation. */
  readonly pick?: (count: number) => number
  /** How what subtasks tell each other and the coordinator travels; without it, it is there at once. */
  readonly links?: Links
}
export interface AttemptOptions {
  readonly wiring: Wiring
  readonly env: Env
  readonly log: string
  readonly epoch: number
  readonly check: boolean
  /** Of its state, all subtasks together. */
  readonly maxStateBytes: number
  /** As in `TaskOptions`. */
  readonly keepsState: boolean
  readonly specializer: Specializer
  readonly tuning: Tuning
  readonly underway: Underway
  /** What subtask `subtask` of `subtasks` of the operator gets back. */
  readonly restore: (address: string, subtask: number, subtasks: number) => Promise<OperatorRestore | undefined>
  readonly events: AttemptEvents
}

export class Attempt {
  readonly #options: AttemptOptions
  readonly #tasks: readonly TaskCore[]
  readonly #scheduler: Scheduler
  /** One for each task; only those of sources are told anything. */
  readonly #acknowledgers: readonly Acknowledger[]
  readonly #links: Links
  readonly #cancel = new AbortController()
  readonly #stateBudget: StateBudget
  #isOver = false
  #opening: Promise<void> | undefined

  constructor(options: AttemptOptions) {
    this.#options = options
    this.#links = options.tuning.links ?? directLinks
    this.#stateBudget = new StateBudget(options.maxStateBytes)
    this.#tasks = options.wiring.subtasks.map((wired, index) => this.#task(wired, index))
    const failed = (error: unknown): void => options.env.log('warn', 'a source could not be acknowledged', { cause: messageOf(error) })
    this.#acknowledgers = this.#tasks.map((task) => new Acknowledger((positions) => this.#acknowledge(task, positions), failed))
    this.#scheduler = new Scheduler(options.env, this.#tasks, options.tuning.pick)
  }

  /** Opens all subtasks, downstream first, so that nothing is sent to one that cannot take it. Records flow from `begin` on. */
  open(): Promise<void> {
    this.#opening = this.#openAll()
    return this.#opening
  }

  async #openAll(): Promise<void> {
    for (let index = this.#tasks.length - 1; index >= 0; index--) {
      const task = this.#tasks[index] as TaskCore
      const { plan, nodes, subtask, subtasks } = task.options.spec
      const restored: Record<string, OperatorRestore> = {}
      for (const node of nodes) {
        const address = plan.nodes[node]?.address as string
        const from = await this.#options.restore(address, subtask, subtasks)
        if (from !== undefined) restored[address] = from
      }
      await task.open(restored, this.#scheduler.time())
    }
  }

  begin(): void {
    for (const task of this.#tasks) task.begin()
    this.#scheduler.wakeAll()
  }

  /** A barrier to these subtasks, which have no live input; it travels on from there. */
  trigger(checkpoint: number, reason: BarrierReason, slots: readonly TaskSlot[]): void {
    const asked = new Set(slots.map(slotOf))
    for (const task of this.#tasks) task.expect(checkpoint)
    for (const [index, task] of this.#tasks.entries()) {
      if (!asked.has(slotOf(this.slot(index)))) continue
      task.barrier(checkpoint, reason)
      this.#scheduler.wake(index)
    }
  }

  slot(subtask: number): TaskSlot {
    const { spec } = this.#options.wiring.subtasks[subtask] as WiredSubtask
    return { task: spec.name, subtask: spec.subtask }
  }

  /** The manifest of checkpoint n is durable. */
  complete(checkpoint: number): void {
    for (const task of this.#tasks) task.complete(checkpoint)
  }

  abort(checkpoint: number): void {
    for (const task of this.#tasks) task.abort(checkpoint)
    this.#scheduler.wakeAll()
  }

  /** By source and split: these positions are in a durable checkpoint. In the background; `close` waits for it. */
  acknowledge(positions: Readonly<Record<string, Positions>>): void {
    if (this.#isOver) return
    for (const [index, task] of this.#tasks.entries()) {
      const { plan, nodes } = task.options.spec
      const own = positions[plan.nodes[nodes[0] as number]?.address as string]
      if (own !== undefined) this.#acknowledgers[index]?.tell(own)
    }
  }

  /** What a process function holds for a key: in the subtask that owns it. */
  look(address: string, key: Key): Readonly<Record<string, unknown>> | undefined {
    for (const task of this.#tasks) {
      const { keyGroups, subtasks, subtask } = task.options.spec
      if (subtaskOf(keyGroupOfKey(key, keyGroups), subtasks, keyGroups) !== subtask) continue
      const found = task.look(address, key, this.#scheduler.time())
      if (found !== undefined) return found
    }
    return undefined
  }

  get longestTurnMs(): number {
    return this.#scheduler.longestTurnMs
  }

  progress(): Progress {
    return progressOf(this.#tasks.map((task) => task.counts()))
  }

  /** Lowest of its tasks. */
  get watermark(): number {
    return this.#tasks.reduce((lowest, { watermark }) => Math.min(lowest, watermark), Number.POSITIVE_INFINITY)
  }

  /**
   * Ends it, whatever it is doing. Errors of closing are given back, not thrown: the attempt is over either way.
   * @param hasEnded it has come to its end, so what its last checkpoint holds is acknowledged before its readers are closed
   */
  async close(hasEnded: boolean): Promise<readonly unknown[]> {
    this.#isOver = true
    this.#scheduler.stop()
    this.#cancel.abort()
    // What is being opened is closed when it is there.
    await this.#opening?.catch(() => undefined)
    if (!hasEnded) for (const acknowledger of this.#acknowledgers) acknowledger.cancel()
    for (const acknowledger of this.#acknowledgers) await acknowledger.settle()
    const errors: unknown[] = []
    for (const task of this.#tasks) await task.close().catch((error: unknown) => errors.push(error))
    return errors
  }

  #acknowledge(task: TaskCore, positions: Positions): Promise<void> {
    const { plan, nodes } = task.options.spec
    const { env, underway } = this.#options
    return underway.wait(`${plan.nodes[nodes[0] as number]?.address} to acknowledge`, async () => {
      env.crashPoint('acknowledge.before')
      await task.acknowledge(positions)
      env.crashPoint('acknowledge.after')
    })
  }

  #task(wired: WiredSubtask, index: number): TaskCore {
    const { env, log, epoch, specializer, check, keepsState, tuning, underway, events } = this.#options
    return new TaskCore({
      spec: wired.spec,
      env,
      log,
      epoch,
      specializer,
      check,
      keepsState,
      stateBudget: this.#stateBudget,
      signal: this.#cancel.signal,
      underway,
      ...tuning,
      host: {
        send: (output, target, element) => this.#send(index, wired.receivers.get(output)?.[target] as Receiver, element),
        consumed: (channel) => {
          const sender = wired.senders[channel] as Sender
          if (this.#links === directLinks) this.#credit(sender)
          else this.#carry(`${index} credits ${sender.subtask}`, () => this.#credit(sender))
        },
        held: (checkpoint, reason) => {
          events.held?.(wired.spec.subtask, addressesOf(wired.spec), checkpoint)
          for (const receivers of wired.receivers.values())
            for (const receiver of receivers)
              if (receiver !== undefined) this.#send(index, receiver, { kind: 'barrier', checkpoint, reason })
          this.#tasks[index]?.resume(checkpoint)
        },
        snapshot: (snapshot) => this.#report(index, () => events.snapshot(index, snapshot)),
        ended: () => this.#report(index, () => events.ended(index)),
        failed: (error) => {
          if (!this.#isOver) events.failed(error)
        },
        checkpointWanted: () => this.#report(index, () => events.checkpointWanted()),
        ...(events.watermark === undefined
          ? {}
          : { watermark: (address: string, at: number, now: number) => events.watermark?.(wired.spec.subtask, address, at, now) }),
        ...(events.windowed === undefined
          ? {}
          : { windowed: (address: string, seen: SeenByWindow) => events.windowed?.(wired.spec.subtask, address, seen) }),
        ...(events.clock === undefined
          ? {}
          : { clock: (address: string, now: number) => events.clock?.(wired.spec.subtask, address, now) }),
        ...(events.splitsIdle === undefined
          ? {}
          : { splitsIdle: (address: string, splits: readonly string[]) => events.splitsIdle?.(wired.spec.subtask, address, splits) }),
        ...(events.swept === undefined
          ? {}
          : { swept: (address: string, statistics: StateStatistics) => events.swept?.(wired.spec.subtask, address, statistics) }),
        wake: () => this.#scheduler.wake(index),
      },
    })
  }

  #send(from: number, receiver: Receiver, element: StreamElement): void {
    if (this.#links === directLinks) return this.#deliver(receiver, element)
    this.#carry(`${from} to ${receiver.subtask} ${receiver.channel}`, () => this.#deliver(receiver, element))
  }

  #deliver(receiver: Receiver, element: StreamElement): void {
    this.#tasks[receiver.subtask]?.deliver(receiver.channel, element)
    this.#scheduler.wake(receiver.subtask)
  }

  #credit(sender: Sender): void {
    this.#tasks[sender.subtask]?.credit(sender.output, sender.target, 1)
    this.#scheduler.wake(sender.subtask)
  }

  /** D9: of an attempt that is over nothing is heard any more. */
  #report(from: number, tell: () => void): void {
    this.#carry(`${from} reports`, () => {
      if (!this.#isOver) tell()
    })
  }

  #carry(link: string, arrive: () => void): void {
    this.#links.carry(link, arrive, () => this.#isOver)
  }
}

function addressesOf({ plan, nodes }: WiredSubtask['spec']): readonly string[] {
  return nodes.map((node) => plan.nodes[node]?.address as string)
}
