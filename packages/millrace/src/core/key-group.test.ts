import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkKeyGroups, keyGroupOf, keyGroupRangeOf, MAX_KEY_GROUPS, representativesOf, subtaskOf } from './key-group.ts'

test('KG-2: the ranges of all subtasks cover every group once, and agree with subtaskOf', () => {
  for (const maxParallelism of [1, 2, 3, 7, 100, 127, 128, 1000, 1024, MAX_KEY_GROUPS]) {
    for (const parallelism of new Set([1, 2, 3, 5, 64, maxParallelism - 1, maxParallelism])) {
      if (parallelism < 1 || parallelism > maxParallelism) continue
      let next = 0
      for (let subtask = 0; subtask < parallelism; subtask++) {
        const { first, last } = keyGroupRangeOf({ subtask, parallelism, maxParallelism })
        assert.equal(first, next)
        assert.ok(last >= first)
        for (const group of [first, last]) assert.equal(subtaskOf(group, parallelism, maxParallelism), subtask)
        next = last + 1
      }
      assert.equal(next, maxParallelism)
    }
  }
})

test('KG-1: each group has a representative that Flink would put into it, and none smaller', () => {
  for (const maxParallelism of [1, 128, 1024]) {
    const representatives = representativesOf(maxParallelism)
    for (let group = 0; group < maxParallelism; group++) {
      assert.equal(keyGroupOf(representatives[group] as number, maxParallelism), group)
      for (let hash = 0; hash < (representatives[group] as number); hash++) assert.notEqual(keyGroupOf(hash, maxParallelism), group)
    }
  }
})

test('impossible numbers are refused', () => {
  for (const count of [0, -1, 1.5, MAX_KEY_GROUPS + 1, Number.NaN]) assert.throws(() => checkKeyGroups(count), { code: 'INVALID_OPTION' })
  for (const [subtask, parallelism] of [
    [-1, 1],
    [1, 1],
    [0.5, 1],
    [0, 0],
    [0, 129],
    [0, 1.5],
  ] as const) {
    assert.throws(() => keyGroupRangeOf({ subtask, parallelism, maxParallelism: 128 }), { code: 'INVALID_OPTION' })
  }
})
