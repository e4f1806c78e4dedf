import type { StateDeclaration } from '../state/contract.ts'
import type { Plan } from './nodes.ts'

/** A declaration as a checkpoint stores it: without its functions. */
export type DeclaredState = Omit<StateDeclaration, 'initial'>

/** What a checkpoint holds for one address of the plan. */
export interface OperatorSummary {
  readonly address: string
  readonly kind: 'keyed' | 'source' | 'sink'
  /** Of a keyed step: its states and timers by name. Empty for others. */
  readonly states: Readonly<Record<string, DeclaredState>>
  /** A process function without a key: its subtasks own no keys, and any record may come to each. */
  readonly isKeyless?: true
}

/** Everything of a plan that has a place in checkpoints, in order of the program: sources, keyed steps and process functions, and sinks. */
export function planSummary(plan: Plan): readonly OperatorSummary[] {
  const found: OperatorSummary[] = []
  for (const node of plan.nodes) {
    if (node.kind === 'source' || node.kind === 'sink') found.push({ address: node.address, kind: node.kind, states: {} })
    else if (node.kind === 'process') found.push({ address: node.address, kind: 'keyed', states: {}, isKeyless: true })
    else if ('states' in node) {
      const states = Object.fromEntries(Object.entries(node.states).map(([name, declaration]) => [name, withoutFunctions(declaration)]))
      found.push({ address: node.address, kind: 'keyed', states })
    }
  }
  return found
}

function withoutFunctions(declaration: StateDeclaration): DeclaredState {
  const { initial: _initial, ...stored } = declaration
  return stored
}
