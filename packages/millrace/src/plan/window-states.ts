/** What a window step keeps, as declarations: they depend on which operator runs it. */
import type { StateDeclaration } from '../state/contract.ts'
import { isSliceable, type WindowSpec } from '../windows/assigner.ts'
import { WINDOW_COUNT, WINDOW_END, WINDOW_START, WINDOW_VALUES } from '../windows/names.ts'
import type { Plan, PlanNode, WindowNode } from './nodes.ts'
import { layoutText } from './window-layout.ts'

type Parts = Pick<WindowNode, 'windows' | 'compute'>

/**
 * Slices are for aggregates over event time (rules 1.15). Put together they give values by slice, not in order of arrival: where a
 * window has several slices, results must not depend on that.
 */
export function windowOperatorOf({ windows, compute }: Parts): WindowNode['operator'] {
  if (compute.kind !== 'aggregate' || windows.kind !== 'time' || windows.domain !== 'event') return 'general'
  const isTumbling = windows.slideMs === windows.sizeMs
  return isTumbling || (isSliceable(windows) && compute.isOrderFree) ? 'sliced' : 'general'
}

export function windowStates({ windows, compute }: Parts, operator: WindowNode['operator']): Readonly<Record<string, StateDeclaration>> {
  const layout = layoutText(windows, operator)
  const keepsValues = compute.kind === 'process' || (windows.kind === 'count' && windows.size !== windows.slide)
  const contents: Record<string, StateDeclaration> =
    compute.kind === 'process' || keepsValues
      ? { [WINDOW_VALUES]: { kind: 'list', version: 1, layout } }
      : Object.fromEntries(
          Object.entries(compute.aggregates).map(([name, { kind }]) => [
            name,
            { kind: 'accumulator', version: 1, layout, ...(kind === undefined ? {} : { aggregate: kind }) },
          ]),
        )
  const bounds = namesOfBounds(windows).map((name) => [name, { kind: 'accumulator', version: 1, layout }] as const)
  return { ...Object.fromEntries(bounds), ...contents }
}

function namesOfBounds({ kind }: WindowSpec): readonly string[] {
  if (kind === 'session') return [WINDOW_START, WINDOW_END]
  return kind === 'count' ? [WINDOW_COUNT] : []
}

/** The same plan with the general operator for all windows: what the sliced one is compared with. */
export function withGeneralWindows(plan: Plan): Plan {
  const nodes = plan.nodes.map((node): PlanNode => {
    if (node.kind !== 'window' || node.operator === 'general') return node
    return { ...node, operator: 'general', states: windowStates(node, 'general') }
  })
  return { ...plan, nodes }
}
