/**
 * The head of a source task: polls the reader, gives each record its event time, and keeps the positions.
 *
 * D1  Positions move when a batch has been taken in whole; a task seals only between batches (rules 1.4, 1.13).
 * D2  A watermark is emitted when a batch ends, if it advanced (rules 1.2 d).
 * D3  A split becomes idle only by what the reader says when it is asked (see `idleness`).
 */
import type { SplitState } from '../checkpoint/manifest.ts'
import type { Batch, Plain, Reader, SourceProgress } from '../connect/contract.ts'
import type { Budget } from '../core/env.ts'
import { StreamError, messageOf, refusePromise } from '../core/errors.ts'
import type { Emit, Gate, Specialize } from '../operator/contract.ts'
import type { SourceNode } from '../plan/nodes.ts'
import { shown } from '../plan/ids.ts'
import { sentence } from './connector-error.ts'
import { Idleness } from './idleness.ts'
import { inputLoop, type Loop, paced, sampling, shared, type Ways } from './loops.ts'
import { type Split, SplitTable } from './split-table.ts'

type Open = Batch<unknown, Plain>

/** What the loops share with the driver. */
interface HeadState {
  maxTimestamp: number
}

interface HeadParts {
  readonly next: Emit
  readonly gate: Gate
  readonly timestampOf: SourceNode['timestamp']
  readonly validate: SourceNode['validate']
  readonly unusable: (who: string, time: unknown) => StreamError
  readonly invalid: (index: number, input: unknown, error: unknown) => void
  readonly state: HeadState
}

function headTemplate(parts: HeadParts): Loop {
  const { next, gate, timestampOf, validate, unusable, invalid, state } = parts
  return (values, stamps, from, to) => {
    let max = state.maxTimestamp
    let i = from
    for (; i < to && !gate.isClosed; i++) {
      let value = values[i]
      let timestamp = stamps === undefined ? Number.NaN : (stamps[i] as number)
      try {
        if (validate !== undefined) value = validate(value)
        if (timestampOf !== undefined) {
          timestamp = timestampOf(value, timestamp === timestamp ? timestamp : undefined)
          if (!(Number.isSafeInteger(timestamp) && timestamp <= 8.64e15 && timestamp >= -8.64e15)) {
            throw unusable('timestamp gave', timestamp)
          }
        } else if (timestamp === timestamp && !(Number.isSafeInteger(timestamp) && timestamp <= 8.64e15 && timestamp >= -8.64e15)) {
          // One such would take the watermark away from all that come after it.
          throw unusable('its source gave it the time', timestamp)
        }
      } catch (error) {
        invalid(i, values[i], error)
        continue
      }
      if (timestamp > max) max = timestamp
      next(value, timestamp)
    }
    state.maxTimestamp = max
    return i
  }
}

export interface SourceDriverOptions {
  readonly node: SourceNode
  readonly specialize: Specialize
  readonly next: Ways<Emit>
  /** Where dead letters go; undefined when nobody reads the tag or none is given. */
  readonly deadLetters: Emit | undefined
  readonly gate: Gate
  readonly inspectAll: boolean
  /** For one piece of work. */
  readonly newBudget: () => Budget
  /** Its reader threw when it was asked for its progress; told once. */
  readonly failedToSay: (error: unknown) => void
  /** For those who watch: these splits stop holding the watermark back, all at once; the furthest first. */
  readonly idled?: (splits: readonly string[]) => void
}

/** A dead letter, but for its step. */
interface Letter {
  readonly code: string
  readonly message: string
  readonly input: unknown
  readonly timestamp?: number
  readonly split: string
  readonly position: string
}

export class SourceDriver {
  readonly #options: SourceDriverOptions
  readonly #table: SplitTable
  readonly #idleness: Idleness | undefined
  readonly #loop: Loop
  readonly #state: HeadState = { maxTimestamp: Number.NEGATIVE_INFINITY }
  #reader: Reader<unknown, Plain> | undefined
  #batch: Open | undefined
  #index = 0
  #brokenIndex = 0
  #hasEnded = false
  #lastWatermark = Number.NEGATIVE_INFINITY
  #isIdle = false
  #hasFailedToSay = false
  /** Taken, those included that the source could not read. */
  records = 0
  /** Of these, what became dead letters. */
  invalid = 0

