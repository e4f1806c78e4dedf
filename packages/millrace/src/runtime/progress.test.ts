import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskCounts } from '../task/task-counts.ts'
import { afterEarlier, NO_PROGRESS, progressOf, type Progress } from './progress.ts'

const reader = (records: number, progress?: { readonly done: number; readonly total: number }): TaskCounts => ({
  source: { address: 'source/a', records, invalid: 1, progress },
  sinks: [{ address: 'sink/s', records }],
  late: 2,
})

test('the subtasks of a source are one: what all have read of what all have', () => {
  const both = progressOf([
    reader(10, { done: 25, total: 50 }),
    reader(5, { done: 0, total: 50 }),
    { source: undefined, sinks: [], late: 1 },
  ])
  assert.deepEqual(both, {
    sources: [{ address: 'source/a', records: 15, invalid: 2, share: 0.25 }],
    sinks: [{ address: 'sink/s', records: 15 }],
    late: 5,
  })
})

test('a source that has nothing is done, one that does not know is not asked, and what a source says wrongly stays a share', () => {
  const share = (...tasks: readonly TaskCounts[]): number | undefined => progressOf(tasks).sources[0]?.share
  assert.equal(share(reader(0, { done: 0, total: 0 })), 1)
  assert.equal(share(reader(0, { done: 1, total: 2 }), reader(0)), undefined)
  assert.equal(share(reader(0, { done: 3, total: 2 })), 1)
  assert.equal(share(reader(0, { done: -1, total: 2 })), 0)
})

test('after a restart counts go on, and how much is done is what the new attempt says', () => {
  const earlier = progressOf([reader(10, { done: 50, total: 100 })])
  const now = progressOf([reader(4, { done: 30, total: 100 })])
  assert.deepEqual(afterEarlier(earlier, now), {
    sources: [{ address: 'source/a', records: 14, invalid: 2, share: 0.3 }],
    sinks: [{ address: 'sink/s', records: 14 }],
    late: 4,
  } satisfies Progress)
  // Between two attempts, and after the last one.
  assert.deepEqual(afterEarlier(earlier, NO_PROGRESS), earlier)
})
