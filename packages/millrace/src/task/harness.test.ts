/** One task with a host that writes down what the task says. For tests of task/ and operators/. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sink, Source } from '../connect/contract.ts'
import { buildPlan, defineJob } from '../api/job.ts'
import type { JobBuilder } from '../api/job-types.ts'
import { defineSink, defineSource, type Batch, type Plain, type Reader, type Writer } from '../connect/contract.ts'
import { messageOf } from '../core/errors.ts'
import { physicalPlan } from '../plan/physical.ts'
import { wire } from '../runtime/wiring.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import type { StreamElement, TaskSnapshot } from './messages.ts'
import { withGeneralWindows } from '../plan/window-states.ts'
import { createSpecializer } from './specialize.ts'
import { TaskCore } from './task-core.ts'
import type { OperatorRestore, TaskSpec } from './task-spec.ts'
import { Underway } from './underway.ts'

export const NONE: number = Number.NaN

/** Runs a test with copies of the templates and with the templates themselves (rules 1.11). */
export function inBothModes(name: string, body: (options: { readonly generate: boolean }) => Promise<void> | void): void {
  for (const generate of [true, false]) test(`${name} (${generate ? 'generated' : 'closures'})`, () => body({ generate }))
}

// ---------------------------------------------------------------- a source and a sink under the test's hand

export interface Script {
  readonly source: Source<Row>
  /** What the next polls give. */
  push(...batches: (Partial<Batch<Row, number>> & { readonly split: string })[]): void
  announce(...splits: string[]): void
  end(): void
  /** The split that the task asked for at each poll. */
  readonly asked: (string | undefined)[]
}
// Loose on purpose: tests read what they have written.
export type Row = any

/** A source whose test says what it gives and when. */
export function scripted(splits: readonly string[] = ['a'], timestamps: boolean = false): Script {
  const queue: Batch<Row, number>[] = []
  const known = new Map<string, number>(splits.map((split) => [split, 0]))
  const asked: (string | undefined)[] = []
  let hasEnded = false
  let wake = (): void => {}
  const reader: Reader<Row, number> = {
    splits: known,
    poll(first) {
      asked.push(first)
      return queue.shift() ?? (hasEnded ? 'end' : 'wait')
    },
    ready: () => new Promise((resolve) => (wake = resolve)),
    close: () => Promise.resolve(),
  }
  const more = (): void => queueMicrotask(() => wake())
  return {
    asked,
    source: defineSource<Row, number>({
      kind: 'scripted',
      bounded: true,
      replayable: true,
      timestamps,
      open: () => Promise.resolve(reader),
    }),
    push(...batches) {
      for (const batch of batches) {
        const next = (known.get(batch.split) ?? 0) + (batch.values?.length ?? 0)
        known.set(batch.split, next)
        queue.push({ values: [], next, ...batch })
      }
      more()
    },
    announce(...more) {
      for (const split of more) known.set(split, 0)
    },
    end() {
      hasEnded = true
      more()
    },
  }
}

export interface Collected {
  readonly sink: Sink<Row>
  readonly written: { readonly value: Row; readonly timestamp: number | undefined }[]
  readonly values: () => Row[]
  readonly sealed: number[]
  /** Full after each record until told. */
  isFull: boolean
  makeRoom(): void
  settleSeals(): void
}

/** A sink that keeps everything, and is full or slow to become durable if the test wants it so. */
export function collecting(options: { readonly slowSeals?: boolean } = {}): Collected {
  const written: Collected['written'] = []
  const waiting: (() => void)[] = []
  const seals: (() => void)[] = []
  const sealed: number[] = []
  const writer: Writer<Row, Plain, null> = {
    write(value, timestamp) {
      written.push({ value, timestamp })
      return !collected.isFull
    },
    ready: () => new Promise((resolve) => waiting.push(resolve)),
    seal(checkpoint) {
      sealed.push(checkpoint)
      const result = { committables: [`${checkpoint}:${written.length}`] }
      return { durable: options.slowSeals === true ? new Promise((resolve) => seals.push(() => resolve(result))) : Promise.resolve(result) }
    },
    close: () => Promise.resolve(),
  }
  const collected: Collected = {
    written,
    sealed,
    values: () => written.map(({ value }) => value),
    isFull: false,
    makeRoom: () => waiting.splice(0).forEach((go) => go()),
    settleSeals: () => seals.splice(0).forEach((go) => go()),
    sink: defineSink<Row, Plain>({ kind: 'collecting', delivery: 'at-least-once', open: () => Promise.resolve(writer) }),
  }
  return collected
}

// ---------------------------------------------------------------- the task

export interface HarnessOptions {
  readonly generate?: boolean
  readonly parallelism?: number
  readonly subtask?: number
  /** Which task of the plan, by index; default the first. */
  readonly task?: number
  readonly chainKeyed?: boolean
  readonly batchRecords?: number
  readonly credits?: number
  readonly check?: boolean
  readonly restored?: Readonly<Record<string, OperatorRestore>>
  readonly seed?: number
  /** False: the test calls `begin`. */
  readonly begins?: false
  readonly generalWindows?: boolean
}

