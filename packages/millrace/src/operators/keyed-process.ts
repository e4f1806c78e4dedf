import { refusePromise } from '../core/errors.ts'
import type { Emit, KeySelector, Operator, Specialize } from '../operator/contract.ts'
import type { KeyContext, KeyedStepDefinition, OpenContext, Out } from '../operator/definitions.ts'
import type { FiredTimer, KeyedState, StateDeclaration } from '../state/contract.ts'
import { limitOf } from './output-limit.ts'
import { type Call, lifecycle, newCall, outTemplate, type Ports, RecordContext } from './process.ts'

type Handler = (at: number, context: KeyContext, out: Out) => void
interface Handles {
  readonly state: Readonly<Record<string, unknown>>
  readonly timers: Readonly<Record<string, unknown>>
}
interface TimerRow {
  readonly handler: Handler | undefined
  readonly isEventTime: boolean
}

interface KeyedPorts extends Ports {
  readonly keyed: KeyedState
}
interface Closures {
  readonly input: (select: KeySelector) => Emit
  readonly onTimer: (fired: FiredTimer) => void
}

class KeyedContext extends RecordContext implements KeyContext {
  readonly state: Handles['state']
  readonly timers: Handles['timers']
  readonly #keyed: KeyedState

  constructor(ports: KeyedPorts, handles: Handles, call: Call) {
    super(ports, call)
    this.state = handles.state
    this.timers = handles.timers
    this.#keyed = ports.keyed
  }

  get key(): KeyContext['key'] {
    return this.#keyed.key as KeyContext['key']
  }
}

function template(
  keyed: KeyedState,
  step: KeyedStepDefinition,
  timers: readonly TimerRow[],
  context: KeyContext,
  out: Out,
  call: Call,
  refusePromise: (result: object) => void,
): Closures {
  const { integers } = keyed
  return {
    input: (select) => (value, timestamp) => {
      const key = select(value)
      if (typeof key === 'number' && (key | 0) === key) keyed.enter(key, integers.find(key))
      else keyed.setKey(key)
      call.emitted = timestamp
      call.seen = timestamp
      call.count = 0
      const result: unknown = step.onRecord(value, context, out)
      if (typeof result === 'object' && result !== null) refusePromise(result)
    },
    // PF-2: what an event timer emits carries its time, what a processing timer emits carries none; `context.timestamp` is the timer's time.
    onTimer(fired) {
      const timer = timers[fired.timer] as TimerRow
      call.emitted = timer.isEventTime ? fired.at : Number.NaN
      call.seen = fired.at
      call.count = 0
      const result: unknown = timer.handler?.(fired.at, context, out)
      if (typeof result === 'object' && result !== null) refusePromise(result)
    },
  }
}

/** A process function with a key: declared state, named timers. */
export function keyedProcessOperator(
  specialize: Specialize,
  ports: KeyedPorts,
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
  const out = specialize(outTemplate, ports, call, limitOf(context.step))
  const contextOfCall = new KeyedContext(ports, handlesOf(ports.keyed, states), call)
  const closures = specialize(template, ports.keyed, step, timers, contextOfCall, out, call, refusePromise)
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
