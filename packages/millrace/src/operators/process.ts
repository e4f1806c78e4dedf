import type { Emit, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import { refusePromise } from '../core/errors.ts'
import type { OpenContext, Out, PlainContext, PlainStepDefinition } from '../operator/definitions.ts'
import { type Limit, limitOf } from './output-limit.ts'

type Side = (tag: { readonly id: string }, value: unknown, timestamp: number) => void

export interface Ports {
  readonly next: Emit
  readonly side: Side
  readonly time: OperatorTime
  /** What `open` gave. */
  readonly held: { resource: unknown }
}

/** What the call at hand is for. Numbers in an object: in a variable that closures share, each would be allocated. */
export interface Call {
  /** What is emitted carries this. */
  emitted: number
  /** `timestamp` of the context: as above, but for processing timers. */
  seen: number
  /** How many records it has emitted. */
  count: number
}

export function newCall(): Call {
  return { emitted: Number.NaN, seen: Number.NaN, count: 0 }
}

/** A class, since each object with getters of its own would be a shape of its own to V8, and user code polymorphic. */
export class RecordContext implements PlainContext {
  readonly #ports: Ports
  readonly #call: Call

  constructor(ports: Ports, call: Call) {
    this.#ports = ports
    this.#call = call
  }

  get resource(): unknown {
    return this.#ports.held.resource
  }

  get timestamp(): number | undefined {
    const { seen } = this.#call
    return seen === seen ? seen : undefined
  }

  get watermark(): number {
    return this.#ports.time.watermark
  }

  get now(): number {
    return this.#ports.time.now
  }
}

/** The `Out` of a step. */
export function outTemplate({ next, side, time }: Ports, call: Call, limit: Limit): Out {
  const { most, mask, look } = limit
  return {
    emit(value) {
      if (!time.isRunning || ++call.count > most || (call.count & mask) === 0) look(time.isRunning, call.count, value)
      next(value, call.emitted)
    },
    side(tag, value) {
      if (!time.isRunning || ++call.count > most || (call.count & mask) === 0) look(time.isRunning, call.count, value)
      side(tag, value, call.emitted)
    },
  }
}

function template(step: PlainStepDefinition, context: PlainContext, out: Out, call: Call, refusePromise: (result: object) => void): Emit {
  return (value, timestamp) => {
    call.emitted = timestamp
    call.seen = timestamp
    call.count = 0
    const result: unknown = step.onRecord(value, context, out)
    if (typeof result === 'object' && result !== null) refusePromise(result)
  }
}

/** A process function without a key. Outputs carry the input's timestamp (PF-1). */
export function processOperator(specialize: Specialize, ports: Ports, step: PlainStepDefinition, context: OpenContext): Operator {
  const call = newCall()
  const out = specialize(outTemplate, ports, call, limitOf(context.step))
  const input = specialize(template, step, new RecordContext(ports, call), out, call, refusePromise)
  return { inputs: [input], ...lifecycle(step, ports.held, context) }
}

/** `open` and `close` of a process function: once per subtask, around everything else. */
export function lifecycle(
  step: Pick<PlainStepDefinition, 'open' | 'close'>,
  held: { resource: unknown },
  context: OpenContext,
): Pick<Operator, 'open' | 'close'> {
  let isOpen = false
  return {
    async open() {
      held.resource = await step.open?.(context)
      isOpen = true
    },
    async close() {
      if (isOpen) await step.close?.(held.resource)
      isOpen = false
    },
  }
}
