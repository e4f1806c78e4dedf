/**
 * One task's part of one checkpoint: everything is sealed when this is made (in the turn of the hold); the state is then encoded
 * in slices between batches, and the snapshot leaves when that is done and all that sinks sealed is durable.
 */
import type { OperatorReport } from '../checkpoint/manifest.ts'
import type { Budget } from '../core/env.ts'
import type { PlanNode } from '../plan/nodes.ts'
import { keyGroupRangeOf } from '../core/key-group.ts'
import { declaredStates, type StateBlock } from '../state/contract.ts'
import type { Chain, ChainOperator } from './chain.ts'
import type { BarrierReason } from './messages.ts'
import type { SinkSeals } from './sink-seals.ts'
import type { TaskOptions } from './task-spec.ts'

export interface SnapshotJobParts {
  readonly checkpoint: number
  readonly reason: BarrierReason
  readonly isFinal: boolean
  readonly chain: Chain
  readonly seals: SinkSeals
  readonly options: TaskOptions
  readonly failed: (error: unknown) => void
}

export class SnapshotJob {
  readonly checkpoint: number
  readonly #parts: SnapshotJobParts
  readonly #keyed: readonly ChainOperator[]
  readonly #operators: Record<string, OperatorReport> = {}
  readonly #durable: Promise<unknown>
  #next = 0
  #isAborted = false

  constructor(parts: SnapshotJobParts) {
    this.#parts = parts
    this.checkpoint = parts.checkpoint
    const { chain, options, checkpoint, reason, seals } = parts
    const keyedOperators = chain.operators.filter(({ keyed }) => keyed !== undefined)
    this.#keyed = options.keepsState ? keyedOperators : []
    const range = keyGroupRangeOf({
      subtask: options.spec.subtask,
      parallelism: options.spec.subtasks,
      maxParallelism: options.spec.keyGroups,
    })
    for (const { keyed, node, time, operator } of chain.operators) {
      if (!seesTime(node)) continue
      if (options.keepsState) keyed?.snapshots.seal(checkpoint, 'delta')
      this.#operators[node.address] = {
        kind: 'keyed',
        states: declaredStates('states' in node ? node.states : {}),
        first: range.first,
        last: range.last,
        watermark: time.watermark,
        ...(operator.lateness === undefined ? {} : { floors: operator.lateness.floors() }),
      }
    }
    if (chain.source !== undefined) this.#operators[sourceAddress(options)] = { kind: 'source', splits: chain.source.snapshot() }
    // What is open after the last seal of a task, or when nothing is kept, would never be committed.
    const isLast = parts.isFinal || reason === 'end' || (reason === 'stop' && !options.keepsState)
    const seal = { checkpoint, epoch: options.epoch, subtask: options.spec.subtask, reason: isLast ? 'end' : 'checkpoint' } as const
    const sealed = chain.operators.flatMap(({ writer, node }) =>
      writer === undefined ? [] : [seals.seal(writer, { ...seal, address: node.address })],
    )
    this.#durable = Promise.all(sealed)
    this.#durable.catch(parts.failed)
  }

  /** Nothing is answered any more. What was sealed stays with the writers' seals (T4). */
  abort(): void {
    this.#isAborted = true
  }

  /** True when nothing is left to encode; the snapshot then leaves as soon as the sinks are durable. */
  encode(budget: Budget): boolean {
    this.#parts.options.env.crashPoint('task.encode')
    for (; this.#next < this.#keyed.length; this.#next++) {
      const { keyed } = this.#keyed[this.#next] as ChainOperator
      if (keyed?.snapshots.encode(budget) === false) return false
    }
    const blocks = this.#keyed.flatMap(({ keyed, node }) =>
      (keyed?.snapshots.takeBlocks() ?? []).map((block) => ({ operator: node.address, block })),
    )
    this.#parts.options.env.crashPoint('task.encoded')
    this.#send(blocks)
    return true
  }

  #send(blocks: readonly { readonly operator: string; readonly block: StateBlock }[]): void {
    const { chain, seals, options, failed } = this.#parts
    this.#durable
      .then(() => {
        if (this.#isAborted) return
        for (const { writer, node } of chain.operators) if (writer !== undefined) this.#operators[node.address] = seals.report(node.address)
        options.host.snapshot({ checkpoint: this.checkpoint, isFinal: this.#parts.isFinal, blocks, operators: this.#operators })
      })
      .catch(failed)
  }
}

/** A process function without a key keeps nothing, but sees the watermark, and that shall not go back (rules 1.2 c). */
function seesTime(node: PlanNode): boolean {
  return 'states' in node || node.kind === 'process'
}

function sourceAddress(options: TaskOptions): string {
  const { plan, nodes } = options.spec
  return plan.nodes[nodes[0] as number]?.address as string
}
