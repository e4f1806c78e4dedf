// The second mode: each step that depends on order is given the order that its subtasks really saw.
import { makeNetwork, type Emission, type Network } from './network.ts'
import { refuseProblems, sinkResults, type Result } from './interpret.ts'
import { deepFreeze } from './canonical.ts'
import { isKeyed, keyOfInput, needsOrder } from './plan.ts'
import type { Program, Row, Step } from './program.ts'
import type { Outlet, Runtime } from './runtime.ts'
import { makeRuntime } from './steps.ts'

/**
 * One thing that one subtask of a step saw. Watermarks are those of the step, its inputs combined already; 'end' is +Infinity. `now` sets the clock without firing anything;
 * `restored` is the watermark with which a subtask goes on after a restore, which may be lower than what its key saw (rules 1.2 c): nothing fires.
 * Its `floor`, which windows know, is what the key group had reached; without one it is what the inputs before have reached;
 * `time` fires processing timers with T < now; `end` is the end of the subtask's input.
 */
export type StepInput =
  | { readonly kind: 'record'; readonly value: Row; readonly timestamp: number | null; readonly now?: number }
  | { readonly kind: 'watermark'; readonly at: number | 'end'; readonly now?: number }
  | { readonly kind: 'restored'; readonly at: number; readonly floor?: number; readonly now?: number }
  | { readonly kind: 'time'; readonly now: number }
  | { readonly kind: 'end'; readonly now?: number }

/** Per step id, one list per subtask, for the whole life of the job. */
export type Orders = ReadonlyMap<string, readonly (readonly StepInput[])[]>

/** `offered`: per replayed step, what the reference itself delivered to it. An oracle checks that it is the multiset of the recorded records. */
export interface ReplayResult extends Result {
  readonly offered: ReadonlyMap<string, readonly Emission[]>
}

export interface SideEmission extends Emission {
  readonly tag: string | null
} // null: the main output

/** What one subtask of a step emits, in order, given what it saw. */
export function replayStep(program: Program, stepId: string, inputs: readonly StepInput[]): readonly SideEmission[] {
  const emitted: SideEmission[] = []
  const outlet: Outlet = {
    emit: (value, timestamp) => void emitted.push({ tag: null, value, timestamp }),
    side: (tag, value, timestamp) => void emitted.push({ tag, value, timestamp }),
    drop() {},
  }
  const step = program.steps.find((one) => one.id === stepId)
  if (step === undefined) throw new Error(`no step '${stepId}'`)
  feed(program, step, inputs, outlet)
  return emitted
}

/**
 * The whole program: sources give all their records, steps without memory pass them on, and each step in `orders` emits what its recorded inputs say, not what is delivered to it.
 * @throws when a step that needs an order has none.
 */
export function replay(program: Program, orders: Orders): ReplayResult {
  refuseProblems(program)
  const offered = new Map<string, Emission[]>()
  const network = makeNetwork(program, { now: program.startNow }, (step, make) => recorder(step, orders, offered) ?? make())
  for (const source of program.sources)
    for (const record of source.splits.flatMap((split) => split.records))
      for (const edge of network.edgesOf(source.id)) edge.record(deepFreeze(record), record.ts)
  for (const step of program.steps) replayAll(program, step, orders, network)
  return { sinks: sinkResults(program, network), dropped: network.dropped, offered }
}

/** Steps come after what they read, so that all that is offered to a step is there when its turn comes. */
function replayAll(program: Program, step: Step, orders: Orders, network: Network): void {
  for (const inputs of orders.get(step.id) ?? []) feed(program, step, inputs, network.outletOf(step))
}

function recorder(step: Step, orders: Orders, offered: Map<string, Emission[]>): Runtime | undefined {
  if (!orders.has(step.id)) {
    if (needsOrder(step)) throw new Error(`step '${step.id}' needs its recorded order`)
    return undefined
  }
  const emissions: Emission[] = []
  offered.set(step.id, emissions)
  return { record: (value, timestamp) => void emissions.push({ value, timestamp }), watermark() {}, restored() {}, time() {}, end() {} }
}

function feed(program: Program, step: Step, inputs: readonly StepInput[], outlet: Outlet): void {
  const clock = { now: program.startNow }
  const runtime = makeRuntime(step, isKeyed(step) ? keyOfInput(program, step) : undefined, clock, outlet)
  for (const input of inputs) {
    if (input.now !== undefined) clock.now = Math.max(clock.now, input.now)
    if (input.kind === 'record') runtime.record(deepFreeze(input.value), input.timestamp)
    else if (input.kind === 'watermark') runtime.watermark(input.at === 'end' ? Infinity : input.at)
    else if (input.kind === 'restored') runtime.restored(input.at, input.floor)
    else if (input.kind === 'time') runtime.time()
    else runtime.end()
  }
}
