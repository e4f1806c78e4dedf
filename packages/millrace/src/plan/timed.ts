/**
 * Which nodes have event time. An input on which no source can give event time takes no part in the minimum of watermarks
 * (rules 1.13): decided here, from the plan alone, and shown by `explain()`.
 */
import type { Plan, PlanNode, SourceNode } from './nodes.ts'

/** True when the source's records get event time: from its `timestamp` option or from the source itself. */
export function isTimedSource(node: SourceNode): boolean {
  return node.timestamp !== undefined || node.source.timestamps
}

/** For each node whether any source behind it gives event time. */
export function timedNodes(nodes: readonly PlanNode[]): readonly boolean[] {
  const timed: boolean[] = []
  for (const node of nodes) timed.push(node.kind === 'source' ? isTimedSource(node) : node.inputs.some((edge) => timed[edge.from]))
  return timed
}

/** For each input edge of a node, in order, whether any source behind it gives event time. */
export function timedInputs(plan: Plan, node: number): readonly boolean[] {
  const timed = timedNodes(plan.nodes)
  return (plan.nodes[node]?.inputs ?? []).map((edge) => timed[edge.from] === true)
}

/** Addresses of the sources behind a node, in order of the program. */
export function sourcesOf(nodes: readonly PlanNode[], node: PlanNode): readonly string[] {
  const found = new Set<PlanNode>()
  const visit = (at: PlanNode): void => {
    if (found.has(at)) return
    found.add(at)
    for (const edge of at.inputs) visit(nodes[edge.from] as PlanNode)
  }
  visit(node)
  return nodes.filter((each) => each.kind === 'source' && found.has(each)).map((each) => each.address)
}
