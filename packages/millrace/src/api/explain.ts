import { explainPaths, explainSteps } from '../plan/explain.ts'
import type { Plan } from '../plan/nodes.ts'
import type { Explanation } from './job-types.ts'

/** The plan as data and as text; `parallelism` is that of steps that do not say. */
export function explainPlan(plan: Plan, parallelism: number = 1): Explanation {
  const steps = explainSteps(plan, parallelism)
  const paths = explainPaths(plan)
  const explanation = { steps, paths }
  // Not enumerable: what is printed, compared or sent to another thread is the data alone.
  Object.defineProperty(explanation, 'toString', { value: () => explanationText(plan.job, explanation) })
  return explanation
}

function explanationText(job: string, { steps, paths }: Pick<Explanation, 'steps' | 'paths'>): string {
  const rows = [
    ['step', 'kind', 'parallelism', 'reads', 'state'],
    ...steps.map((step) => [
      step.address,
      step.kind,
      String(step.parallelism),
      step.inputs.join(', ') || '-',
      step.state.join(', ') || '-',
    ]),
  ]
  const lines = [`job ${job}`, '', ...table(rows), '']
  for (const path of paths) lines.push(`${path.from} → ${path.to}: ${path.guarantee}`, ...path.because.map((reason) => `  · ${reason}`), '')
  if (!steps.some((step) => step.address.startsWith('sink/'))) lines.push('No sink: nothing leaves this job.', '')
  return lines.join('\n').trimEnd()
}

/** Columns as wide as their widest cell, two spaces apart. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ')}`.trimEnd())
}
