/**
 * Builds the operators of one task and links them by direct calls: a tree whose root is the source or the inputs, whose leaves
 * are writers and outputs. No arrays between operators (D5).
 */
import { StreamError, assertNever } from '../core/errors.ts'
import { sinkOperator } from '../operators/sink.ts'
import { filterOperator } from '../operators/filter.ts'
import { flatMapOperator } from '../operators/flat-map.ts'
import { keyedProcessOperator } from '../operators/keyed-process.ts'
import { mapOperator } from '../operators/map.ts'
import { processOperator } from '../operators/process.ts'
import { aggregateOperator, reduceOperator } from '../operators/rolling.ts'
import type { Writer, Plain } from '../connect/contract.ts'
import type { Emit, Gate, KeySelector, Operator, OperatorTime, Specialize } from '../operator/contract.ts'
import type { OpenContext } from '../operator/definitions.ts'
import type { OutputName, PlanEdge, PlanNode } from '../plan/nodes.ts'
import { checkValue } from '../serde/check.ts'
import { deepFreeze } from '../serde/freeze.ts'
import { createHeapState } from '../state/heap-state.ts'
import type { KeyedState } from '../state/contract.ts'
import type { Router } from './router.ts'
import { SourceDriver } from './source-driver.ts'
import type { TaskOptions } from './task-spec.ts'

/** One operator of the task with what the task keeps for it. */
export interface ChainOperator {
  readonly node: PlanNode
  readonly time: OperatorTime
  readonly operator: Operator
  readonly keyed: KeyedState | undefined
  readonly writer: Writer<unknown, Plain, Plain> | undefined
}
export interface Chain {
  /** Upstream first. */
  readonly operators: readonly ChainOperator[]
  readonly source: SourceDriver | undefined
  /** What receives the records of input edge `input` of node `node` from other tasks. */
  entry(node: number, input: number): Emit
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
  const entries = new Map<number, readonly Emit[]>()
  const operators: ChainOperator[] = []
  let source: SourceDriver | undefined
  for (const index of [...nodes].reverse()) {
    const node = plan.nodes[index] as PlanNode
    const specialize = options.specializer.specialize(node.address)
    const outputs = outputsOf(index, parts, entries, specialize)
    if (node.kind === 'source') {
      const deadLetters = node.invalidTag === undefined ? undefined : outputs.sides.get(node.invalidTag)
      source = new SourceDriver({
        node,
        specialize,
        next: outputs.main,
        deadLetters,
        gate: parts.gate,
        inspect: inspector(node.address, options.check),
        inspectAll: options.check,
        idled: (splits) => options.host.splitsIdle?.(node.address, splits),
      })
      continue
    }
    const built = buildOperator(index, node, outputs, parts, specialize)
    operators.push(built)
    entries.set(
      index,
      node.inputs.map((edge, input) => guarded(built.operator.inputs[input] as Emit, edge, node.address, options, specialize)),
    )
  }
  return { operators: operators.reverse(), source, entry: (node, input) => (entries.get(node) as readonly Emit[])[input] as Emit }
}

interface Outputs {
  readonly main: Emit
  readonly sides: ReadonlyMap<string, Emit>
}

/** Everything that reads a node: operators of this task by direct call, other tasks through the router. */
function outputsOf(index: number, parts: ChainParts, entries: ReadonlyMap<number, readonly Emit[]>, specialize: Specialize): Outputs {
  const { spec, check } = parts.options
  const receivers = new Map<string, Emit[]>()
  const add = (name: OutputName, emit: Emit): void => {
    const key = outputKey(name)
    receivers.set(key, [...(receivers.get(key) ?? []), emit])
  }
  for (const consumer of spec.nodes) {
    const emits = entries.get(consumer)
    if (emits === undefined) continue
    for (const [input, edge] of (spec.plan.nodes[consumer] as PlanNode).inputs.entries())
      if (edge.from === index) add(edge.output, emits[input] as Emit)
  }
  for (const output of spec.outputs) if (output.node === index) add(output.from, parts.router.emitter(output, specialize))
  const address = (spec.plan.nodes[index] as PlanNode).address
  const joined = (emits: readonly Emit[]): Emit =>
    emits.length === 1 ? (emits[0] as Emit) : specialize(fanOutTemplate, emits, inspector(address, true), check)
  const sides = new Map<string, Emit>()
  for (const [key, emits] of receivers) if (key !== 'main') sides.set(key.slice(1), joined(emits))
  const main = receivers.get('main')
  return { main: main === undefined ? drop : joined(main), sides }
}

