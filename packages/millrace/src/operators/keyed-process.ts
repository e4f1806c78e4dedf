import type { Emit, KeySelector, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { KeyContext, KeyedStepDefinition, OpenContext, Out } from '../operator/definitions.ts'
import type { FiredTimer, KeyedState, StateDeclaration } from '../state/contract.ts'
import { type Call, lifecycle, newCall } from './process.ts'

type Side = (tag: { readonly id: string }, value: unknown, timestamp: number) => void
type Handler = (at: number, context: KeyContext, out: Out) => void
interface Handles {
  readonly state: Readonly<Record<string, unknown>>
  readonly timers: Readonly<Record<string, unknown>>
}
interface TimerRow {
  readonly handler: Handler | undefined
  readonly isEventTime: boolean
}

interface Ports {
  readonly next: Emit
  readonly side: Side
  readonly time: OperatorTime
  readonly keyed: KeyedState
  /** What `open` gave. */
  readonly held: { resource: unknown }
}
interface Closures {
  readonly input: (select: KeySelector) => Emit
  readonly onTimer: (fired: FiredTimer) => void
}

/** A class for the same reason as that of `process`. */
class KeyedContext implements KeyContext {
  readonly state: Handles['state']
  readonly timers: Handles['timers']
  readonly #ports: Ports
  readonly #call: Call

  constructor(ports: Ports, handles: Handles, call: Call) {
    this.state = handles.state
    this.timers = handles.timers
    this.#ports = ports
    this.#call = call
  }

  get key(): KeyContext['key'] {
    return this.#ports.keyed.key as KeyContext['key']
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

function template(
  { next, side, keyed }: Ports,
  step: KeyedStepDefinition,
  timers: readonly TimerRow[],
  context: KeyContext,
  call: Call,
): Closures {
  const { integers } = keyed
  const out: Out = {
    emit(value) {
      next(value, call.emitted)
    },
    side(tag, value) {
      side(tag, value, call.emitted)
    },
  }
  return {
    input: (select) => (value, timestamp) => {
      const key = select(value)
      if (typeof key === 'number' && (key | 0) === key) keyed.enter(key, integers.find(key))
      else keyed.setKey(key)
      call.emitted = timestamp
      call.seen = timestamp
      step.onRecord(value, context, out)
    },
    // PF-2: what an event timer emits carries its time, what a processing timer emits carries none; `context.timestamp` is the timer's time.
    onTimer(fired) {
      const timer = timers[fired.timer] as TimerRow
      call.emitted = timer.isEventTime ? fired.at : Number.NaN
      call.seen = fired.at
      if (timer.handler !== undefined) timer.handler(fired.at, context, out)
    },
  }
}

/** A process function with a key: declared state, named timers. */
export function keyedProcessOperator(
  specialize: Specialize,
  ports: Ports,
  step: KeyedStepDefinition,
  states: Readonly<Record<string, StateDeclaration>>,
  selectors: readonly KeySelector[],
  context: OpenContext,
): Operator {
  const timers = ports.keyed.timerNames.map((name) => ({
    handler: step.onTimer?.[name]?.bind(step.onTimer),
    isEventTime: states[name]?.domain === 'event',
  }))
  const call = newCall()
  const closures = specialize(template, ports, step, timers, new KeyedContext(ports, handlesOf(ports.keyed, states), call), call)
  return { inputs: selectors.map((select) => closures.input(select)), onTimer: closures.onTimer, ...lifecycle(step, ports.held, context) }
}

function handlesOf(keyed: KeyedState, states: Readonly<Record<string, StateDeclaration>>): Handles {
  const state: Record<string, unknown> = {}
  const timers: Record<string, unknown> = {}
  for (const [name, { kind }] of Object.entries(states)) {
    if (kind === 'value') state[name] = keyed.value(name)
    else if (kind === 'list') state[name] = keyed.list(name)
    else if (kind === 'map') state[name] = keyed.map(name)
    else if (kind === 'timer') timers[name] = keyed.timer(name)
    else if (kind === 'timers') timers[name] = keyed.timers(name)
  }
  return { state: Object.freeze(state), timers: Object.freeze(timers) }
}
