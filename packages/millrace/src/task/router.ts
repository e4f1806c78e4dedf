/**
 * The outputs of one task: a buffer per (edge, target), flushed when it is full or the task has nothing else to do.
 *
 * R1  What cannot be sent for want of credits waits in order; while anything waits the gate is closed.
 * R2  A watermark leaves after the records before it. It rides on the next flush and never forces one (rules 1.2 d).
 */
import { StreamError } from '../core/errors.ts'
import { keyGroupOf, subtaskOf } from '../core/key-group.ts'
import type { Emit, Gate, Specialize } from '../operator/contract.ts'
import { type Key, keyHash } from '../serde/key.ts'
import { BATCH_RECORDS, OVERDRAFT_RECORDS, type RecordBatch, type StreamElement } from './messages.ts'

/** One edge out of the task, as the router needs it. */
export interface OutputEdge {
  readonly output: number
  readonly partitioning: 'forward' | 'hash' | 'rebalance'
  readonly key?: (value: unknown) => unknown
  readonly targets: number
  /** Receives forward edges: same subtask. */
  readonly forwardTarget: number
}

/** What all targets of a router share. */
interface Shared {
  readonly limit: number
  readonly gate: Gate
  readonly send: (output: number, target: number, element: StreamElement) => void
  /** Targets for which something waits. */
  waiting: number
}

/** One receiving subtask of one edge: a buffer, credits, and what waits for them. */
class Target {
  readonly target: number
  values: unknown[] = []
  timestamps: Float64Array
  length = 0
  readonly #shared: Shared
  readonly #output: number
  #credits: number
  /** Full batches for which there is no credit, and the watermarks between them. */
  #waiting: StreamElement[] = []
  #waitingRecords = 0
  /** A watermark, an idle mark, or one after the other. */
  #pendingTime: StreamElement[] = []

  constructor(shared: Shared, output: number, target: number, credits: number) {
    this.#shared = shared
    this.#output = output
    this.target = target
    this.#credits = credits
    this.timestamps = new Float64Array(shared.limit)
  }

  /** R2. */
  time(element: StreamElement): void {
    if (this.length === 0) this.#sendOrWait(element)
    else if (element.kind === 'idle') this.#pendingTime.push(element)
    else this.#pendingTime = [element]
  }