  constructor(options: SourceDriverOptions) {
    this.#options = options
    const { outOfOrdernessMs, idlenessMs } = options.node
    this.#table = new SplitTable(outOfOrdernessMs)
    this.#idleness = idlenessMs === undefined ? undefined : new Idleness(this.#table, idlenessMs)
    const { specialize, next, inspectAll } = options
    const loop = sampling({ fast: this.#head(specialize, next.fast), inspecting: this.#head(shared, next.inspecting) }, inspectAll)
    this.#loop = paced(loop, options.newBudget)
  }

  /** What only takes records as they are is shorter. */
  #head(specialize: Specialize, next: Emit): Loop {
    const { node, gate } = this.#options
    const full = specialize(headTemplate, {
      next,
      gate,
      timestampOf: node.timestamp,
      validate: node.validate,
      unusable: unusableTime,
      invalid: (index, input, error) => this.#invalid(index, input, error),
      state: this.#state,
    })
    if (node.validate !== undefined || node.timestamp !== undefined) return full
    const plain = inputLoop(specialize, next, gate)
    return (values, stamps, from, to) => (stamps === undefined ? plain : full)(values, stamps, from, to)
  }

  /** `restored`: the splits of the checkpoint that this subtask owns. */
  start(reader: Reader<unknown, Plain>, restored: Readonly<Record<string, SplitState>>): void {
    this.#reader = reader
    for (const [name, state] of Object.entries(restored)) this.#table.add(name, state)
    const told = Object.values(restored).flatMap(({ ended, watermark }) => (ended ? [] : [watermark ?? Number.NEGATIVE_INFINITY]))
    if (told.length > 0) this.#lastWatermark = Math.min(...told)
    this.#announce()
  }

  get address(): string {
    return this.#options.node.address
  }

  get hasBatch(): boolean {
    return this.#batch !== undefined
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** What those downstream had heard before the restore, or could have (rules 1.2 a, c); undefined when it is nothing. */
  restoredWatermark(): number | undefined {
    this.#lastWatermark = Math.max(this.#lastWatermark, this.#table.watermark() ?? Number.NEGATIVE_INFINITY)
    return this.#lastWatermark === Number.NEGATIVE_INFINITY ? undefined : this.#lastWatermark
  }

  /** Takes the next batch: true when there is one to `run`. */
  poll(): 'batch' | 'wait' | 'end' {
    const reader = this.#reader as Reader<unknown, Plain>
    const polled = this.#ask(reader, this.#idleness?.other() ?? this.#table.first())
    if (polled === 'wait') return 'wait'
    if (polled === 'end') {
      this.#hasEnded = true
      return 'end'
    }
    if (this.#table.get(polled.split) === undefined) this.#announce()
    const split = this.#table.get(polled.split)
    if (split === undefined || split.ended)
      throw new StreamError(
        'CONTRACT',
        `${this.#options.node.address} gave a batch of the split ${polled.split}, which it never announced or which has ended. A reader announces its splits before it polls them.`,
      )
    this.#batch = polled
    this.#index = 0
    this.#brokenIndex = 0
    this.#state.maxTimestamp = split.maxTimestamp
    return 'batch'
  }

  /** A reader that has nothing may not have looked for splits that nobody has asked for yet. */
  #ask(reader: Reader<unknown, Plain>, split: Split | undefined): Open | 'wait' | 'end' {
    // A split may come with one poll and end with the next. All that have not ended are announced, so equal counts mean that none is new.
    if (reader.splits.size !== this.#table.liveCount) this.#announce()
    const polled = reader.poll(split?.name)
    if (!isPolled(polled))
      throw new StreamError(
        'CONTRACT',
        `poll() of the reader of ${this.address} gave ${polled instanceof Promise ? 'a promise' : shown(polled)}: it gives 'wait', 'end' or a batch, { split, values, next }, and never waits itself.`,
      )
    this.#idleness?.answered(split, polled)
    const another = polled === 'wait' ? this.#idleness?.unasked() : undefined
    return another === undefined ? polled : this.#ask(reader, another)
  }

  /** Goes on with the batch at hand; true when it has been taken in whole. */
  run(): boolean {
    const batch = this.#batch
    // Taken in whole before, but what it made had not left yet.
    if (batch === undefined) return true
    if (!this.#runBroken(batch)) return false
    const before = this.#index
    this.#index = this.#loop(batch.values, batch.timestamps, before, batch.values.length)
    this.records += this.#index - before
    if (this.#index < batch.values.length) return false
    this.#batch = undefined
    const split = this.#table.get(batch.split)
    if (split === undefined) return true
    this.#table.advance(split, {
      maxTimestamp: this.#state.maxTimestamp,
      position: batch.next,
      isActive: batch.values.length > 0,
    })
    if (batch.splitEnded === true) this.#table.end(split)
    return true
  }

  /** What to tell those downstream now that a batch has ended or time has passed. */
  time(): { readonly watermark?: number; readonly idle?: true } {
    const silent = this.#idleness?.takeIdle() ?? []
    if (silent.length > 0) this.#options.idled?.(silent.toSorted((a, b) => b.watermark - a.watermark).map(({ name }) => name))
    const watermark = this.#table.watermark()
    if (watermark === undefined) {
      if (this.#isIdle || this.#hasEnded) return {}
      this.#isIdle = true
      return { idle: true }
    }
    if (watermark <= this.#lastWatermark) {
      if (!this.#isIdle) return {}
      // Active again with an older watermark: it says so with the last one, which receivers know already (ID-5).
      this.#isIdle = false
      return { watermark: this.#lastWatermark }
    }
    if (watermark === Number.NEGATIVE_INFINITY) return {}
    this.#isIdle = false
    this.#lastWatermark = watermark
    return { watermark }
  }

  /** The task is called at this time. */
  look(monotonicMs: number): void {
    this.#idleness?.look(monotonicMs)
  }

  /** Whether the task may poll from now to its next call. */
  set mayRead(mayRead: boolean) {
    if (this.#idleness !== undefined) this.#idleness.isRunning = mayRead
  }

  /** Worth a poll although the reader has not said that it is ready. */
  hasToAsk(): boolean {
    return this.#idleness?.hasToAsk() === true
  }

  /** Ms until `time` may have news without a batch; undefined when it never has. */
  idleCheckInMs(): number | undefined {
    return this.#table.hasActive() ? this.#idleness?.checkInMs() : undefined
  }

  /** For people; undefined where the source does not know, or fails to say: nothing of a job depends on it. */
  progress(): SourceProgress | undefined {
    try {
      const progress = this.#reader?.progress?.()
      if (typeof progress === 'object' && progress !== null) refusePromise(progress)
      return progress
    } catch (error) {
      if (!this.#hasFailedToSay) this.#options.failedToSay(error)
      this.#hasFailedToSay = true
      return undefined
    }
  }

  /** Resolves when it is worth polling again. */
  ready(): Promise<void> {
    return (this.#reader as Reader<unknown, Plain>).ready()
  }

  snapshot(): Readonly<Record<string, SplitState>> {
    const splits = this.#table.snapshot()
    const watermark = this.#lastWatermark
    if (watermark === Number.NEGATIVE_INFINITY) return splits
    return Object.fromEntries(Object.entries(splits).map(([name, state]) => [name, { ...state, watermark }]))
  }

  async acknowledge(positions: Readonly<Record<string, Plain>>): Promise<void> {
    const own = Object.entries(positions).filter(([name]) => this.#table.get(name) !== undefined)
    if (own.length > 0) await this.#reader?.acknowledge?.(new Map(own))
  }

  #announce(): void {
    const { splits } = this.#reader as Reader<unknown, Plain>
    for (const [name, position] of splits) {
      if (this.#table.get(name) === undefined) this.#table.add(name, { position, maxTimestamp: Number.NEGATIVE_INFINITY, ended: false })
    }
  }

  /** Records that the source itself could not read come before the values of their batch. */
  #runBroken(batch: Open): boolean {
    const broken = batch.broken ?? []
    for (; this.#brokenIndex < broken.length; this.#brokenIndex++) {
      if (this.#options.gate.isClosed) return false
      const record = broken[this.#brokenIndex] as NonNullable<Open['broken']>[number]
      this.#deadLetter(
        { code: record.code, message: record.message, input: record.input, split: batch.split, position: record.position },
        undefined,
      )
      this.records++
    }
    return true
  }

  #invalid(index: number, input: unknown, error: unknown): void {
    const batch = this.#batch as Open
    const own = batch.timestamps?.[index]
    const code = StreamError.is(error) ? error.code : 'INVALID_RECORD'
    if (StreamError.is(error) && error.code !== 'INVALID_RECORD') throw error
    this.#deadLetter(
      {
        code,
        message: messageOf(error),
        input,
        ...(Number.isSafeInteger(own) ? { timestamp: own as number } : {}),
        split: batch.split,
        position: batch.positionOf?.(index) ?? `${batch.split}, record ${index} of the batch before ${JSON.stringify(batch.next)}`,
      },
      error,
    )
  }

  #deadLetter(letter: Letter, cause: unknown): void {
    const { node, deadLetters } = this.#options
    if (node.invalidTag === undefined) {
      throw new StreamError(
        'INVALID_RECORD',
        `${node.address} read an invalid record${placeOf(letter)}: ${sentence(letter.message.replace(`A record of ${node.address} `, 'it '))} Mend the input, or set \`invalid\` on from() to send such records to a dead-letter stream.`,
        { cause, details: { step: node.address, split: letter.split, position: letter.position } },
      )
    }
    this.invalid++
    deadLetters?.({ step: node.address, ...letter }, Number.NaN)
  }
}

/** No error of the user's, whose stack would be looked for, but one of the engine, whose message says all. */
function unusableTime(who: string, time: unknown): StreamError {
  // It may be a promise: nobody will await it.
  Promise.resolve(time).catch(() => undefined)
  const text = time instanceof Date ? 'a Date' : time instanceof Promise ? 'a promise' : shown(time)
  return new StreamError('INVALID_RECORD', `${who} ${text}, which is no whole number of milliseconds that a Date can hold`)
}

/** A reader from elsewhere may be plain JavaScript. */
function isPolled(polled: unknown): boolean {
  if (polled === 'wait' || polled === 'end') return true
  if (typeof polled !== 'object' || polled === null) return false
  const { split, values, next } = polled as Readonly<Record<string, unknown>>
  return typeof split === 'string' && Array.isArray(values) && next !== undefined
}

/** Most messages of a format begin with it. */
function placeOf({ position, message }: Letter): string {
  return message.startsWith(position) ? '' : ` at ${position}`
}
