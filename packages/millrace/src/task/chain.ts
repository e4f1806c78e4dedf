/**
 * Builds the operators of one task and links them by direct calls: a tree whose root is the source or the inputs, whose leaves
 * are writers and outputs. No arrays between operators (D5).
 */
import { StreamError, assertNever, messageOf } from '../core/errors.ts'
import { isTag } from '../core/tags.ts'
import { sinkOperator, type Written } from '../operators/sink.ts'
import { filterOperator } from '../operators/filter.ts'
import { flatMapOperator } from '../operators/flat-map.ts'
import { keyedProcessOperator } from '../operators/keyed-process.ts'
import { mapOperator } from '../operators/map.ts'
import { processOperator } from '../operators/process.ts'
import { aggregateOperator, reduceOperator } from '../operators/rolling.ts'
import type { Writer, Plain } from '../connect/contract.ts'
import type { Cursor, Emit, Gate, KeySelector, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { OpenContext } from '../operator/definitions.ts'
import type { OutputName, PlanEdge, PlanNode } from '../plan/nodes.ts'
import { checkValue } from '../serde/check.ts'
import { deepFreeze } from '../serde/freeze.ts'
import { type Key, keyHash } from '../serde/key.ts'
import { createHeapState } from '../state/heap-state.ts'
import type { HeapStateOptions, KeyedState, OperatorState } from '../state/contract.ts'
import type { Router } from './router.ts'
import { inputLoop, isSampled, type Loop, paced, sampling, shared, type Ways } from './loops.ts'
import { SourceDriver } from './source-driver.ts'
import type { TaskOptions } from './task-spec.ts'
import { createWindowState, windowOperator } from './window-operator.ts'

/** One operator of the task with what the task keeps for it. */
export interface ChainOperator {
  readonly node: PlanNode
  readonly time: OperatorTime
  readonly operator: Operator
  readonly keyed: OperatorState | undefined
  readonly writer: Writer<unknown, Plain, Plain> | undefined
  readonly written: Written
}
export interface Chain {
  /** Upstream first. */
  readonly operators: readonly ChainOperator[]
  readonly source: SourceDriver | undefined
  /** What receives the records of input edge `input` of node `node` from other tasks. */
  entry(node: number, input: number): Loop
}

export interface ChainParts {
  readonly options: TaskOptions
  readonly gate: Gate
  readonly router: Router
  readonly writers: ReadonlyMap<number, Writer<unknown, Plain, Plain>>
  readonly whenFull: (node: number) => void
}

const drop: Emit = () => {}

export function buildChain(parts: ChainParts): Chain {
  const { options } = parts
  const { plan, nodes } = options.spec
  const entries = new Map<number, readonly Ways<Emit>[]>()
  const loops = new Map<number, readonly Loop[]>()
  const operators: ChainOperator[] = []
  let source: SourceDriver | undefined
  for (const index of [...nodes].reverse()) {
    const node = plan.nodes[index] as PlanNode
    const specialize = options.specializer.specialize(node.address)
    const outputs = outputsOf(index, parts, entries, specialize)
    if (node.kind === 'source') {
      source = new SourceDriver({
        node,
        specialize,
        next: { fast: outputs.fast.main, inspecting: inspected(outputs.inspecting.main, inspector(node.address, options.check)) },
        // Without a reader they are counted and no more.
        deadLetters: node.invalidTag === undefined ? undefined : outputs.fast.sides.get(node.invalidTag),
        gate: parts.gate,
        inspectAll: options.check,
        newBudget: () => options.env.budget('slice'),
        failedToSay: (error) =>
          options.env.log('warn', 'a source failed to say how far it has come', { source: node.address, cause: messageOf(error) }),
        idled: (splits) => options.host.splitsIdle?.(node.address, splits),
      })
      continue
    }
    const { operator, inputs } = buildOperator(index, node, outputs, parts, specialize)
    operators.push(operator)
    entries.set(index, inputs)
    const fromOutside = options.spec.channels.some((channel) => channel.node === index)
    if (fromOutside)
      loops.set(
        index,
        inputs.map((ways) => entryLoop(ways, parts, specialize)),
      )
  }
  return { operators: operators.reverse(), source, entry: (node, input) => (loops.get(node) as readonly Loop[])[input] as Loop }
}

function entryLoop(ways: Ways<Emit>, { gate, options }: ChainParts, specialize: Specialize): Loop {
  const fast = inputLoop(specialize, ways.fast, gate)
  const loop = sampling({ fast, inspecting: inputLoop(shared, ways.inspecting, gate) }, options.check)
  return paced(loop, () => options.env.budget('slice'))
}

interface Outputs {
  readonly main: Emit
  readonly sides: ReadonlyMap<string, Emit>
}

/** Everything that reads a node: operators of this task by direct call, other tasks through the router. */
function outputsOf(
  index: number,
  parts: ChainParts,
  entries: ReadonlyMap<number, readonly Ways<Emit>[]>,
  specialize: Specialize,
): Ways<Outputs> {
  const { spec, check } = parts.options
  const { address } = spec.plan.nodes[index] as PlanNode
  const receivers = new Map<string, Ways<Emit>[]>()
  const add = (name: OutputName, ways: Ways<Emit>): void => {
    const key = outputKey(name)
    receivers.set(key, [...(receivers.get(key) ?? []), ways])
  }
  for (const consumer of spec.nodes) {
    const ways = entries.get(consumer)
    if (ways === undefined) continue
    for (const [input, edge] of (spec.plan.nodes[consumer] as PlanNode).inputs.entries())
      if (edge.from === index) add(edge.output, ways[input] as Ways<Emit>)
  }
  for (const output of spec.outputs) {
    if (output.node !== index) continue
    // The selector is the consumer's, and is called here: an error of it is not one of this node.
    const ofKey = output.partitioning === 'hash' ? parts.options.specializer.specialize(`the keyBy after ${address}`) : specialize
    const emit = parts.router.emitter(output, ofKey)
    // What waits in a buffer is open until it is received: those of a sample are looked at there.
    const inspecting = check ? inspected(emit, inspector(address, true)) : emit
    add(output.from, { fast: emit, inspecting })
  }
  const inspecting = joined(receivers, (ways) => {
    if (ways.length === 1) return (ways[0] as Ways<Emit>).inspecting
    const emits = ways.map((each) => each.inspecting)
    return inspected(shared(fanOutTemplate, emits), inspector(address, true))
  })
  if (check) return { fast: inspecting, inspecting }
  const fast = joined(receivers, (ways) => {
    const emits = ways.map((each) => each.fast)
    return emits.length === 1 ? (emits[0] as Emit) : specialize(fanOutTemplate, emits)
  })
  return { fast, inspecting }
}

function joined(receivers: ReadonlyMap<string, Ways<Emit>[]>, join: (ways: readonly Ways<Emit>[]) => Emit): Outputs {
  const sides = new Map<string, Emit>()
  for (const [key, ways] of receivers) if (key !== 'main') sides.set(key.slice(1), join(ways))
  const main = receivers.get('main')
  return { main: main === undefined ? drop : join(main), sides }
}

function outputKey(name: OutputName): string {
  return name === 'main' ? 'main' : `#${name.tag}`
}

function buildOperator(
  index: number,
  node: Exclude<PlanNode, { kind: 'source' }>,
  outputs: Ways<Outputs>,
  parts: ChainParts,
  specialize: Specialize,
): { readonly operator: ChainOperator; readonly inputs: readonly Ways<Emit>[] } {
  const { check } = parts.options
  const own: OwnParts = {
    time: { watermark: Number.NEGATIVE_INFINITY, now: 0, isRunning: false },
    held: { resource: undefined },
    keyed: stateOf(node, {
      owner: node.address,
      maxParallelism: parts.options.spec.keyGroups,
      freeze: check ? 'always' : 'sampled',
      newShape: (state, fields, stored) => warnOfShape(parts.options, `${node.address}.${state}`, fields, stored),
    }),
    writer: parts.writers.get(index),
    written: { records: 0 },
  }
  // What a window step remembers between records is in the operator, so there is one; a sample of its results is inspected all the same.
  const isOne = check || node.kind === 'window'
  const built = makeOperator(index, node, isOne && !check ? sampled(outputs) : outputs.fast, parts, own, specialize)
  const inspecting = isOne ? built : makeOperator(index, node, outputs.inspecting, parts, own, specialize)
  const inputs = node.inputs.map((edge, input) => {
    const enter = (operator: Operator): Emit =>
      watched(keyChecked(inputOf(operator, input), edge, node, parts, specialize), node, own, parts)
    const { address } = parts.options.spec.plan.nodes[edge.from] as PlanNode
    // Frozen where several could change them: behind a key, as state keeps what it is given. In test mode behind every step.
    const inspectingInput = inspected(enter(inspecting), inspector(address, check || edge.key !== undefined))
    return { fast: check ? inspectingInput : enter(built), inspecting: inspectingInput }
  })
  const operator = isOne ? built : { ...built, ...cursorOf(built.cursor, inspecting.cursor) }
  return { operator: { node, time: own.time, operator, keyed: own.keyed, writer: own.writer, written: own.written }, inputs }
}

function watched(emit: Emit, node: PlanNode, { time }: OwnParts, { options }: ChainParts): Emit {
  const { host } = options
  if (node.kind !== 'window' || host.windowed === undefined) return emit
  return (value, timestamp) => {
    host.windowed?.(node.address, { value, timestamp, watermark: time.watermark, now: time.now })
    emit(value, timestamp)
  }
}

/** Some records go the inspecting way (see loops), where the operator itself does not come in two. */
function sampled({ fast, inspecting }: Ways<Outputs>): Outputs {
  const of = (fastEmit: Emit, inspectingEmit: Emit): Emit => {
    let count = 0
    return (value, timestamp) => {
      const isSample = isSampled(count++)
      ;(isSample ? inspectingEmit : fastEmit)(value, timestamp)
    }
  }
  const sides = [...fast.sides].map(([tag, emit]) => [tag, of(emit, inspecting.sides.get(tag) as Emit)] as const)
  return { main: of(fast.main, inspecting.main), sides: new Map(sides) }
}

function stateOf(node: PlanNode, options: Omit<HeapStateOptions, 'declarations'>): OperatorState | undefined {
  if (!('states' in node)) return undefined
  const all = { ...options, declarations: node.states }
  return node.kind === 'window' ? createWindowState(node, all) : createHeapState(all)
}

/** Rules 1.21: without a schema nobody knows whether the job can read what it finds; this is the first sign that it may not. */
function warnOfShape({ env }: TaskOptions, state: string, fields: readonly string[], stored: readonly (readonly string[])[]): void {
  env.log('warn', 'a state gets values of another form than those that were restored: has its version to be raised?', {
    state,
    writes: `{ ${fields.join(', ')} }`,
    restored: stored.map((names) => `{ ${names.join(', ')} }`).join(' '),
  })
}

/** Stateless steps with several inputs have one closure for all of them. */
function inputOf({ inputs }: Operator, input: number): Emit {
  return inputs[input] ?? (inputs[0] as Emit)
}

/**
 * A keyed step finds the key itself, and one of several subtasks is found by it. A step that keeps nothing and has one subtask
 * needs no key; what is none is refused all the same, or a job would fail at another parallelism only.
 */
function keyChecked(emit: Emit, { key }: PlanEdge, node: PlanNode, { options }: ChainParts, specialize: Specialize): Emit {
  if (key === undefined || 'states' in node || options.spec.subtasks > 1) return emit
  return specialize(keyCheckTemplate, emit, key as KeySelector, keyHash)
}

function keyCheckTemplate(next: Emit, select: KeySelector, check: (key: Key) => number): Emit {
  return (value, timestamp) => {
    check(select(value))
    next(value, timestamp)
  }
}

/** The step whose timers or cursor run: what it calls then is no closure of its own, whose name an error would show. */
export interface Working {
  step: string | undefined
}

/** At most one of the two is ever open: nothing enters a task while a cursor is. */
function cursorOf(fast: Cursor | undefined, inspecting: Cursor | undefined): { readonly cursor?: Cursor } {
  if (fast === undefined || inspecting === undefined) return {}
  return {
    cursor: {
      get isOpen() {
        return fast.isOpen || inspecting.isOpen
      },
      resume() {
        ;(fast.isOpen ? fast : inspecting).resume()
      },
    },
  }
}

export function hasOpenCursor(operators: readonly ChainOperator[]): boolean {
  return operators.some(({ operator }) => operator.cursor?.isOpen === true)
}

/** What operators have begun to emit, downstream first; true when nothing is left open. */
export function runCursors(operators: readonly ChainOperator[], working: Working): boolean {
  for (const { operator, node } of [...operators].reverse()) {
    if (operator.cursor?.isOpen !== true) continue
    working.step = node.address
    operator.cursor.resume()
    if (operator.cursor.isOpen) return false
  }
  return true
}

/** What the two ways through an operator have in common. */
interface OwnParts {
  readonly time: OperatorTime
  readonly held: { resource: unknown }
  readonly keyed: OperatorState | undefined
  readonly writer: Writer<unknown, Plain, Plain> | undefined
  readonly written: Written
}

function makeOperator(
  index: number,
  node: Exclude<PlanNode, { kind: 'source' }>,
  outputs: Outputs,
  parts: ChainParts,
  { time, held, keyed, writer, written }: OwnParts,
  specialize: Specialize,
): Operator {
  const { spec, signal } = parts.options
  const context: OpenContext = { step: node.address, subtask: spec.subtask, subtasks: spec.subtasks, signal }
  const next = outputs.main
  const side = sideOutput(outputs.sides, node.address)
  const selectors = node.inputs.map((edge) => edge.key as KeySelector)
  switch (node.kind) {
    case 'map':
      return mapOperator(specialize, next, node.mapper)
    case 'filter':
      return filterOperator(specialize, next, node.predicate)
    case 'flatMap':
      return flatMapOperator(specialize, next, node.mapper, { gate: parts.gate, newBudget: () => parts.options.env.budget('turn') })
    case 'process':
      return processOperator(specialize, { next, side, time, held }, node.step, context)
    case 'keyed-process':
      return keyedProcessOperator(
        specialize,
        { next, side, time, held, keyed: keyed as KeyedState },
        node.step,
        node.states,
        selectors,
        context,
      )
    case 'reduce':
      return reduceOperator(specialize, next, keyed as KeyedState, node.reducer, selectors)
    case 'aggregate':
      return aggregateOperator(specialize, next, keyed as KeyedState, node.aggregates, selectors)
    case 'window':
      return windowOperator(specialize, node, {
        ports: { next, side, time, held },
        state: keyed as OperatorState,
        // Where nobody reads the late output they are counted, as without one.
        late: node.lateTag === undefined ? undefined : outputs.sides.get(node.lateTag),
        keyGroups: spec.keyGroups,
        gate: parts.gate,
        newBudget: () => parts.options.env.budget('turn'),
        selectors,
      })
    case 'sink':
      return sinkOperator(specialize, { writer: writer as Writer<unknown, Plain, Plain>, written }, parts.gate, () => parts.whenFull(index))
    default:
      return assertNever(node)
  }
}

function sideOutput(
  sides: ReadonlyMap<string, Emit>,
  address: string,
): (tag: { readonly id: string }, value: unknown, timestamp: number) => void {
  return (tag, value, timestamp) => {
    const id: unknown = (tag as { readonly id?: unknown } | undefined)?.id
    if (typeof id !== 'string')
      throw new StreamError(
        'UNKNOWN_TAG',
        `${address} sent a record to a side output that is no tag but ${typeof tag}. Create the tag with outputTag and pass it to out.side.`,
      )
    sides.get(id)?.(value, timestamp)
  }
}

/** Rules 1.7 (d), 1.12: what is refused between threads is refused everywhere; records are frozen where several could change them. */
function inspector(address: string, freeze: boolean): (value: unknown) => void {
  const path = `a record of ${address}`
  return (value) => {
    checkValue(value, path)
    if (isTag(value))
      throw new StreamError(
        'UNKNOWN_TAG',
        `${address} emitted the tag '${value.id}' as a record: out.side(tag, value) sends a record to a side output, out.emit(value) to the main one.`,
      )
    if (freeze) deepFreeze(value)
  }
}

function inspected(emit: Emit, inspect: (value: unknown) => void): Emit {
  return (value, timestamp) => {
    inspect(value)
    emit(value, timestamp)
  }
}

function fanOutTemplate(targets: readonly Emit[]): Emit {
  const first = targets[0] as Emit
  const second = targets[1] as Emit
  const others = targets.slice(2)
  return (value, timestamp) => {
    first(value, timestamp)
    second(value, timestamp)
    for (let i = 0; i < others.length; i++) (others[i] as Emit)(value, timestamp)
  }
}
