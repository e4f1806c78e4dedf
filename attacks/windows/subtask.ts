/** One subtask of the window step: a task of the engine, without a job, with what goes into it and what comes out written down. */
import { defineSink, defineSource, type Plain, type Writer } from 'millrace/connect'
import { buildPlan } from '../../packages/millrace/src/api/job.ts'
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { messageOf } from '../../packages/millrace/src/core/errors.ts'
import type { Budget } from '../../packages/millrace/src/core/env.ts'
import type { Plan } from '../../packages/millrace/src/plan/nodes.ts'
import { physicalPlan } from '../../packages/millrace/src/plan/physical.ts'
import { withGeneralWindows } from '../../packages/millrace/src/plan/window-states.ts'
import { wire, type WiredSubtask } from '../../packages/millrace/src/runtime/wiring.ts'
import { virtualEnv } from '../../packages/millrace/src/simulate/virtual-env.ts'
import type { TaskHost, TaskSnapshot } from '../../packages/millrace/src/task/messages.ts'
import { createSpecializer } from '../../packages/millrace/src/task/specialize.ts'
import { TaskCore } from '../../packages/millrace/src/task/task-core.ts'
import type { HostTime, OperatorRestore, TaskSpec } from '../../packages/millrace/src/task/task-spec.ts'
import { Underway } from '../../packages/millrace/src/task/underway.ts'
import { keySelector } from '../../reference/behaviours.ts'
import { keyText } from '../../reference/canonical.ts'
import type { Emission } from '../../reference/network.ts'
import type { InputRecord, Row } from '../../reference/program.ts'
import { compile } from '../oracle/compile.ts'
import type { Log } from '../oracle/recorder.ts'
import type { WindowCase } from './draw.ts'

const ADDRESS = 'step/w'

/** How far a subtask was when it was held for a checkpoint. */
export interface Mark {
  readonly seen: number
  readonly watermark: number
  /** By sink. */
  readonly written: ReadonlyMap<string, number>
  readonly late: number
}

/** What was given to it and has not been seen to arrive. */
type Given =
  | { readonly kind: 'record'; readonly id: number }
  | { readonly kind: 'watermark'; readonly at: number }
  | { readonly kind: 'barrier'; readonly checkpoint: number }

export interface Place {
  readonly subtask: number
  readonly subtasks: number
  readonly watermark: number
  readonly restored: Readonly<Record<string, OperatorRestore>>
}

export class Subtask {
  readonly log: Log
  readonly written = new Map<string, Emission[]>()
  readonly marks = new Map<number, Mark>()
  readonly snapshots: TaskSnapshot[] = []
  readonly problems: string[] = []
  /** What it has been told of checkpoints comes in this order, later. */
  readonly toTell: (() => void)[] = []
  /** The greatest watermark that it was given, or began with. */
  watermark: number
  isOver = false
  hasEnded = false
  isHeld: number | undefined
  readonly task: TaskCore
  readonly #case: WindowCase
  readonly #random: SeededRandom
  readonly #given: Given[] = []
  readonly #aborted = new Set<number>()
  /** Of writers that are full. */
  readonly #waiting: (() => void)[] = []
  #seenWatermark: number

