/** From the physical plan to the subtasks of one attempt: who sends to whom, and what each end calls the channel. Pure. */
import type { PhysicalEdge, PhysicalPlan, PhysicalTask } from '../plan/physical.ts'
import type { Plan } from '../plan/nodes.ts'
import type { TaskChannel, TaskOutput, TaskSpec } from '../task/task-spec.ts'

/** The receiving end of (edge, target) as its sender names it. */
export interface Receiver {
  /** Index into `Wiring.subtasks`. */
  readonly subtask: number
  readonly channel: number
}
/** The sending end of a channel. */
export interface Sender {
  readonly subtask: number
  readonly output: number
  readonly target: number
}
export interface WiredSubtask {
  readonly spec: TaskSpec
  readonly isSource: boolean
  /** By edge index, then target. */
  readonly receivers: ReadonlyMap<number, readonly (Receiver | undefined)[]>
  /** By channel. */
  readonly senders: readonly Sender[]
}
export interface Wiring {
  readonly subtasks: readonly WiredSubtask[]
}

interface Draft {
  readonly spec: Omit<TaskSpec, 'channels'> & { channels: TaskChannel[] }
  readonly isSource: boolean
  readonly receivers: Map<number, (Receiver | undefined)[]>
  readonly senders: Sender[]
}

export function wire(plan: Plan, physical: PhysicalPlan, keyGroups: number): Wiring {
  const first: number[] = []
  const drafts: Draft[] = []
  for (const task of physical.tasks) {
    first.push(drafts.length)
    for (let subtask = 0; subtask < task.parallelism; subtask++) drafts.push(draft(plan, physical, task, subtask, keyGroups))
  }
  for (const edge of physical.edges) {
    const from = physical.tasks[edge.from.task] as PhysicalTask
    const to = physical.tasks[edge.to.task] as PhysicalTask
    for (let sender = 0; sender < from.parallelism; sender++) {
      for (let target = 0; target < to.parallelism; target++) {
        if (edge.partitioning === 'forward' && sender !== target) continue
        connect(drafts, edge, (first[edge.from.task] as number) + sender, (first[edge.to.task] as number) + target, target)
      }
    }
  }
  return { subtasks: drafts }
}

function draft(plan: Plan, physical: PhysicalPlan, task: PhysicalTask, subtask: number, keyGroups: number): Draft {
  const outputs = physical.edges
    .filter((edge) => edge.from.task === task.index)
    .map((edge) => taskOutput(edge, (physical.tasks[edge.to.task] as PhysicalTask).parallelism, subtask))
  return {
    spec: { plan, name: task.name, nodes: task.nodes, subtask, subtasks: task.parallelism, keyGroups, outputs, channels: [] },
    isSource: task.head.kind === 'source',
    receivers: new Map(outputs.map(({ output, targets }) => [output, Array.from<Receiver | undefined>({ length: targets })])),
    senders: [],
  }
}

function taskOutput(edge: PhysicalEdge, targets: number, subtask: number): TaskOutput {
  return {
    output: edge.index,
    node: edge.from.node,
    from: edge.from.output,
    partitioning: edge.partitioning,
    targets,
    forwardTarget: subtask,
    ...(edge.key === undefined ? {} : { key: edge.key }),
  }
}

function connect(drafts: readonly Draft[], edge: PhysicalEdge, sender: number, receiver: number, target: number): void {
  const to = drafts[receiver] as Draft
  const channel = to.spec.channels.push({ node: edge.to.node, input: edge.to.input, timed: edge.timed }) - 1
  to.senders.push({ subtask: sender, output: edge.index, target })
  const receivers = (drafts[sender] as Draft).receivers.get(edge.index) as (Receiver | undefined)[]
  receivers[target] = { subtask: receiver, channel }
}
