import type { Emit, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { OpenContext, Out, PlainContext, PlainStepDefinition } from '../operator/definitions.ts'

type Side = (tag: { readonly id: string }, value: unknown, timestamp: number) => void

interface Ports {
  readonly next: Emit
  readonly side: Side
  readonly time: OperatorTime
  /** What `open` gave. */
  readonly held: { resource: unknown }
}

function template(ports: Ports, step: PlainStepDefinition): Emit {
  const { next, side, time, held } = ports
  let current = Number.NaN
  const out: Out = {
    emit(value) {
      next(value, current)
    },
    side(tag, value) {
      side(tag, value, current)
    },
  }
  const context: PlainContext = {
    get resource() {
      return held.resource
    },
    get timestamp() {
      return current === current ? current : undefined
    },
    get watermark() {
      return time.watermark
    },
    get now() {
      return time.now
    },
  }
  return (value, timestamp) => {
    current = timestamp
    step.onRecord(value, context, out)
  }
}

/** A process function without a key. Outputs carry the input's timestamp (PF-1). */
export function processOperator(specialize: Specialize, ports: Ports, step: PlainStepDefinition, context: OpenContext): Operator {
  return { inputs: [specialize(template, ports, step)], ...lifecycle(step, ports.held, context) }
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
