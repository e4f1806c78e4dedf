import { StreamError } from '../core/errors.ts'
import { checkNode, checkParallelismHint } from '../plan/check-plan.ts'
import type { Plan, PlanEdge, PlanNode } from '../plan/nodes.ts'

/** Omit that keeps a union a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** A node as a step gives it: without id it is named after its kind and place, `map#3`. */
export type NewNode = Without<PlanNode, 'address'> & { readonly address?: string }

/** The plan while the factory builds it. */
export class Graph {
  readonly job: string
  readonly #nodes: PlanNode[] = []
  /** Of nodes that were given one after they were added. */
  readonly #parallelism = new Map<number, number>()
  #unnamedCount = 0
  #isSealed = false

  constructor(job: string) {
    this.job = job
  }

  get nodes(): readonly PlanNode[] {
    return this.#nodes
  }

  /** Checks and adds a node; returns its index. @throws as checkNode; {INVALID_JOB} after `seal` */
  add(node: NewNode): number {
    this.checkOpen(node.address ?? node.kind)
    const address = node.address ?? `${node.kind}#${++this.#unnamedCount}`
    const named: PlanNode = { ...node, address }
    checkNode(this.#nodes, named)
    return this.#nodes.push(named) - 1
  }

  /** @throws {INVALID_OPTION} */
  setParallelism(node: number, subtasks: number): void {
    const { address } = this.#nodes[node] as PlanNode
    this.checkOpen(`parallelism of ${address}`)
    checkParallelismHint(address, subtasks)
    this.#parallelism.set(node, subtasks)
  }

  /** @throws {INVALID_JOB} once the factory has returned; `what` is how the message calls what was tried */
  checkOpen(what: string): void {
    if (!this.#isSealed) return
    throw new StreamError(
      'INVALID_JOB',
      `The job '${this.job}' was changed after its factory had returned (${what}): build everything inside the factory, without await.`,
    )
  }

  seal(): Plan {
    this.#isSealed = true
    const nodes = this.#nodes.map((node, index): PlanNode => {
      const parallelism = this.#parallelism.get(index)
      return Object.freeze(parallelism === undefined ? node : { ...node, parallelism })
    })
    return Object.freeze({ job: this.job, nodes: Object.freeze(nodes) })
  }
}

/** The addresses that edges read from, for messages. */
export function addressesOf(nodes: readonly PlanNode[], edges: readonly PlanEdge[]): readonly string[] {
  return [...new Set(edges.map((edge) => (nodes[edge.from] as PlanNode).address))]
}
