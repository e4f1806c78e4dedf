/**
 * What a job is and what it may promise, as data. A path is called exactly-once only if every edge of it can hold that (D11);
 * every guarantee supposes that the run has checkpoints, and says so.
 */
import { outputText } from './check-plan.ts'
import type { Plan, PlanNode, SinkNode, SourceNode } from './nodes.ts'
import { latencyOf, type ExplainedLatency } from './latency.ts'
import { parallelismsOf, type Partitioning, type PhysicalPlan } from './physical.ts'
import { layoutText } from './window-layout.ts'

export type Guarantee = 'exactly-once' | 'effectively-once' | 'at-least-once' | 'at-most-once' | 'none'
export interface ExplainedStep {
  readonly address: string
  readonly kind: string
  readonly inputs: readonly string[]
  readonly parallelism: number
  readonly state: readonly string[]
}
export interface ExplainedTask {
  readonly name: string
  /** Addresses of the steps that run in it, joined by direct calls. */
  readonly steps: readonly string[]
  readonly parallelism: number
}
export interface ExplainedEdge {
  /** Addresses of the steps at its ends, with the tag of a side output. */
  readonly from: string
  readonly to: string
  readonly partitioning: Partitioning
  /** False: it has no event time, and what it leads to does not wait for it (rules 1.13). */
  readonly timed: boolean
}
export interface ExplainedPath {
  readonly from: string
  readonly to: string
  readonly guarantee: Guarantee
  readonly limitedBy: readonly string[]
  readonly because: readonly string[]
  readonly latency: readonly ExplainedLatency[]
}

/** The tasks of a run, and the edges on which records travel between them. */
export function explainTasks(
  plan: Plan,
  physical: PhysicalPlan,
): { readonly tasks: readonly ExplainedTask[]; readonly edges: readonly ExplainedEdge[] } {
  const addressOf = (node: number): string => (plan.nodes[node] as PlanNode).address
  return {
    tasks: physical.tasks.map(({ name, nodes, parallelism }) => ({ name, steps: nodes.map(addressOf), parallelism })),
    edges: physical.edges.map(({ from, to, partitioning, timed }) => ({
      from: outputText(addressOf(from.node), from.output),
      to: addressOf(to.node),
      partitioning,
      timed,
    })),
  }
}

/** Every node, in order of the program. */
export function explainSteps(plan: Plan, parallelism: number): readonly ExplainedStep[] {
  const parallelisms = parallelismsOf(plan, parallelism)
  return plan.nodes.map((node, index) => ({
    address: node.address,
    kind: kindText(node),
    inputs: node.inputs.map(
      (edge) => `${outputText((plan.nodes[edge.from] as PlanNode).address, edge.output)}${edge.key === undefined ? '' : ' by key'}`,
    ),
    parallelism: parallelisms[index] as number,
    state: 'states' in node ? Object.keys(node.states) : [],
  }))
}

/** One row for each source and sink that it reaches, in order of the program. */
export function explainPaths(plan: Plan, physical: PhysicalPlan): readonly ExplainedPath[] {
  const paths: ExplainedPath[] = []
  for (const [from, source] of plan.nodes.entries()) {
    if (source.kind !== 'source') continue
    const reached = reachedFrom(plan, from)
    for (const [to, sink] of plan.nodes.entries()) {
      if (sink.kind !== 'sink' || !reached.has(to)) continue
      const behind = leadingTo(plan, to)
      const isBetween = (node: number): boolean => reached.has(node) && behind.has(node)
      const between = plan.nodes.filter((_, index) => isBetween(index))
      const because = [sourceReason(source), sinkReason(sink), ...outsideReasons(between), checkpointReason(source, sink)]
      const latency = latencyOf(plan, physical, isBetween)
      const guarantee = guaranteeOf(source, sink)
      paths.push({ from: source.address, to: sink.address, guarantee, limitedBy: limitsOf(source, sink), because, latency })
    }
  }
  return paths
}

/**
 * With checkpoints, after any number of failures. From a source that cannot be read again: what was read after the newest
 * checkpoint is lost; a sink that also writes before a checkpoint may then write again what timers and state make anew, so
 * that nothing is left to promise.
 */
export function guaranteeOf(source: SourceNode, sink: SinkNode): Guarantee {
  const { delivery } = sink.sink
  if (!source.source.replayable) return delivery === 'at-least-once' ? 'none' : 'at-most-once'
  if (delivery === 'exactly-once') return 'exactly-once'
  return delivery === 'idempotent' ? 'effectively-once' : 'at-least-once'
}

/** A source that cannot be read again outweighs a sink that at most doubles. */
function limitsOf(source: SourceNode, sink: SinkNode): readonly string[] {
  const { delivery } = sink.sink
  if (source.source.replayable) return delivery === 'exactly-once' ? [] : [sink.address]
  return delivery === 'at-least-once' ? [source.address, sink.address] : [source.address]
}

function kindText(node: PlanNode): string {
  if (node.kind === 'source') return `${node.source.kind} source`
  if (node.kind === 'sink') return `${node.sink.kind} sink`
  if (node.kind === 'window') return layoutText(node.windows, node.operator)
  return node.kind === 'keyed-process' ? 'keyed process' : node.kind
}

function sourceReason(source: SourceNode): string {
  const what = `${source.address} (${source.source.kind})`
  return source.source.replayable
    ? `${what} can be read again from the positions in a checkpoint`
    : `${what} cannot be read again: what it gave after the newest checkpoint is lost in a failure`
}

function sinkReason(sink: SinkNode): string {
  const what = `${sink.address} (${sink.sink.kind})`
  const because = sink.sink.because === undefined ? '' : `: ${sink.sink.because}`
  switch (sink.sink.delivery) {
    case 'exactly-once':
      return `${what} shows a record once the checkpoint that holds it is complete, and withdraws what no checkpoint holds${because}`
    case 'idempotent':
      return `${what} may write a record again after a failure, which changes nothing${because}`
    case 'at-least-once':
      if (sink.sink.committer !== undefined)
        return `${what} shows a record once the checkpoint that holds it is complete, and after a failure perhaps again${because}`
      return `${what} writes without waiting for a checkpoint, so after a failure it writes again what came after the newest one${because}`
  }
}

function outsideReasons(between: readonly PlanNode[]): readonly string[] {
  return between
    .filter((node) => (node.kind === 'process' || node.kind === 'keyed-process') && node.step.open !== undefined)
    .map((node) => `${node.address} opens a resource: what it does outside the job happens again after a failure`)
}

function checkpointReason(source: SourceNode, sink: SinkNode): string {
  if (sink.sink.delivery === 'exactly-once')
    return 'only with checkpoints: a run without them starts from nothing after a failure and writes again'
  return source.source.replayable
    ? 'only with checkpoints: a run without them starts from nothing after a failure'
    : 'only with checkpoints: a run without them also loses its state in a failure'
}

function reachedFrom(plan: Plan, source: number): ReadonlySet<number> {
  const reached = new Set([source])
  for (const [index, node] of plan.nodes.entries()) if (node.inputs.some((edge) => reached.has(edge.from))) reached.add(index)
  return reached
}

function leadingTo(plan: Plan, sink: number): ReadonlySet<number> {
  const behind = new Set([sink])
  for (let index = sink; index >= 0; index--) {
    if (behind.has(index)) for (const edge of (plan.nodes[index] as PlanNode).inputs) behind.add(edge.from)
  }
  return behind
}
