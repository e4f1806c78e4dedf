/** Makes the state and the operator of a window step. */
import { limitOf } from '../operators/output-limit.ts'
import { outTemplate, newCall, type Ports } from '../operators/process.ts'
import { aggregateContents, aggregateParts, processContents, type WindowContents } from '../operators/window-contents.ts'
import { aggregatesOfValues, countWindowOperator, lastValues } from '../operators/window-counts.ts'
import { FiringCursor } from '../operators/window-firing.ts'
import { Lateness } from '../operators/window-lateness.ts'
import { paneWindowOperator } from '../operators/window-panes.ts'
import { sessionWindowOperator } from '../operators/window-sessions.ts'
import { slicedWindowOperator, type WindowPorts } from '../operators/window-sliced.ts'
import type { Budget } from '../core/env.ts'
import type { Emit, Gate, KeySelector, Operator, Specialize } from '../operator/contract.ts'
import type { WindowNode } from '../plan/nodes.ts'
import type { AccumulatorColumn, HeapStateOptions, KeyedState, ListSlots, OperatorState } from '../state/contract.ts'
import { keyGroupOfKey } from '../serde/key.ts'
import { createHeapState } from '../state/heap-state.ts'
import { createPaneState, createSessionState, type PaneState, type SessionState } from '../state/window-state.ts'
import { WINDOW_VALUES } from '../windows/names.ts'

/** Each kind of window has state of its own shape. */
export function createWindowState({ windows }: WindowNode, options: HeapStateOptions): OperatorState {
  if (windows.kind === 'count') return createHeapState(options)
  const { domain } = windows
  return windows.kind === 'time' ? createPaneState({ ...options, domain }) : createSessionState({ ...options, domain })
}

export interface WindowParts {
  readonly ports: Ports
  readonly state: OperatorState
  readonly late: Emit | undefined
  readonly keyGroups: number
  readonly gate: Gate
  readonly newBudget: () => Budget
  readonly selectors: readonly KeySelector[]
}

export function windowOperator(specialize: Specialize, node: WindowNode, parts: WindowParts): Operator {
  const { windows, compute } = node
  const { ports, state, selectors } = parts
  const window: WindowPorts & { readonly step: string } = {
    next: ports.next,
    time: ports.time,
    cursor: new FiringCursor(parts.gate, parts.newBudget),
    lateness: new Lateness({
      time: ports.time,
      keyGroups: parts.keyGroups,
      groupOf: (key) => keyGroupOfKey(key, parts.keyGroups),
      output: parts.late,
      step: node.address,
    }),
    latenessMs: node.latenessMs,
    step: node.address,
  }
  if (windows.kind === 'count') {
    const keyed = state as KeyedState
    return countWindowOperator(specialize, keyed, windows, countContents(specialize, node, ports, keyed), selectors)
  }
  if (windows.kind === 'session') {
    const sessions = state as SessionState
    return sessionWindowOperator(specialize, sessions, windows, contentsOf(specialize, node, ports, sessions), window, selectors)
  }
  const panes = state as PaneState
  if (node.operator === 'sliced' && compute.kind === 'aggregate') {
    const aggregates = aggregateParts(compute.aggregates, (name) => panes.accumulator(name))
    return slicedWindowOperator(specialize, panes, windows, aggregates, window, selectors)
  }
  return paneWindowOperator(specialize, panes, windows, contentsOf(specialize, node, ports, panes), window, selectors)
}

interface Columns {
  accumulator(name: string): AccumulatorColumn
  list(name: string): ListSlots
}

function contentsOf(specialize: Specialize, { compute, address }: WindowNode, ports: Ports, columns: Columns): WindowContents {
  if (compute.kind === 'aggregate') {
    const parts = aggregateParts(compute.aggregates, (name) => columns.accumulator(name))
    return aggregateContents(specialize, ports.next, parts)
  }
  const call = newCall()
  const out = specialize(outTemplate, ports, call, limitOf(address))
  return processContents({ list: columns.list(WINDOW_VALUES), onWindow: compute.onWindow, time: ports.time, out, call })
}

function countContents(specialize: Specialize, node: WindowNode, ports: Ports, state: KeyedState): WindowContents {
  const { windows, compute } = node
  const columns = { accumulator: (name: string) => state.accumulator(name), list: (name: string) => state.lists(name) }
  if (windows.kind !== 'count' || windows.size === windows.slide) return contentsOf(specialize, node, ports, columns)
  const list = state.lists(WINDOW_VALUES)
  const contents =
    compute.kind === 'aggregate' ? aggregatesOfValues(list, ports.next, compute.aggregates) : contentsOf(specialize, node, ports, columns)
  return lastValues(list, windows.size, contents)
}
