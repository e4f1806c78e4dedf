import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countsOf } from './ci.ts'

test('the last line of counts decides, and an exit code that disagrees with it is a failure', () => {
  assert.deepEqual(countsOf('1 passed, 1 failed\nmore\n7 passed, 2 failed\n', 1), { passed: 7, failed: 2 })
  assert.deepEqual(countsOf('7 passed, 0 failed\n', 0), { passed: 7, failed: 0 })
  assert.deepEqual(countsOf('7 passed, 0 failed\n', 137), { passed: 7, failed: 1 })
  assert.deepEqual(countsOf('nothing', 0), { passed: 0, failed: 1 })
})