/** What the task told its host, in order, shortened: `0→1 [1,2]`, `0→1 wm 5`, `held 1`, …. */
export class TaskHarness {
  readonly said: string[] = []
  readonly snapshots: TaskSnapshot[] = []
  readonly errors: unknown[] = []
  readonly watermarks: string[] = []
  task!: TaskCore
  spec!: TaskSpec
  now = 0
  monotonic = 0
  /** Gives each batch's credit back at once. */
  creditsAtOnce = true
  resumesAtOnce = true
  onHeld: (checkpoint: number) => void = () => {}

  static async open(build: (job: JobBuilder) => void, options: HarnessOptions = {}): Promise<TaskHarness> {
    const harness = new TaskHarness()
    const { plan: built } = buildPlan(defineJob('test', build), undefined)
    const plan = options.generalWindows === true ? withGeneralWindows(built) : built
    const physical = physicalPlan(plan, { parallelism: options.parallelism ?? 1, chainKeyed: options.chainKeyed ?? true })
    const name = physical.tasks[options.task ?? 0]?.name
    const wired = wire(plan, physical, 128).subtasks.filter(({ spec }) => spec.name === name)
    harness.spec = (wired[options.subtask ?? 0] as (typeof wired)[number]).spec
    harness.task = new TaskCore({
      spec: harness.spec,
      host: harness.#host(),
      env: virtualEnv({ seed: options.seed ?? 1 }),
      log: 'log',
      underway: new Underway(),
      epoch: 1,
      specializer: createSpecializer({ generate: options.generate ?? true }),
      keepsState: true,
      check: options.check ?? false,
      signal: new AbortController().signal,
      ...(options.batchRecords === undefined ? {} : { batchRecords: options.batchRecords }),
      ...(options.credits === undefined ? {} : { credits: options.credits }),
    })
    await harness.task.open(options.restored ?? {}, harness.time())
    if (options.begins !== false) harness.task.begin()
    return harness
  }

  time(): { readonly now: number; readonly monotonic: number } {
    return { now: this.now, monotonic: this.monotonic }
  }

  /** Steps until there is nothing to do; says how many steps did something. */
  async run(): Promise<number> {
    let steps = 0
    for (let quiet = 0; quiet < 2; quiet++) {
      await settle()
      while (this.task.step(this.time()) === 'more') {
        assert.ok(++steps < 100_000, 'the task never rests')
        quiet = 0
      }
    }
    await settle()
    return steps
  }

  /** One step only. */
  step(): 'more' | 'idle' {
    return this.task.step(this.time())
  }

  async at(now: number): Promise<void> {
    this.monotonic += now - this.now
    this.now = now
    await this.run()
  }

  batch(channel: number, values: readonly Row[], timestamps: readonly number[] = values.map(() => NONE)): void {
    this.task.deliver(channel, { kind: 'batch', values, timestamps: Float64Array.from(timestamps) })
  }
  watermark(channel: number, at: number): void {
    this.task.deliver(channel, { kind: 'watermark', at })
  }
  idle(channel: number): void {
    this.task.deliver(channel, { kind: 'idle' })
  }
  barrier(channel: number, checkpoint: number): void {
    this.task.deliver(channel, { kind: 'barrier', checkpoint, reason: 'checkpoint' })
  }
  end(channel: number): void {
    this.task.deliver(channel, { kind: 'end' })
  }

  get stack(): string {
    return this.errors.map((error) => String(((error as Error).cause as Error | undefined)?.stack ?? (error as Error).stack)).join('\n')
  }

  get message(): string {
    return this.errors.map(messageOf).join('; ')
  }

  #host(): ConstructorParameters<typeof TaskCore>[0]['host'] {
    return {
      send: (output, target, element) => {
        this.said.push(`${output}→${target} ${shortened(element)}`)
        if (element.kind === 'batch' && this.creditsAtOnce) queueMicrotask(() => this.task.credit(output, target, 1))
      },
      consumed: (channel) => this.said.push(`consumed ${channel}`),
      held: (checkpoint) => {
        this.said.push(`held ${checkpoint}`)
        this.onHeld(checkpoint)
        if (this.resumesAtOnce) this.task.resume(checkpoint)
      },
      snapshot: (snapshot) => {
        this.said.push(`snapshot ${snapshot.checkpoint}`)
        this.snapshots.push(snapshot)
      },
      ended: () => this.said.push('ended'),
      failed: (error) => {
        this.said.push('failed')
        this.errors.push(error)
      },
      watermark: (address, at) => this.watermarks.push(`${address} ${at}`),
      wake: () => {},
    }
  }
}

export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function shortened(element: StreamElement): string {
  if (element.kind === 'batch') return JSON.stringify(element.values)
  if (element.kind === 'watermark') return `wm ${element.at}`
  return element.kind === 'barrier' ? `barrier ${element.checkpoint}` : element.kind
}

inBothModes('the harness itself: a batch goes through and its credit comes back', async (mode) => {
  const source = scripted()
  const sink = collecting()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .map((value: number) => value + 1)
        .to('t', sink.sink),
    mode,
  )
  source.push({ split: 'a', values: [1, 2] })
  await harness.run()
  assert.deepEqual(sink.values(), [2, 3])
})
