import { explainPaths, explainSteps, explainTasks } from '../plan/explain.ts'
import type { Plan } from '../plan/nodes.ts'
import { physicalPlan } from '../plan/physical.ts'
import { explanationText } from './explain-text.ts'
import type { Explanation } from './job-types.ts'

/** The plan as data and as text; `parallelism` is that of steps that do not say. */
export function explainPlan(plan: Plan, parallelism: number = 1): Explanation {
  const physical = physicalPlan(plan, { parallelism, chainKeyed: true })
  const explanation = { steps: explainSteps(plan, parallelism), ...explainTasks(plan, physical), paths: explainPaths(plan, physical) }
  // Not enumerable: what is printed, compared or sent to another thread is the data alone.
  Object.defineProperty(explanation, 'toString', { value: () => explanationText(plan.job, explanation) })
  return explanation
}
