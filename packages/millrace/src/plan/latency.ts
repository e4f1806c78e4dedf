/** What lies between a record that a source reads and what a sink shows of it, in time (D11). */
import { durationWritten } from '../core/duration.ts'
import { outputText } from './check-plan.ts'
import type { Plan, PlanNode, SinkNode, SourceNode, WindowNode } from './nodes.ts'
import { FLUSH_AFTER_MS, type PhysicalPlan } from './physical.ts'
import { isTimedSource, sourcesOf, timedNodes } from './timed.ts'
import { windowsText } from './window-layout.ts'

/**
 * `exchange`: travels to another task. `window`: waits until its window has ended. `event-time`: waits until the watermark has passed a time. `out-of-orderness`, `idleness`:
 * what holds that watermark back. `untimed`: an input that it does not wait for. `checkpoint`: waits for the next one, or for one to come.
 */
export type LatencyKind = 'exchange' | 'window' | 'event-time' | 'out-of-orderness' | 'idleness' | 'untimed' | 'checkpoint'
export interface ExplainedLatency {
  readonly kind: LatencyKind
  /** Address of the step, source or sink that adds it. */
  readonly at: string
  /** At most so much; absent where it depends on the records or on how often the run takes checkpoints. */
  readonly ms?: number
  readonly because: string
}

/** For the nodes of one path, in order of the program. Nothing: a record is handed on at once. */
export function latencyOf(plan: Plan, physical: PhysicalPlan, isBetween: (node: number) => boolean): readonly ExplainedLatency[] {
  const timed = timedNodes(plan.nodes)
  const found: ExplainedLatency[] = []
  for (const [index, node] of plan.nodes.entries()) {
    if (!isBetween(index)) continue
    if (physical.edges.some(({ from, to }) => to.node === index && isBetween(from.node))) found.push(exchange(node))
    if (!isReadForLate(plan, index, isBetween))
      found.push(...(node.kind === 'window' ? [window(node)] : []), ...eventTime(plan, node, timed))
    if (node.kind === 'sink' && node.sink.committer !== undefined) found.push(checkpoint(node))
  }
  // Two steps that wait for one source are held back by it once.
  const seen = new Set<string>()
  return found.filter(({ kind, at }) => !seen.has(`${kind} ${at}`) && seen.add(`${kind} ${at}`))
}

/** Late records do not wait: true where the path takes nothing else from a window step. */
function isReadForLate(plan: Plan, index: number, isBetween: (node: number) => boolean): boolean {
  const node = plan.nodes[index] as PlanNode
  if (node.kind !== 'window' || node.lateTag === undefined) return false
  const outputs = plan.nodes.flatMap(({ inputs }, reader) =>
    isBetween(reader) ? inputs.filter(({ from }) => from === index).map(({ output }) => output) : [],
  )
  return outputs.every((output) => output !== 'main' && output.tag === node.lateTag)
}

/** What of a step waits for event time; undefined for one that passes on each record when it comes. */
function waiterOf(node: PlanNode): string | undefined {
  if (node.kind === 'window') return node.windows.kind !== 'count' && node.windows.domain === 'event' ? 'windows' : undefined
  const timers = 'states' in node ? Object.values(node.states).some(({ domain }) => domain === 'event') : false
  return timers ? 'event timers' : undefined
}

function window({ address, windows, latenessMs }: WindowNode): ExplainedLatency {
  const text = windowsText(windows)
  const again = latenessMs === 0 ? '' : `; a late record of the ${durationWritten(latenessMs)} after that gives its result again`
  switch (windows.kind) {
    case 'time':
      return {
        kind: 'window',
        at: address,
        ms: windows.sizeMs,
        because: `${address} (${text}) gives a result when a window has ended${again}`,
      }
    case 'session':
      return {
        kind: 'window',
        at: address,
        because: `${address} (${text}) gives a result when a session has ended, which lasts as long as its records come${again}`,
      }
    case 'count':
      return {
        kind: 'window',
        at: address,
        because: `${address} (${text}) gives a result when the key has so many; those of a window that is not full wait for good`,
      }
  }
}

function exchange({ address }: PlanNode): ExplainedLatency {
  const because = `records travel to ${address} in batches, which are handed on after ${durationWritten(FLUSH_AFTER_MS)} at the latest while there is room`
  return { kind: 'exchange', at: address, ms: FLUSH_AFTER_MS, because }
}

function checkpoint({ address, sink }: SinkNode): ExplainedLatency {
  return {
    kind: 'checkpoint',
    at: address,
    because: `${address} shows a record ${sink.shows ?? 'with the next checkpoint: as late as checkpoints are apart'}`,
  }
}

function eventTime(plan: Plan, node: PlanNode, timed: readonly boolean[]): readonly ExplainedLatency[] {
  const waiter = waiterOf(node)
  if (waiter === undefined) return []
  const names = sourcesOf(plan.nodes, node)
  const sources = plan.nodes.filter((each): each is SourceNode => each.kind === 'source' && names.includes(each.address))
  const waitedFor = sources.filter(isTimedSource)
  return [
    {
      kind: 'event-time',
      at: node.address,
      because: `the ${waiter} of ${node.address} fire once records of a later time have come from ${listText(waitedFor.map(({ address }) => address))}`,
    },
    ...waitedFor.flatMap(heldBack),
    ...untimed(plan, node, timed),
  ]
}

function heldBack({ address, outOfOrdernessMs, idlenessMs }: SourceNode): readonly ExplainedLatency[] {
  const late: ExplainedLatency = {
    kind: 'out-of-orderness',
    at: address,
    ms: outOfOrdernessMs,
    because: `${address} may be ${durationWritten(outOfOrdernessMs)} out of order, and is waited for as long`,
  }
  const silent: ExplainedLatency = {
    kind: 'idleness',
    at: address,
    ...(idlenessMs === undefined ? {} : { ms: idlenessMs }),
    because:
      idlenessMs === undefined
        ? `a split of ${address} that gives nothing is waited for until it does or ends, as no idleness is declared`
        : `a split of ${address} that gives nothing is waited for ${durationWritten(idlenessMs)}`,
  }
  return outOfOrdernessMs === 0 ? [silent] : [late, silent]
}

function untimed(plan: Plan, node: PlanNode, timed: readonly boolean[]): readonly ExplainedLatency[] {
  const inputs = node.inputs.filter((edge) => !timed[edge.from])
  if (inputs.length === 0 || inputs.length === node.inputs.length) return []
  const names = inputs.map((edge) => outputText((plan.nodes[edge.from] as PlanNode).address, edge.output))
  return [
    {
      kind: 'untimed',
      at: node.address,
      ms: 0,
      because: `${node.address} does not wait for the time of ${listText(names)}, which ${names.length === 1 ? 'has' : 'have'} no event time`,
    },
  ]
}

/** `a`, `a and b`, `a, b and c`. */
function listText(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