  constructor(of: WindowCase, random: SeededRandom, { subtask, subtasks, watermark }: Place) {
    this.#case = of
    this.#random = random
    this.log = { step: 'w', subtask, subtasks, seen: [] }
    this.watermark = watermark
    this.#seenWatermark = watermark
    const env = virtualEnv({ seed: of.seed })
    this.task = new TaskCore({
      spec: this.#spec(),
      host: this.#host(),
      env: { ...env, budget: (kind) => this.#budget(kind), timers: { ...env.timers, soon: (callback) => void setImmediate(callback) } },
      log: 'log',
      underway: new Underway(),
      epoch: 1,
      specializer: createSpecializer({ generate: of.generates }),
      keepsState: true,
      check: of.check,
      signal: new AbortController().signal,
    })
  }

  static async open(of: WindowCase, random: SeededRandom, place: Place, time: HostTime): Promise<Subtask> {
    const subtask = new Subtask(of, random, place)
    await subtask.task.open(place.restored, time)
    subtask.task.begin()
    return subtask
  }

  get name(): string {
    return `subtask ${this.log.subtask} of ${this.log.subtasks}`
  }

  // ---------------------------------------------------------------- what goes in

  records(records: readonly InputRecord[]): void {
    for (const { id } of records) this.#given.push({ kind: 'record', id })
    this.task.deliver(0, { kind: 'batch', values: records, timestamps: Float64Array.from(records, ({ ts }) => ts as number) })
  }

  /** One that is not greater than what it has had is allowed: a source that begins again knows no better. */
  watermarkAt(at: number): void {
    if (at > this.watermark) this.#given.push({ kind: 'watermark', at: (this.watermark = at) })
    this.task.deliver(0, { kind: 'watermark', at })
  }

  idle(): void {
    if (!this.isOver) this.task.deliver(0, { kind: 'idle' })
  }

  end(): void {
    this.isOver = true
    if (this.watermark < Number.POSITIVE_INFINITY) this.#given.push({ kind: 'watermark', at: (this.watermark = Number.POSITIVE_INFINITY) })
    this.task.deliver(0, { kind: 'end' })
  }

  /** Directly once it has ended. False when that is on its way: nothing may follow on a channel that has ended. */
  barrier(checkpoint: number): boolean {
    if (this.isOver && (!this.hasEnded || this.isHeld !== undefined)) return false
    this.#given.push({ kind: 'barrier', checkpoint })
    if (this.hasEnded) this.task.barrier(checkpoint, 'checkpoint')
    else this.task.deliver(0, { kind: 'barrier', checkpoint, reason: 'checkpoint' })
    return true
  }

  resume(): void {
    const checkpoint = this.isHeld as number
    this.isHeld = undefined
    this.task.resume(checkpoint)
  }

  abort(checkpoint: number): void {
    this.#aborted.add(checkpoint)
    this.task.abort(checkpoint)
  }

  makeRoom(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Everything that was given has been seen. */
  missing(): string[] {
    const left = this.#given.filter((given) => given.kind !== 'barrier')
    return left.length === 0 ? [] : [`${this.name} has ended and never saw ${JSON.stringify(left[0])}`]
  }

  get late(): number {
    return this.task.counts().late
  }

  /** Of one that has ended before and was not asked again: where it ended. */
  markOf(checkpoint: number): Mark | undefined {
    return this.marks.get(checkpoint)
  }

  watermarkAtMark(checkpoint: number): number {
    return this.markOf(checkpoint)?.watermark ?? this.#seenWatermark
  }

  // ---------------------------------------------------------------- the task

  #spec(): TaskSpec {
    const { program, keyGroups, isGeneral } = this.#case
    const job = compile(program, {
      source: () => neverRead,
      hasOwnTimestamps: () => false,
      sink: ({ id }) =>
        defineSink<Row, Plain>({ kind: 'windows', delivery: 'at-least-once', open: () => Promise.resolve(this.#writer(id)) }),
      listener: { open: () => undefined, record() {}, processingTime() {}, reduced() {} },
      parallelism: () => undefined,
      isLazy: () => false,
    })
    const { plan: built } = buildPlan(job, undefined)
    const plan: Plan = isGeneral ? withGeneralWindows(built) : built
    const wired = wire(plan, physicalPlan(plan, { parallelism: this.log.subtasks, chainKeyed: false }), keyGroups).subtasks
    const { spec } = wired.filter(({ isSource }) => !isSource)[this.log.subtask] as WiredSubtask
    // One channel: what it says is what the step sees, in this order.
    return { ...spec, channels: spec.channels.slice(0, 1) }
  }

  #budget(kind: 'slice' | 'turn'): Budget {
    let left = this.#random.below(this.#case.budgets[kind] + 1)
    return { hasLeft: () => left-- > 0 }
  }

  #writer(sink: string): Writer<Row, Plain, null> {
    const rows: Emission[] = []
    this.written.set(sink, rows)
    return {
      write: (value, timestamp) => {
        rows.push({ value, timestamp: timestamp ?? null })
        return !this.#random.chance(this.#case.fullness)
      },
      ready: () => new Promise((resolve) => this.#waiting.push(resolve)),
      seal: () => ({ durable: Promise.resolve({ committables: [] }) }),
      close: () => Promise.resolve(),
    }
  }

  #host(): TaskHost {
    const { seen } = this.log
    const keyOf = keySelector(this.#case.key)
    return {
      send: (output) => this.problems.push(`${this.name} sends to output ${output}`),
      consumed: () => undefined,
      held: (checkpoint) => this.#held(checkpoint),
      snapshot: (snapshot) => this.snapshots.push(snapshot),
      ended: () => (this.hasEnded = true),
      failed: (error) => this.problems.push(`${this.name} failed: ${messageOf(error)}\n${stackOf(error)}`),
      watermark: (address, at, now) => {
        if (address !== ADDRESS) return
        // The end of the input says it once more.
        if (at !== Number.POSITIVE_INFINITY || this.#seenWatermark !== at) this.#arrived({ kind: 'watermark', at })
        this.#seenWatermark = at
        seen.push({ kind: 'watermark', at: at === Number.POSITIVE_INFINITY ? 'end' : at, now })
      },
      windowed: (_address, { value, timestamp, watermark, now }) => {
        const row = value as InputRecord
        this.#arrived({ kind: 'record', id: row.id })
        if (watermark !== this.#seenWatermark)
          this.problems.push(`${this.name} sees the watermark ${watermark} with record ${row.id}, not ${this.#seenWatermark}`)
        seen.push({ kind: 'record', key: keyText(keyOf(row)), value: row, timestamp, watermark, now })
      },
      clock: (address, now) => {
        if (address === ADDRESS) seen.push({ kind: 'time', now })
      },
      wake: () => undefined,
    }
  }

  #held(checkpoint: number): void {
    this.#arrived({ kind: 'barrier', checkpoint })
    this.isHeld = checkpoint
    this.marks.set(checkpoint, {
      seen: this.log.seen.length,
      watermark: this.#seenWatermark,
      written: new Map([...this.written].map(([sink, rows]) => [sink, rows.length])),
      late: this.late,
    })
  }

  /** In the order in which it was given, nothing left out but barriers of what was given up. */
  #arrived(what: Given): void {
    let next = this.#given.shift()
    while (next?.kind === 'barrier' && this.#aborted.has(next.checkpoint)) next = this.#given.shift()
    const [expected, actual] = [JSON.stringify(next), JSON.stringify(what)]
    if (expected !== actual) this.problems.push(`${this.name} sees ${actual}, but ${expected} is next`)
  }
}

const neverRead = defineSource<Row, number>({
  kind: 'windows',
  bounded: true,
  replayable: true,
  timestamps: false,
  open: () => Promise.reject(new Error('nobody reads this source')),
})

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack}${error.cause === undefined ? '' : `\ncause: ${stackOf(error.cause)}`}`
}
