import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shrink } from './shrink.ts'

test('what is not needed for a failure is taken away, in few runs', async () => {
  for (const needed of [[], [0], [6], [2, 11], [0, 5, 15], [14, 15]]) {
    let runs = 0
    const kept = await shrink(
      16,
      (faults) => {
        runs++
        return Promise.resolve(needed.every((fault) => faults.includes(fault)))
      },
      60,
    )
    assert.deepEqual(kept, needed)
    assert.ok(runs <= 60)
  }
})

test('one of two causes is enough', async () => {
  const kept = await shrink(8, (faults) => Promise.resolve(faults.includes(3) || faults.includes(5)), 60)
  assert.equal(kept.length, 1)
})

test('what its budget does not suffice for stays', async () => {
  const kept = await shrink(8, (faults) => Promise.resolve(faults.includes(7)), 2)
  assert.ok(kept.includes(7) && kept.length > 1)
})
