/**
 * The plan of a job as the kit runs it: sources and sinks are replaced by id, everything between them is as it was built, and what the
 * factory returned can be looked at.
 *
 * Behind each source with event time stands a filter that drops markers. A marker is a record whose time takes the watermark on; no
 * step of the job sees it. Neither the filter nor what looks at a stream has a place in checkpoints.
 */
import type { Handle } from '../api/job.ts'
import type { SinkDefinition, Plain } from '../connect/contract.ts'
import type { FilterNode, Plan, PlanEdge, PlanNode, SinkNode, SourceNode } from '../plan/nodes.ts'
import { isTimedSource } from '../plan/timed.ts'
import { MARKER } from './test-input.ts'

/** What stands in for the world around a job. */
export interface Replacements {
  /** Sources with event time can be given markers. */
  readonly hasMarkers: boolean
  source(node: SourceNode): SourceNode['source']
  sink(node: SinkNode): SinkNode['sink']
  /** Of a stream that the factory returned under this name. */
  tap(name: string): SinkDefinition<unknown, Plain, Plain>
}

const TAP = 'sink/~'

export function rewritten(
  { nodes, job }: Plan,
  handles: Readonly<Record<string, Pick<Handle, 'outputs'>>>,
  replacements: Replacements,
): Plan {
  const built: PlanNode[] = []
  /** Where a node of the plan is now, and what its readers read. */
  const places: { readonly own: number; readonly main: number }[] = []
  const moved = ({ from, output, key }: PlanEdge): PlanEdge => {
    const place = places[from] as (typeof places)[number]
    return { from: output === 'main' ? place.main : place.own, output, ...(key === undefined ? {} : { key }) }
  }
  const add = (node: PlanNode): number => built.push(Object.freeze(node)) - 1
  for (const node of nodes) {
    const own = add({ ...replaced(node, replacements), inputs: node.inputs.map(moved) })
    const main = replacements.hasMarkers && node.kind === 'source' && isTimedSource(node) ? add(markerFilter(node, own)) : own
    places.push({ own, main })
  }
  for (const [name, { outputs }] of Object.entries(handles)) {
    const inputs = outputs.map(moved)
    const parallelism = nodes[outputs[0]?.from as number]?.parallelism
    add({
      kind: 'sink',
      address: `${TAP}${name}`,
      sink: replacements.tap(name),
      inputs,
      tags: [],
      ...(parallelism === undefined ? {} : { parallelism }),
    })
  }
  return Object.freeze({ job, nodes: Object.freeze(built) })
}

/** What a restore says of the kit's own sinks is of no interest to anybody. */
export function isTap(place: string): boolean {
  return place.startsWith(TAP)
}

function replaced(node: PlanNode, replacements: Replacements): PlanNode {
  switch (node.kind) {
    case 'source':
      return replacements.hasMarkers
        ? withMarkers({ ...node, source: replacements.source(node) })
        : { ...node, source: replacements.source(node) }
    case 'sink':
      return { ...node, sink: replacements.sink(node) }
    default:
      return node
  }
}

/** A marker passes the functions of `from` as it is. */
function withMarkers(node: SourceNode): SourceNode {
  const { validate, timestamp } = node
  return {
    ...node,
    validate: validate === undefined ? undefined : (value) => (value === MARKER ? value : validate(value)),
    timestamp: timestamp === undefined ? undefined : (value, own) => (value === MARKER ? (own as number) : timestamp(value, own)),
  }
}

function markerFilter({ address, parallelism }: SourceNode, from: number): FilterNode {
  return {
    kind: 'filter',
    address: `filter#${address}`,
    predicate: (value) => value !== MARKER,
    inputs: [{ from, output: 'main' }],
    tags: [],
    ...(parallelism === undefined ? {} : { parallelism }),
  }
}
