import type { Emit, KeySelector, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { KeyContext, KeyedStepDefinition, OpenContext, Out } from '../operator/definitions.ts'
import type { FiredTimer, KeyedState, StateDeclaration } from '../state/contract.ts'
import { lifecycle } from './process.ts'

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

interface Parts {
  readonly next: Emit
  readonly side: Side
  readonly time: OperatorTime
  readonly keyed: KeyedState
  readonly step: KeyedStepDefinition
  readonly handles: Handles
  readonly timers: readonly TimerRow[]
  readonly held: { resource: unknown }
}
interface Closures {
  readonly input: (select: KeySelector) => Emit
  readonly onTimer: (fired: FiredTimer) => void
}

function template(parts: Parts): Closures {
  const { next, side, time, keyed, step, handles, timers, held } = parts
  /** What is emitted carries this. */
  let current = Number.NaN
  /** What the user's function is called for: as above, but for processing timers. */
  let seen = Number.NaN
  const out: Out = {
    emit(value) {
      next(value, current)
    },
    side(tag, value) {
      side(tag, value, current)
    },
  }
  const context: KeyContext = {
    get key() {
      return keyed.key as KeyContext['key']
    },
    state: handles.state,
    timers: handles.timers,
    get resource() {
      return held.resource
    },
    get timestamp() {
      return seen === seen ? seen : undefined
    },
    get watermark() {
      return time.watermark
    },
    get now() {
      return time.now
    },
  }
  return {
    input: (select) => (value, timestamp) => {
      const key = select(value)
      if (typeof key === 'number' && (key | 0) === key) keyed.enter(key, keyed.findInteger(key))
      else keyed.setKey(key)
      current = timestamp
      seen = timestamp
      step.onRecord(value, context, out)
    },
    // PF-2: what an event timer emits carries its time, what a processing timer emits carries none; `context.timestamp` is the timer's time.
    onTimer(fired) {
      const timer = timers[fired.timer] as TimerRow
      current = timer.isEventTime ? fired.at : Number.NaN
      seen = fired.at
      if (timer.handler !== undefined) timer.handler(fired.at, context, out)
    },
  }
}

/** A process function with a key: declared state, named timers. */
export function keyedProcessOperator(
  specialize: Specialize,
  ports: Pick<Parts, 'next' | 'side' | 'time' | 'keyed' | 'held'>,
  step: KeyedStepDefinition,
  states: Readonly<Record<string, StateDeclaration>>,
  selectors: readonly KeySelector[],
  context: OpenContext,
): Operator {
  const timers = ports.keyed.timerNames.map((name) => ({
    handler: step.onTimer?.[name]?.bind(step.onTimer),
    isEventTime: states[name]?.domain === 'event',
  }))
  const closures = specialize(template, { ...ports, step, handles: handlesOf(ports.keyed, states), timers })
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
