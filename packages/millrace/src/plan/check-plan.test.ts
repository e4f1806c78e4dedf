/** What the api cannot build: plans that come from elsewhere. The errors of jobs are in api/build-errors.test.ts and api/job-errors.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPlan } from '../api/job.ts'
import { arraySource, defineJob, printSink } from '../index.ts'
import { checkPlan } from './check-plan.ts'
import type { Plan, PlanNode } from './nodes.ts'

const { plan } = buildPlan(
  defineJob('checked', (job) => {
    job
      .from('a', arraySource([1]))
      .map((n) => n)
      .to('s', printSink())
  }),
  undefined,
)
const changed = (index: number, change: Partial<PlanNode>): Plan => ({
  ...plan,
  nodes: plan.nodes.map((node, at) => (at === index ? ({ ...node, ...change } as PlanNode) : node)),
})

test('a plan as built passes', () => checkPlan(plan))

const rows: readonly (readonly [name: string, plan: Plan, code: string, says: RegExp])[] = [
  ['no source', { job: 'none', nodes: [] }, 'INVALID_JOB', /'none' has no source/],
  [
    'an input from itself',
    changed(1, { inputs: [{ from: 1, output: 'main' }] }),
    'INVALID_JOB',
    /map#1 reads from a step that does not come before it/,
  ],
  ['no input', changed(1, { inputs: [] }), 'INVALID_JOB', /map#1 has no input/],
  [
    'a tag that cannot be sent',
    changed(2, { inputs: [{ from: 1, output: { tag: 't' } }] }),
    'UNKNOWN_TAG',
    /'t'.*map#1 has no side outputs/,
  ],
  ['an address twice', changed(1, { address: 'source/a' }), 'DUPLICATE_ID', /source\/a/],
  ['a parallelism of nothing', changed(1, { parallelism: 0 }), 'INVALID_OPTION', /map#1 is 0/],
  ['more subtasks than there can be key groups', changed(1, { parallelism: 32769 }), 'INVALID_OPTION', /from 1 to 32768/],
]
for (const [name, wrong, code, says] of rows) test(name, () => assert.throws(() => checkPlan(wrong), { code, message: says }))
