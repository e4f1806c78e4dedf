/**
 * Streams as the factory sees them. A stream is a list of outputs of nodes; a keyed one has a selector too. Adding a step is one
 * primitive, `add`: a node whose inputs are the stream's outputs.
 */
import { sinkDefinitionOf } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { REDUCED } from '../operators/rolling.ts'
import { canSend, checkParallelismHint, unknownTag } from '../plan/check-plan.ts'
import { addressOf, shown } from '../plan/ids.ts'
import type { AggregateNode, PlanEdge, PlanNode } from '../plan/nodes.ts'
import { checkAggregates } from './aggregates.ts'
import { checkFunction, checkPerRecord } from './checks.ts'
import { addressesOf, type Graph, type NewNode } from './graph.ts'
import { aggregateStates, keyedStep, plainStep } from './steps.ts'
import type { Stream } from './stream-types.ts'
import { tagId } from './tag.ts'
import { BuiltWindows } from './windowed.ts'
import { windowSpecOf } from './windows.ts'

type Selector = (value: unknown) => unknown

/** A stream as plan edges, without a key; undefined for anything else. */
export function outputsOf(stream: unknown): { readonly graph: Graph; readonly outputs: readonly PlanEdge[] } | undefined {
  if (!(stream instanceof BuiltStream)) return undefined
  return { graph: stream.graph, outputs: stream.outputs.map(({ from, output }) => ({ from, output })) }
}

/** The main output of a node as a stream. */
export function streamOf<T>(graph: Graph, node: number): Stream<T> {
  return asStream<T>(new BuiltStream(graph, [{ from: node, output: 'main' }]))
}

// The classes know nothing of the records' types; what they promise is written down in stream-types.ts.
function asStream<T>(stream: BuiltStream): Stream<T> {
  return stream as unknown as Stream<T>
}

class BuiltStream {
  readonly graph: Graph
  /** What its records come from; with a key only where a keyed stream went into a union. */
  readonly outputs: readonly PlanEdge[]

  /** What a step that is added reads. */
  get edges(): readonly PlanEdge[] {
    return this.outputs
  }

  constructor(graph: Graph, outputs: readonly PlanEdge[]) {
    this.graph = graph
    this.outputs = outputs
  }

  map(mapper: Selector): Stream<unknown> {
    checkPerRecord(mapper, { what: `The mapper of ${this.named('map()')}` })
    return this.add({ kind: 'map', mapper, inputs: this.edges, tags: [] })
  }

  filter(predicate: Selector): Stream<unknown> {
    checkPerRecord(predicate, { what: `The predicate of ${this.named('filter()')}` })
    return this.add({ kind: 'filter', predicate, inputs: this.edges, tags: [] })
  }

  flatMap(mapper: (value: unknown) => Iterable<unknown>): Stream<unknown> {
    checkPerRecord(mapper, { what: `The mapper of ${this.named('flatMap()')}`, returns: 'iterable' })
    return this.add({ kind: 'flatMap', mapper, inputs: this.edges, tags: [] })
  }

  keyBy(selector: Selector): Stream<unknown> {
    checkPerRecord(selector, { what: `The selector of ${this.named('keyBy()')}` })
    return asStream(new BuiltKeyedStream(this.graph, this.outputs, { selector, parallelism: undefined }))
  }

  union(...others: readonly unknown[]): Stream<unknown> {
    const outputs = [...this.edges]
    for (const other of others) {
      if (!(other instanceof BuiltStream))
        throw new StreamError('INVALID_JOB', `${this.named('union()')} was given ${shown(other)}, which is no stream.`)
      if (other.graph !== this.graph)
        throw new StreamError('INVALID_JOB', `${this.named('union()')} was given a stream of another job ('${other.graph.job}').`)
      outputs.push(...other.edges)
    }
    return asStream(new BuiltStream(this.graph, outputs))
  }

  process(id: string, process: unknown): Stream<unknown> {
    const address = addressOf('step', id)
    return this.add({ kind: 'process', address, step: plainStep(address, process), inputs: this.edges, tags: 'any' })
  }

