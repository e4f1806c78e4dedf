/** A host that does whatever a host may do, at random, to a task in this process, and writes down what it said and what it heard. */
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import { keyGroupOf, subtaskOf } from '../../packages/millrace/src/core/key-group.ts'
import { keyHash } from '../../packages/millrace/src/serde/key.ts'
import { encodeFrame, FRAME_VERSION, type HostFrame, type TaskFrame } from '../../packages/millrace/src/task/frames.ts'
import type { BarrierReason, TaskSnapshot } from '../../packages/millrace/src/task/messages.ts'
import type { OperatorRestore, TaskSpec } from '../../packages/millrace/src/task/task-spec.ts'
import type { PlanNode } from '../../packages/millrace/src/plan/nodes.ts'
import type { Row } from '../../reference/program.ts'
import { TaskDriver } from './driver.ts'
import { KEY_GROUPS, openTaskCore, programOf, type TaskChoice } from './task.ts'

export interface Exchange {
  readonly said: HostFrame
  /** What the task answered, as bytes. */
  readonly heard: readonly Uint8Array[]
}
export interface Schedule {
  readonly choice: TaskChoice
  readonly exchanges: readonly Exchange[]
  readonly problems: readonly string[]
  readonly holds: number
  /** What the task could be opened with again: everything up to its last complete checkpoint. */
  readonly restored: Readonly<Record<string, OperatorRestore>>
}

interface Channel {
  hasEnded: boolean
  outstanding: number
  watermark: number
  hasBarrier: boolean
  /** Batches that came before the barrier of the checkpoint at hand and are not taken yet; undefined while none is held back. */
  ahead: number | undefined
  /** Something waits behind that barrier. */
  isFollowed: boolean
}

export class RandomHost {
  readonly #choice: TaskChoice
  readonly #spec: TaskSpec
  readonly #random: SeededRandom
  readonly #driver: TaskDriver
  readonly #channels: Channel[]
  readonly #exchanges: Exchange[] = []
  readonly #problems: string[] = []
  /** Batches sent and not yet given back, by output and target. */
  readonly #owed: { readonly output: number; readonly target: number }[] = []
  #heard: Uint8Array[] = []
  #held: number | undefined
  #flight: number | undefined
  #snapshot: TaskSnapshot | undefined
  #restored: Readonly<Record<string, OperatorRestore>> = {}
  #checkpoint = 0
  #holds = 0
  #hasEnded = false
  /** Processing time passes unseen while a task drains, and what is due fires after the hold. */
  readonly #hasTimers: boolean
  /** Since the hold nothing was said that could make the task emit a record. */
  #isSilent = false
  #nextId = 1
  #now = 0

