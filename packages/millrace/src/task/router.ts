/**
 * The outputs of one task: a buffer per (edge, target), flushed when it is full or the task has nothing else to do.
 *
 * R1  What cannot be sent for want of credits waits in order; while anything waits the gate is closed.
 * R2  A watermark leaves after the records before it. It rides on the next flush and never forces one (rules 1.2 d).
 */
import { StreamError } from '../core/errors.ts'
import { keyGroupOf, subtaskOf } from '../core/key-group.ts'
import type { Emit, Gate, Specialize } from '../operator/contract.ts'
import { keyHash } from '../serde/key.ts'
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

interface Target {
  readonly output: number
  readonly target: number
  values: unknown[]
  timestamps: Float64Array
  length: number
  credits: number
  /** Full batches for which there is no credit, and the watermarks between them. */
  waiting: StreamElement[]
  waitingRecords: number
  /** A watermark, an idle mark, or one after the other. */
  pendingTime: StreamElement[]
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
  const targets: Target[] = []
  const byOutput = new Map<number, Target[]>()
  const limit = options.batchRecords ?? BATCH_RECORDS
  let waiting = 0

  const newTarget = (output: number, target: number): Target => {
    const made: Target = {
      output,
      target,
      values: [],
      timestamps: new Float64Array(limit),
      length: 0,
      credits: options.credits,
      waiting: [],
      waitingRecords: 0,
      pendingTime: [],
    }
    targets.push(made)
    return made
  }
  const sendOrWait = (target: Target, element: StreamElement): void => {
    const isBatch = element.kind === 'batch'
    if (target.waiting.length === 0 && (!isBatch || target.credits > 0)) {
      if (isBatch) target.credits--
      options.send(target.output, target.target, element)
      return
    }
    if (target.waiting.length === 0) waiting++
    target.waiting.push(element)
    options.gate.isClosed = true
    if (!isBatch) return
    target.waitingRecords += element.values.length
    if (target.waitingRecords > OVERDRAFT_RECORDS) {
      throw new StreamError(
        'OUTPUT_LIMIT',
        `One call of a function emitted more than ${OVERDRAFT_RECORDS} records while the next step had no room. Split the work over several records or timers, or return an iterable from flatMap.`,
      )
    }
  }
  const flushTarget = (target: Target): void => {
    if (target.length > 0) {
      const full: RecordBatch = {
        kind: 'batch',
        values: target.values,
        timestamps: target.length === limit ? target.timestamps : target.timestamps.slice(0, target.length),
      }
      if (target.length === limit) target.timestamps = new Float64Array(limit)
      target.values = []
      target.length = 0
      sendOrWait(target, full)
    }
    if (target.pendingTime.length === 0) return
    const elements = target.pendingTime
    target.pendingTime = []
    for (const element of elements) sendOrWait(target, element)
  }

  return {
    emitter(edge, specialize) {
      const mine =
        edge.partitioning === 'forward'
          ? [newTarget(edge.output, edge.forwardTarget)]
          : Array.from({ length: edge.targets }, (_, target) => newTarget(edge.output, target))
      byOutput.set(edge.output, mine)
      if (mine.length === 1) return specialize(singleTemplate, mine[0] as Target, limit, flushTarget)
      if (edge.partitioning === 'rebalance') return specialize(rebalanceTemplate, mine, limit, flushTarget)
      const group = (value: unknown): number =>
        subtaskOf(keyGroupOf(keyHash((edge.key as (value: unknown) => never)(value)), options.keyGroups), mine.length, options.keyGroups)
      return specialize(hashTemplate, mine, limit, flushTarget, group)
    },
    time(output, element) {
      for (const target of byOutput.get(output) ?? []) {
        if (target.length === 0) sendOrWait(target, element)
        else if (element.kind === 'idle') target.pendingTime.push(element)
        else target.pendingTime = [element]
      }
    },
    flush() {
      for (const target of targets) flushTarget(target)
    },
    isFlushed: () => waiting === 0 && targets.every((target) => target.length === 0),
    isWaiting: () => waiting > 0,
    hasBuffered: () => targets.some((target) => target.length > 0),
    credit(output, targetIndex, credits) {
      const target = (byOutput.get(output) ?? []).find((each) => each.target === targetIndex)
      if (target === undefined) return
      target.credits += credits
      let sent = 0
      for (const element of target.waiting) {
        if (element.kind === 'batch') {
          if (target.credits === 0) break
          target.credits--
          target.waitingRecords -= element.values.length
        }
        options.send(target.output, target.target, element)
        sent++
      }
      if (sent === 0) return
      target.waiting = target.waiting.slice(sent)
      if (target.waiting.length === 0) waiting--
    },
  }
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