  side(tag: unknown): Stream<unknown> {
    const id = tagId(`What ${this.named('side()')} reads`, tag)
    const nodes = [...new Set(this.outputs.map((output) => output.from))].filter((from) => canSend(this.graph.nodes[from] as PlanNode, id))
    if (nodes.length > 0)
      return asStream(
        new BuiltStream(
          this.graph,
          nodes.map((from) => ({ from, output: { tag: id } })),
        ),
      )
    throw unknownTag(
      this.outputs.map((output) => this.graph.nodes[output.from] as PlanNode),
      id,
    )
  }

  apply<O>(step: (stream: this) => O): O {
    checkFunction(step, `What ${this.named('apply()')} calls`)
    return step(this)
  }

  parallelism(subtasks: number): unknown {
    const [node, another] = new Set(this.outputs.map((output) => output.from))
    if (node === undefined || another !== undefined) {
      throw new StreamError(
        'INVALID_JOB',
        `${this.named('parallelism()')}: a union has no step of its own. Set the parallelism of the steps before or after it.`,
      )
    }
    this.graph.setParallelism(node, subtasks)
    return this
  }

  to(id: string, sink: unknown): void {
    const address = addressOf('sink', id)
    const definition = sinkDefinitionOf(sink)
    if (definition === undefined)
      throw new StreamError(
        'INVALID_JOB',
        `${address} was given ${shown(sink)}, which is no sink: sinks are made by functions such as printSink().`,
      )
    this.add({ kind: 'sink', address, sink: definition, inputs: this.edges, tags: [] })
  }

  protected add(node: NewNode): Stream<unknown> {
    return streamOf(this.graph, this.graph.add(node))
  }

  /** How messages call a step without an id: by what it reads. */
  protected named(step: string): string {
    this.graph.checkOpen(step)
    return `${step} on ${addressesOf(this.graph.nodes, this.outputs).join(', ')}`
  }
}

class BuiltKeyedStream extends BuiltStream {
  readonly #key: { readonly selector: Selector; readonly parallelism: number | undefined }

  constructor(graph: Graph, outputs: readonly PlanEdge[], key: { readonly selector: Selector; readonly parallelism: number | undefined }) {
    super(graph, outputs)
    this.#key = key
  }

  /** PT-1: with the key for every step, also for those that keep nothing: the records of a key go to one subtask, in their order. */
  override get edges(): readonly PlanEdge[] {
    return this.outputs.map((output) => ({ ...output, key: this.#key.selector }))
  }

  protected override add(node: NewNode): Stream<unknown> {
    const { parallelism } = this.#key
    return super.add(parallelism === undefined ? node : { ...node, parallelism })
  }

  override process(id: string, process: unknown): Stream<unknown> {
    const address = addressOf('step', id)
    return this.add({ kind: 'keyed-process', address, ...keyedStep(address, process), inputs: this.edges, tags: 'any' })
  }

  reduce(id: string, reducer: (accumulated: unknown, value: unknown) => unknown): Stream<unknown> {
    const address = addressOf('step', id)
    checkPerRecord(reducer, { what: `The reducer of ${address}` })
    return this.add({
      kind: 'reduce',
      address,
      reducer,
      states: { [REDUCED]: { kind: 'accumulator', version: 1 } },
      inputs: this.edges,
      tags: [],
    })
  }

  aggregate(id: string, aggregates: AggregateNode['aggregates']): Stream<unknown> {
    const address = addressOf('step', id)
    checkAggregates(address, aggregates)
    return this.add({
      kind: 'aggregate',
      address,
      aggregates: { ...aggregates },
      states: aggregateStates(aggregates),
      inputs: this.edges,
      tags: [],
    })
  }

  window(assigner: unknown): BuiltWindows {
    const windows = windowSpecOf(this.named('window()'), assigner)
    return new BuiltWindows({ windows, edges: this.edges, add: (node) => this.add(node), named: (step) => this.named(step) })
  }

  override parallelism(subtasks: number): unknown {
    this.graph.checkOpen('parallelism()')
    checkParallelismHint(`the steps after ${addressesOf(this.graph.nodes, this.outputs).join(', ')}`, subtasks)
    return new BuiltKeyedStream(this.graph, this.outputs, { ...this.#key, parallelism: subtasks })
  }
}