  constructor(choice: TaskChoice, spec: TaskSpec, random: SeededRandom) {
    this.#choice = choice
    this.#spec = spec
    this.#random = random
    this.#channels = spec.channels.map(() => ({
      hasEnded: false,
      outstanding: 0,
      watermark: -100,
      hasBarrier: false,
      ahead: undefined,
      isFollowed: false,
    }))
    this.#hasTimers = JSON.stringify(programOf(choice.seed)).includes('processing')
    this.#driver = new TaskDriver(
      (host) => openTaskCore(choice, host),
      (frame) => this.#hear(frame),
    )
  }

  async run(actions: number, restored: Readonly<Record<string, OperatorRestore>>): Promise<Schedule> {
    this.#restored = restored
    await this.#say({ type: 'open', version: FRAME_VERSION, restored, time: { now: 0, monotonic: 0 } })
    await this.#say({ type: 'begin' })
    for (let i = 0; i < actions; i++) await this.#act()
    await this.#finish()
    return { choice: this.#choice, exchanges: this.#exchanges, problems: this.#problems, holds: this.#holds, restored: this.#restored }
  }

  async #say(said: HostFrame): Promise<void> {
    this.#heard = []
    if (said.type === 'element' || said.type === 'time') this.#isSilent = false
    if (said.type === 'element' && said.element.kind !== 'barrier') {
      const channel = this.#channels[said.channel] as Channel
      channel.isFollowed ||= channel.hasBarrier && this.#flight !== undefined
    }
    await this.#driver.take(said)
    this.#exchanges.push({ said, heard: this.#heard })
  }

  #hear(frame: TaskFrame): void {
    if (this.#held !== undefined) this.#problems.push(`T2: '${frame.type}' between held and resume`)
    this.#heard.push(encodeFrame(frame))
    if (frame.type === 'held') {
      this.#held = frame.checkpoint
      this.#holds++
      this.#isSilent = this.#channels.length > 0 && !this.#hasTimers && this.#channels.every(({ isFollowed }) => !isFollowed)
      this.#letGo()
    } else if (frame.type === 'element' && frame.element.kind === 'batch') {
      if (this.#isSilent) this.#problems.push(`T3: a record that came before barrier ${this.#checkpoint} leaves after it`)
      this.#owed.push({ output: frame.output, target: frame.target })
    } else if (frame.type === 'consumed') this.#heardConsumed(frame.channel)
    else if (frame.type === 'ended') this.#hasEnded = true
    else if (frame.type === 'snapshot') this.#heardSnapshot(frame.snapshot)
    else if (frame.type === 'failed') this.#problems.push(`the task failed: ${frame.error.message}`)
  }

  #heardConsumed(index: number): void {
    const channel = this.#channels[index] as Channel
    channel.outstanding--
    if (channel.ahead === undefined) return
    if (channel.ahead === 0) this.#problems.push(`A1: a batch behind barrier ${this.#flight} of channel ${index} is taken before the hold`)
    channel.ahead--
  }

  /** Nothing is held back any more. */
  #letGo(): void {
    for (const channel of this.#channels) channel.ahead = undefined
  }

  #heardSnapshot(snapshot: TaskSnapshot): void {
    if (snapshot.checkpoint !== this.#flight)
      this.#problems.push(`a snapshot of ${snapshot.checkpoint}, while ${this.#flight} is under way`)
    this.#snapshot = snapshot
  }

  async #act(): Promise<void> {
    const draw = this.#random.next()
    if (this.#held !== undefined && draw < 0.4) return this.#resume()
    if (draw < 0.35 && this.#channels.length > 0) return this.#feed()
    if (draw < 0.6) return this.#giveCredit()
    if (draw < 0.75) return this.#passTime()
    if (draw < 0.9) return this.#checkpointing()
    if (draw < 0.92 && this.#channels.length > 0) return this.#endChannel()
    return this.#feed()
  }

  async #resume(): Promise<void> {
    const checkpoint = this.#held as number
    this.#held = undefined
    await this.#say({ type: 'resume', checkpoint })
  }

  async #giveCredit(): Promise<void> {
    const owed = this.#owed.shift()
    if (owed !== undefined) await this.#say({ type: 'credit', ...owed, credits: 1 })
  }

  async #passTime(): Promise<void> {
    this.#now += this.#random.below(60)
    await this.#say({ type: 'time', time: { now: this.#now, monotonic: this.#now } })
  }

  async #feed(): Promise<void> {
    const index = this.#random.below(Math.max(1, this.#channels.length))
    const channel = this.#channels[index]
    // A channel that has delivered its barrier may go on: the task holds it back.
    if (channel === undefined || channel.hasEnded) return
    if (this.#random.chance(0.3)) {
      channel.watermark += this.#random.below(80)
      return this.#say({
        type: 'element',
        channel: index,
        element: this.#random.chance(0.2) ? { kind: 'idle' } : { kind: 'watermark', at: channel.watermark },
      })
    }
    if (channel.outstanding >= 2) return
    const rows = Array.from({ length: 1 + this.#random.below(5) }, () => this.#row()).filter((row) => this.#isMine(index, row))
    if (rows.length === 0) return
    channel.outstanding++
    const timestamps = Float64Array.from(rows, ({ ts }) => (ts === null ? Number.NaN : (ts as number)))
    return this.#say({ type: 'element', channel: index, element: { kind: 'batch', values: rows, timestamps } })
  }

  #row(): Row {
    const ts = this.#random.chance(0.1) ? null : this.#random.below(1_000) - 100
    return {
      id: this.#nextId++,
      key: this.#random.below(6),
      value: this.#random.below(100),
      ts,
      tag: this.#random.pick(['a', 'b', 'ä']),
      by: String(this.#random.below(3)),
    }
  }

  /** A keyed edge brings only records of this subtask's key groups. */
  #isMine(channel: number, row: Row): boolean {
    const { node, input } = this.#spec.channels[channel] as TaskSpec['channels'][number]
    const select = (this.#spec.plan.nodes[node] as PlanNode).inputs[input]?.key
    return (
      select === undefined ||
      subtaskOf(keyGroupOf(keyHash(select(row) as never), KEY_GROUPS), this.#spec.subtasks, KEY_GROUPS) === this.#spec.subtask
    )
  }

  /** Whatever comes next for the checkpoint at hand, or a new one. */
  async #checkpointing(): Promise<void> {
    if (this.#flight === undefined) return this.#trigger('checkpoint')
    if (this.#snapshot !== undefined && this.#held === undefined) return this.#random.chance(0.7) ? this.#complete() : this.#abort()
    if (this.#held === undefined && this.#random.chance(0.1)) return this.#abort()
    return this.#nextBarrier('checkpoint')
  }

  async #trigger(reason: BarrierReason): Promise<void> {
    this.#flight = ++this.#checkpoint
    for (const channel of this.#channels) channel.hasBarrier = channel.isFollowed = false
    if (this.#channels.length === 0 || this.#hasEnded) await this.#say({ type: 'barrier', checkpoint: this.#flight, reason })
    else await this.#nextBarrier(reason)
  }

  async #nextBarrier(reason: BarrierReason): Promise<void> {
    const open = this.#channels
      .map((channel, index) => ({ channel, index }))
      .filter(({ channel }) => !channel.hasEnded && !channel.hasBarrier)
    if (open.length === 0) {
      // All ended without it: as a foreign host does, it is told directly.
      if (this.#hasEnded && this.#held === undefined && this.#snapshot === undefined)
        await this.#say({ type: 'barrier', checkpoint: this.#flight as number, reason })
      return
    }
    const { channel, index } = this.#random.pick(open)
    channel.hasBarrier = true
    channel.ahead = channel.outstanding
    await this.#say({ type: 'element', channel: index, element: { kind: 'barrier', checkpoint: this.#flight as number, reason } })
  }

  async #complete(): Promise<void> {
    const checkpoint = this.#flight as number
    this.#keep()
    this.#flight = undefined
    this.#snapshot = undefined
    await this.#say({ type: 'complete', checkpoint })
  }

  async #abort(): Promise<void> {
    const checkpoint = this.#flight as number
    this.#flight = undefined
    this.#snapshot = undefined
    this.#letGo()
    await this.#say({ type: 'abort', checkpoint })
  }

  /** Adds the snapshot to what a restore would be given. */
  #keep(): void {
    const { operators, blocks } = this.#snapshot as TaskSnapshot
    const restored: Record<string, OperatorRestore> = { ...this.#restored }
    for (const [address, report] of Object.entries(operators)) {
      const before = restored[address]
      if (report.kind === 'source') restored[address] = { kind: 'source', splits: report.splits }
      else if (report.kind === 'sink')
        restored[address] = { kind: 'sink', writerStates: report.writerState === undefined ? [] : [report.writerState] }
      else {
        const own = blocks.filter(({ operator }) => operator === address).map(({ block }) => block.bytes)
        const runs = before?.kind === 'keyed' ? before.runs : []
        restored[address] = { kind: 'keyed', runs: [...runs, { blocks: own, ignored: [] }], watermark: report.watermark }
      }
    }
    this.#restored = restored
  }

  async #endChannel(): Promise<void> {
    const index = this.#random.below(this.#channels.length)
    const channel = this.#channels[index] as Channel
    if (channel.hasEnded) return
    channel.hasEnded = true
    await this.#say({ type: 'element', channel: index, element: { kind: 'watermark', at: Number.POSITIVE_INFINITY } })
    await this.#say({ type: 'element', channel: index, element: { kind: 'end' } })
  }

  /** Gives the task everything that it waits for, ends its input, and takes a last checkpoint. */
  async #finish(): Promise<void> {
    if (this.#flight !== undefined && this.#held === undefined) await (this.#snapshot === undefined ? this.#abort() : this.#complete())
    for (const channel of this.#channels.keys()) while (this.#channels[channel]?.hasEnded === false) await this.#endChannel()
    for (let rounds = 0; rounds < 10_000 && !this.#hasEnded; rounds++) {
      if (this.#held !== undefined) await this.#resume()
      else if (this.#owed.length > 0) await this.#giveCredit()
      else if (this.#flight !== undefined) await (this.#snapshot === undefined ? this.#abort() : this.#complete())
      else await this.#passTime()
    }
    if (!this.#hasEnded) this.#problems.push('the task does not end')
    if (this.#held !== undefined) await this.#resume()
    if (this.#flight !== undefined) await (this.#snapshot === undefined ? this.#abort() : this.#complete())
    while (this.#owed.length > 0) await this.#giveCredit()
    await this.#trigger('end')
    if (this.#held === undefined) this.#problems.push('no hold for the last checkpoint')
    else await this.#resume()
    if (this.#snapshot === undefined) this.#problems.push('no snapshot for the last checkpoint')
    else await this.#complete()
    await this.#say({ type: 'close' })
  }
}