function outputKey(name: OutputName): string {
  return name === 'main' ? 'main' : `#${name.tag}`
}

function buildOperator(
  index: number,
  node: Exclude<PlanNode, { kind: 'source' }>,
  outputs: Outputs,
  parts: ChainParts,
  specialize: Specialize,
): ChainOperator {
  const { spec, signal, check } = parts.options
  const time: OperatorTime = { watermark: Number.NEGATIVE_INFINITY, now: 0 }
  const context: OpenContext = { step: node.address, subtask: spec.subtask, subtasks: spec.subtasks, signal }
  const next = outputs.main
  const side = sideOutput(outputs.sides, node.address)
  const selectors = node.inputs.map((edge) => edge.key as KeySelector)
  const keyed =
    'states' in node
      ? createHeapState({ declarations: node.states, maxParallelism: spec.keyGroups, freeze: check ? 'always' : 'sampled' })
      : undefined
  const writer = parts.writers.get(index)
  const operator = ((): Operator => {
    switch (node.kind) {
      case 'map':
        return mapOperator(specialize, next, node.mapper)
      case 'filter':
        return filterOperator(specialize, next, node.predicate)
      case 'flatMap':
        return flatMapOperator(specialize, next, node.mapper, { gate: parts.gate, newBudget: () => parts.options.env.budget('turn') })
      case 'process':
        return processOperator(specialize, next, side, time, node.step, context)
      case 'keyed-process':
        return keyedProcessOperator(
          specialize,
          { next, side, time, keyed: keyed as KeyedState },
          node.step,
          node.states,
          selectors,
          context,
        )
      case 'reduce':
        return reduceOperator(specialize, next, keyed as KeyedState, node.reducer, selectors)
      case 'aggregate':
        return aggregateOperator(specialize, next, keyed as KeyedState, node.aggregates, selectors)
      case 'sink':
        return sinkOperator(specialize, writer as Writer<unknown, Plain, Plain>, parts.gate, () => parts.whenFull(index))
      default:
        return assertNever(node)
    }
  })()
  // Stateless steps with several inputs have one closure for all of them.
  const inputs = operator.inputs.length === node.inputs.length ? operator.inputs : node.inputs.map(() => operator.inputs[0] as Emit)
  return { node, time, operator: { ...operator, inputs }, keyed, writer }
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
  return freeze
    ? (value) => {
        checkValue(value, path)
        deepFreeze(value)
      }
    : (value) => {
        checkValue(value, path)
      }
}

/** A keyed edge inspects and freezes a sample of what passes. */
function guarded(emit: Emit, edge: PlanEdge, address: string, options: TaskOptions, specialize: Specialize): Emit {
  return edge.key === undefined ? emit : specialize(guardTemplate, emit, inspector(address, true), options.check)
}

function guardTemplate(next: Emit, inspect: (value: unknown) => void, inspectAll: boolean): Emit {
  let seen = 0
  return (value, timestamp) => {
    if (inspectAll || seen < 100 || (seen & 1023) === 0) inspect(value)
    seen = (seen + 1) | 0
    next(value, timestamp)
  }
}

function fanOutTemplate(targets: readonly Emit[], inspect: (value: unknown) => void, inspectAll: boolean): Emit {
  const first = targets[0] as Emit
  const second = targets[1] as Emit
  const others = targets.slice(2)
  let seen = 0
  return (value, timestamp) => {
    if (inspectAll || seen < 100 || (seen & 1023) === 0) inspect(value)
    seen = (seen + 1) | 0
    first(value, timestamp)
    second(value, timestamp)
    for (let i = 0; i < others.length; i++) (others[i] as Emit)(value, timestamp)
  }
}
