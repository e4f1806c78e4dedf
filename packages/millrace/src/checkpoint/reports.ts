/** Small questions about task reports and manifests. */
import type { Plain } from '../connect/contract.ts'
import { invariant } from '../core/errors.ts'
import type { Manifest, OperatorReport, TaskReport } from './manifest.ts'

/** Names one subtask of one task. */
export function slotOf(slot: { readonly task: string; readonly subtask: number }): string {
  return `${slot.subtask}@${slot.task}`
}

/** What a task that has ended says in all later checkpoints: where it is, without what a manifest holds by now. */
export function settledReport(report: TaskReport | undefined): TaskReport {
  invariant(report !== undefined, 'C5: a slot that is final has reported')
  const operators = Object.entries(report.operators).map(([address, operator]): [string, OperatorReport] => {
    if (operator.kind === 'sink') return [address, { ...operator, committables: [] }]
    if (operator.kind === 'source') return [address, operator]
    const { run: _run, ...rest } = operator
    return [address, rest]
  })
  return { task: report.task, subtask: report.subtask, isFinal: true, operators: Object.fromEntries(operators) }
}

/** By source and split: what upstream may be told. */
export function positionsOf(manifest: Manifest): Readonly<Record<string, Readonly<Record<string, Plain>>>> {
  const sources = Object.entries(manifest.operators).flatMap(([address, part]) => {
    if (part.kind !== 'source') return []
    const positions = Object.entries(part.splits).map(([split, state]): [string, Plain] => [split, state.position])
    return [[address, Object.fromEntries(positions)] as const]
  })
  return Object.fromEntries(sources)
}
