import type { Emit, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { OpenContext, Out, PlainContext, PlainStepDefinition } from '../operator/definitions.ts'

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
}

export function newCall(): Call {
  return { emitted: Number.NaN, seen: Number.NaN }
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

function template({ next, side }: Ports, step: PlainStepDefinition, context: PlainContext, call: Call): Emit {
  const out: Out = {
    emit(value) {
      next(value, call.emitted)
    },
    side(tag, value) {
      side(tag, value, call.emitted)
    },
  }
  return (value, timestamp) => {
    call.emitted = timestamp
    call.seen = timestamp
    step.onRecord(value, context, out)
  }
}

/** A process function without a key. Outputs carry the input's timestamp (PF-1). */
export function processOperator(specialize: Specialize, ports: Ports, step: PlainStepDefinition, context: OpenContext): Operator {
  const call = newCall()
  const input = specialize(template, ports, step, new RecordContext(ports, call), call)
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
