import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from './draw.ts'
import { FAULT_KINDS } from './kinds.ts'
import { faultsOf, keeping } from './plan.ts'
import { runTrial } from './trial.ts'

/** Seed 3 gave two histories when processes shared what they remembered of claims that they had given up. */
test('a seed gives one history, and the oracles find nothing wrong with it', async () => {
  for (const seed of [1, 3]) {
    const [first, second] = [await runTrial(drawPlan(seed)), await runTrial(drawPlan(seed))]
    assert.deepEqual(first.violations, [])
    assert.equal(first.traceHash, second.traceHash)
    assert.deepEqual(first.story, second.story)
    assert.ok(first.tally.counts.checkpoints > 0 && first.tally.counts.records > 0)
  }
})

test('every kind of fault is drawn, alone if that is asked for', () => {
  for (const kind of FAULT_KINDS) {
    const kinds = Array.from({ length: 10 }, (_zero, seed) => faultsOf(drawPlan(seed, [kind]))).flat()
    assert.deepEqual([...new Set(kinds.map((fault) => fault.kind))], [kind])
  }
})

test('a plan without some of its faults keeps the others as they are', () => {
  const plan = drawPlan(10)
  const all = faultsOf(plan)
  assert.ok(all.length > 3)
  assert.deepEqual(faultsOf(keeping(plan, new Set([0, 2]))), [all[0], all[2]])
  assert.deepEqual(keeping(plan, new Set()).lives, [])
})
