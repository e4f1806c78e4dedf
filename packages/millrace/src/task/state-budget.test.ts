import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { nameOfSize, StateBudget } from './state-budget.ts'

test('all subtasks together are held against the limit, by what each said last, and the largest states are named', () => {
  const budget = new StateBudget(100e6)
  const [first, second] = [{}, {}]
  budget.tell(first, new Map([['step/a.list', 60e6]]))
  budget.tell(first, new Map([['step/a.list', 55e6]]))
  budget.tell(second, new Map([['step/b (keys)', 2e6]]))
  const larger = new Map([
    ['step/a.list', 40e6],
    ['step/b.map', 9.5e6],
    ['step/b.x', 1],
  ])
  assert.throws(
    () => budget.tell(second, larger),
    (error) => {
      assert.ok(StreamError.is(error) && error.code === 'STATE_LIMIT' && error.retry === 'never')
      assert.match(
        error.message,
        /takes about 105 MB, and state.maxBytes is 100 MB. Most of it: step\/a\.list 95 MB, step\/b\.map 9\.5 MB, /,
      )
      assert.equal(error.details?.['bytes'], 104_500_001)
      return true
    },
  )
})

test('the keys of a step have a name too', () => {
  assert.equal(nameOfSize('step/a', { state: undefined, bytes: 1 }), 'step/a (keys)')
  assert.equal(nameOfSize('step/a', { state: 's', bytes: 1 }), 'step/a.s')
})
