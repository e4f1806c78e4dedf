/**
 * What a job is and what it may promise, as data. A path is called exactly-once only if every edge of it can hold that (D11);
 * every guarantee supposes that the run has checkpoints, and says so.
 */
import { outputText } from './check-plan.ts'
import type { Plan, PlanNode, SinkNode, SourceNode } from './nodes.ts'
import { parallelismsOf } from './physical.ts'
import { timedNodes } from './timed.ts'

export type Guarantee = 'exactly-once' | 'effectively-once' | 'at-least-once' | 'at-most-once' | 'none'
export interface ExplainedStep {
  readonly address: string
  readonly kind: string
  readonly inputs: readonly string[]
  readonly parallelism: number
  readonly state: readonly string[]
}
export interface ExplainedPath {
  readonly from: string
  readonly to: string
  readonly guarantee: Guarantee
  readonly because: readonly string[]
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
export function explainPaths(plan: Plan): readonly ExplainedPath[] {
  const paths: ExplainedPath[] = []
  for (const [from, source] of plan.nodes.entries()) {
    if (source.kind !== 'source') continue
    const reached = reachedFrom(plan, from)
    for (const [to, sink] of plan.nodes.entries()) {
      if (sink.kind !== 'sink' || !reached.has(to)) continue
      const behind = leadingTo(plan, to)
      const between = plan.nodes.filter((_, index) => reached.has(index) && behind.has(index))
      const because = [
        sourceReason(source),
        sinkReason(sink),
        ...outsideReasons(between),
        ...timeReasons(plan, between),
        checkpointReason(source, sink),
      ]
      paths.push({ from: source.address, to: sink.address, guarantee: guaranteeOf(source, sink), because })
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

function kindText(node: PlanNode): string {
  if (node.kind === 'source') return `${node.source.kind} source`
  if (node.kind === 'sink') return `${node.sink.kind} sink`
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
      return `${what} shows a record once the checkpoint that holds it is complete, so as late as checkpoints are apart${because}`
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

function timeReasons(plan: Plan, between: readonly PlanNode[]): readonly string[] {
  const timed = timedNodes(plan.nodes)
  const reasons: string[] = []
  for (const node of between) {
    const untimed = node.inputs.filter((edge) => !timed[edge.from])
    if (untimed.length === 0 || untimed.length === node.inputs.length) continue
    const names = untimed.map((edge) => outputText((plan.nodes[edge.from] as PlanNode).address, edge.output)).join(', ')
    reasons.push(`${node.address} does not wait for the time of ${names}, which has no event time`)
  }
  return reasons
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
