/** How far each operator of a task has come, and what its outputs may say of that. */
import type { OperatorTime } from '../operator/contract.ts'
import type { PlanNode } from '../plan/nodes.ts'
import type { ChainOperator } from './chain.ts'
import type { TaskSpec } from './task-spec.ts'

export class OperatorTimes {
  readonly #plan: TaskSpec['plan']
  readonly #byNode = new Map<number, OperatorTime>()

  constructor({ plan, nodes }: TaskSpec, operators: readonly ChainOperator[]) {
    this.#plan = plan
    const times = new Map(operators.map(({ node, time }) => [node.address, time]))
    for (const index of nodes) {
      const time = times.get((plan.nodes[index] as PlanNode).address)
      if (time !== undefined) this.#byNode.set(index, time)
    }
  }

  /** After a restore: what is behind an operator had heard of its watermark, though it has none of its own in the checkpoint. */
  carryDown(): void {
    for (const [index, time] of this.#byNode)
      for (const { from } of (this.#plan.nodes[index] as PlanNode).inputs)
        time.watermark = Math.max(time.watermark, this.#byNode.get(from)?.watermark ?? Number.NEGATIVE_INFINITY)
  }

  /** What an output of a node says when its task has come to this watermark: never less than before the restore (rules 1.2 c). */
  leaving(node: number, at: number): number {
    return Math.max(at, this.#byNode.get(node)?.watermark ?? at)
  }
}
