/**
 * Which steps run together as one task, and how records travel between tasks.
 *
 * P1  Every node is in exactly one task. A task has one head, which is a source or reads from other tasks; every other node of
 *     it has exactly one input, from a node of the same task. So a task is a tree.
 * P2  A node joins the task of its only input when the edge is without a key and both have equal parallelism, or when it has a
 *     key and both run in one subtask (and `chainKeyed`).
 * P3  The input edges of a task are the inputs of its head, numbered in their order from 0.
 */
import type { OutputName, Plan, PlanEdge, PlanNode } from './nodes.ts'
import { timedNodes } from './timed.ts'

export interface PhysicalPlan {
  readonly tasks: readonly PhysicalTask[]
  /** By task read into, then by input. */
  readonly edges: readonly PhysicalEdge[]
}

export interface PhysicalTask {
  readonly index: number
  /** Unique, for messages and metrics: the addresses of its nodes, those in the middle left out when there are many. */
  readonly name: string
  /** Indices into the plan's nodes, ascending, which is a topological order; the first is the head. */
  readonly nodes: readonly number[]
  readonly parallelism: number
  readonly head: TaskHead
}
/** `inputs`: how many input edges there are. */
export type TaskHead =
  | { readonly kind: 'source'; readonly node: number }
  | { readonly kind: 'inputs'; readonly node: number; readonly inputs: number }

/**
 * `forward`: subtask i to subtask i. `hash`: to the subtask that owns the key's group. `rebalance`: round robin, between steps of
 * different parallelism; keeps no order per key.
 */
export type Partitioning = 'forward' | 'hash' | 'rebalance'

export interface PhysicalEdge {
  readonly index: number
  readonly from: { readonly task: number; readonly node: number; readonly output: OutputName }
  /** `node` is the head of `task`; `input` counts its inputs from 0. */
  readonly to: { readonly task: number; readonly input: number; readonly node: number }
  readonly partitioning: Partitioning
  /** With `hash`. */
  readonly key?: (value: unknown) => unknown
  /** False: no source behind it gives event time, so its watermark takes no part in the minimum (rules 1.13). */
  readonly timed: boolean
}

export interface PhysicalOptions {
  /** Of steps that do not say. */
  readonly parallelism: number
  /** Whether a keyed step of one subtask may join the task before it. */
  readonly chainKeyed: boolean
}

/** Records travel between tasks in batches, which leave when they are full, when the task has nothing else to do, or after this time. */
export const FLUSH_AFTER_MS = 10

/** The tasks of a plan and the edges between them. A pure function: every thread and every restart gets the same. */
export function physicalPlan(plan: Plan, options: PhysicalOptions): PhysicalPlan {
  const parallelisms = parallelismsOf(plan, options.parallelism)
  const taskOf: number[] = []
  const groups: number[][] = []
  for (const [index, node] of plan.nodes.entries()) {
    const edge = isChained(node, parallelisms[index] as number, parallelisms, options.chainKeyed) ? node.inputs[0] : undefined
    const task = edge === undefined ? groups.push([]) - 1 : (taskOf[edge.from] as number)
    taskOf.push(task)
    groups[task]?.push(index)
  }
  const tasks = groups.map((nodes, index): PhysicalTask => {
    const node = nodes[0] as number
    const head = plan.nodes[node] as PlanNode
    const parallelism = parallelisms[node] as number
    return {
      index,
      name: taskName(plan, nodes),
      nodes,
      parallelism,
      head: head.kind === 'source' ? { kind: 'source', node } : { kind: 'inputs', node, inputs: head.inputs.length },
    }
  })
  return { tasks, edges: edgesBetween(plan, tasks, taskOf, parallelisms) }
}

/** Edges into a task, in order of its inputs. */
export function inputEdges(physical: PhysicalPlan, task: number): readonly PhysicalEdge[] {
  return physical.edges.filter((edge) => edge.to.task === task)
}

/** Edges out of a task. */
export function outputEdges(physical: PhysicalPlan, task: number): readonly PhysicalEdge[] {
  return physical.edges.filter((edge) => edge.from.task === task)
}

/**
 * For each node how many subtasks it has: as asked for, else the run's default. A sink cannot ask, so it has as many as what it
 * reads from, if that is one number: `stream.parallelism(1).to(…)` writes from one subtask and keeps the order.
 */
export function parallelismsOf(plan: Plan, byDefault: number): readonly number[] {
  const found: number[] = []
  for (const node of plan.nodes) {
    const before = new Set(node.inputs.map((edge) => found[edge.from]))
    const inherited = node.kind === 'sink' && before.size === 1 ? [...before][0] : undefined
    found.push(node.parallelism ?? inherited ?? byDefault)
  }
  return found
}

function isChained(node: PlanNode, parallelism: number, parallelisms: readonly number[], chainKeyed: boolean): boolean {
  const [edge, another] = node.inputs
  if (edge === undefined || another !== undefined) return false
  if (edge.key === undefined) return parallelisms[edge.from] === parallelism
  return chainKeyed && parallelism === 1 && parallelisms[edge.from] === 1
}

function edgesBetween(
  plan: Plan,
  tasks: readonly PhysicalTask[],
  taskOf: readonly number[],
  parallelisms: readonly number[],
): readonly PhysicalEdge[] {
  const timed = timedNodes(plan.nodes)
  const edges: PhysicalEdge[] = []
  for (const task of tasks) {
    const node = task.head.node
    for (const [input, edge] of (plan.nodes[node] as PlanNode).inputs.entries()) {
      edges.push({
        index: edges.length,
        from: { task: taskOf[edge.from] as number, node: edge.from, output: edge.output },
        to: { task: task.index, input, node },
        partitioning: partitioningOf(edge, parallelisms[edge.from] === task.parallelism),
        ...(edge.key === undefined ? {} : { key: edge.key }),
        timed: timed[edge.from] === true,
      })
    }
  }
  return edges
}

function partitioningOf(edge: PlanEdge, isEqual: boolean): Partitioning {
  if (edge.key !== undefined) return 'hash'
  return isEqual ? 'forward' : 'rebalance'
}

const NAMED_NODES = 4

function taskName(plan: Plan, nodes: readonly number[]): string {
  const names = nodes.map((node) => (plan.nodes[node] as PlanNode).address)
  if (names.length <= NAMED_NODES) return names.join(' → ')
  return `${names[0]} → … → ${names.at(-1)} (${names.length} steps)`
}