  flush(): void {
    if (this.length > 0) {
      const isFull = this.length === this.#shared.limit
      const batch: RecordBatch = {
        kind: 'batch',
        values: this.values,
        timestamps: isFull ? this.timestamps : this.timestamps.slice(0, this.length),
      }
      if (isFull) this.timestamps = new Float64Array(this.#shared.limit)
      this.values = []
      this.length = 0
      this.#sendOrWait(batch)
    }
    const elements = this.#pendingTime
    if (elements.length === 0) return
    this.#pendingTime = []
    for (const element of elements) this.#sendOrWait(element)
  }

  credit(credits: number): void {
    this.#credits += credits
    let sent = 0
    for (const element of this.#waiting) {
      if (element.kind === 'batch') {
        if (this.#credits === 0) break
        this.#credits--
        this.#waitingRecords -= element.values.length
      }
      this.#shared.send(this.#output, this.target, element)
      sent++
    }
    if (sent === 0) return
    this.#waiting = this.#waiting.slice(sent)
    if (this.#waiting.length === 0) this.#shared.waiting--
  }

  /** R1. */
  #sendOrWait(element: StreamElement): void {
    const isBatch = element.kind === 'batch'
    if (this.#waiting.length === 0 && (!isBatch || this.#credits > 0)) {
      if (isBatch) this.#credits--
      this.#shared.send(this.#output, this.target, element)
      return
    }
    if (this.#waiting.length === 0) this.#shared.waiting++
    this.#waiting.push(element)
    this.#shared.gate.isClosed = true
    if (!isBatch) return
    this.#waitingRecords += element.values.length
    if (this.#waitingRecords > OVERDRAFT_RECORDS) {
      throw new StreamError(
        'OUTPUT_LIMIT',
        `One call of a function emitted more than ${OVERDRAFT_RECORDS} records while the next step had no room. Split the work over several records or timers, or return an iterable from flatMap.`,
      )
    }
  }
}

export interface Router {
  /** The closure to which the operators of an edge emit. */
  emitter(edge: OutputEdge, specialize: Specialize): Emit
  /** Sends a watermark or idle mark on an edge: after what is buffered. */
  time(output: number, element: StreamElement): void
  /** Sends all buffered records for which there are credits. */
  flush(): void
  /** Nothing is buffered and nothing waits. */
  isFlushed(): boolean
  /** Something waits for a credit. */
  isWaiting(): boolean
  hasBuffered(): boolean
  credit(output: number, target: number, credits: number): void
}

export function createRouter(options: {
  readonly credits: number
  readonly batchRecords?: number
  readonly keyGroups: number
  readonly gate: Gate
  readonly send: (output: number, target: number, element: StreamElement) => void
}): Router {
  const { credits, keyGroups, gate, send } = options
  const shared: Shared = { limit: options.batchRecords ?? BATCH_RECORDS, gate, send, waiting: 0 }
  const targets: Target[] = []
  const byOutput = new Map<number, readonly Target[]>()
  return {
    emitter(edge, specialize) {
      const numbers = edge.partitioning === 'forward' ? [edge.forwardTarget] : Array.from({ length: edge.targets }, (_, target) => target)
      const mine = numbers.map((target) => new Target(shared, edge.output, target, credits))
      targets.push(...mine)
      byOutput.set(edge.output, mine)
      return emitterTo(mine, edge, shared.limit, keyGroups, specialize)
    },
    time(output, element) {
      for (const target of byOutput.get(output) ?? []) target.time(element)
    },
    flush() {
      for (const target of targets) target.flush()
    },
    isFlushed: () => shared.waiting === 0 && targets.every((target) => target.length === 0),
    isWaiting: () => shared.waiting > 0,
    hasBuffered: () => targets.some((target) => target.length > 0),
    credit(output, target, count) {
      byOutput
        .get(output)
        ?.find((each) => each.target === target)
        ?.credit(count)
    },
  }
}

function emitterTo(targets: readonly Target[], edge: OutputEdge, limit: number, keyGroups: number, specialize: Specialize): Emit {
  const flush = (target: Target): void => target.flush()
  const first = targets[0] as Target
  if (targets.length === 1) return specialize(singleTemplate, first, limit, flush)
  if (edge.partitioning === 'rebalance') return specialize(rebalanceTemplate, targets, limit, flush)
  const keyOf = edge.key as (value: unknown) => Key
  const targetOf = (value: unknown): number => subtaskOf(keyGroupOf(keyHash(keyOf(value)), keyGroups), targets.length, keyGroups)
  return specialize(hashTemplate, targets, limit, flush, targetOf)
}

interface Buffer {
  values: unknown[]
  timestamps: Float64Array
  length: number
}

function singleTemplate<B extends Buffer>(buffer: B, limit: number, flush: (buffer: B) => void): Emit {
  return (value, timestamp) => {
    buffer.values.push(value)
    buffer.timestamps[buffer.length] = timestamp
    if (++buffer.length === limit) flush(buffer)
  }
}

function rebalanceTemplate<B extends Buffer>(buffers: readonly B[], limit: number, flush: (buffer: B) => void): Emit {
  let next = 0
  return (value, timestamp) => {
    const buffer = buffers[next] as B
    next = next + 1 === buffers.length ? 0 : next + 1
    buffer.values.push(value)
    buffer.timestamps[buffer.length] = timestamp
    if (++buffer.length === limit) flush(buffer)
  }
}

function hashTemplate<B extends Buffer>(
  buffers: readonly B[],
  limit: number,
  flush: (buffer: B) => void,
  targetOf: (value: unknown) => number,
): Emit {
  return (value, timestamp) => {
    const buffer = buffers[targetOf(value)] as B
    buffer.values.push(value)
    buffer.timestamps[buffer.length] = timestamp
    if (++buffer.length === limit) flush(buffer)
  }
}
