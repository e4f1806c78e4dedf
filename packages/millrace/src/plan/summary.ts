import { declaredStates, type DeclaredState } from '../state/contract.ts'
import type { Plan } from './nodes.ts'

/** What a checkpoint holds for one address of the plan. */
export interface OperatorSummary {
  readonly address: string
  readonly kind: 'keyed' | 'source' | 'sink'
  /** Of a keyed step: its states and timers by name. Empty for others. */
  readonly states: Readonly<Record<string, DeclaredState>>
  /** Those of its states that have a `migrate`. */
  readonly migrating: readonly string[]
  /** A process function without a key: its subtasks own no keys, and any record may come to each. */
  readonly isKeyless?: true
}

/** What becomes of what a checkpoint holds. Names are `step/visits.path` for a state or timer, `source/views` for what is one thing. */
export interface StateComparison {
  readonly kept: readonly string[]
  /** Kept, and of an older version. */
  readonly migrated: readonly MigratedState[]
  /** Not in the checkpoint: begins empty. */
  readonly added: readonly string[]
  /** Given up with `allowDropped`. */
  readonly dropped: readonly string[]
}
/** A state whose values go through its `migrate`. */
export interface MigratedState {
  readonly state: string
  readonly from: number
  readonly to: number
}

/** Everything of a plan that has a place in checkpoints, in order of the program: sources, keyed steps and process functions, and sinks. */
export function planSummary(plan: Plan): readonly OperatorSummary[] {
  const found: OperatorSummary[] = []
  for (const node of plan.nodes) {
    if (node.kind === 'source' || node.kind === 'sink') found.push({ address: node.address, kind: node.kind, states: {}, migrating: [] })
    else if (node.kind === 'process') found.push({ address: node.address, kind: 'keyed', states: {}, migrating: [], isKeyless: true })
    else if ('states' in node) {
      const migrating = Object.keys(node.states).filter((name) => node.states[name]?.migrate !== undefined)
      found.push({ address: node.address, kind: 'keyed', states: declaredStates(node.states), migrating })
    }
  }
  return found
}
