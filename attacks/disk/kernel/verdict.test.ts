import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KernelCase } from './plan.ts'
import type { ShimAction } from './shim.ts'
import { kindOfEnd } from './verdict.ts'

const shim = (action: ShimAction): KernelCase => ({ kind: 'shim', seed: 1, strike: { call: 'write', nth: 1, action, stays: false } })

test('a process that fails says what the disk has said', () => {
  const said = 'The checkpoint could not be written < EIO: i/o error, write'
  assert.equal(kindOfEnd(shim('EIO'), { how: 'STORAGE', said }), 'loud')
  assert.equal(kindOfEnd(shim('EIO'), { how: 'STORAGE', said: 'The checkpoint could not be written' }), 'wrong')
  assert.equal(kindOfEnd(shim('ENOSPC'), { how: 'STORAGE', said }), 'wrong', 'another error than it got')
  assert.equal(kindOfEnd(shim('EIO'), { how: 'USER_CODE', said }), 'wrong')
  assert.equal(kindOfEnd(shim('short'), { how: 'STORAGE', said }), 'wrong', 'a short write is gone on with')
  assert.equal(kindOfEnd({ kind: 'full', seed: 1, share: 0.5 }, { how: 'SINK', said: 'ENOSPC: no space left on device' }), 'loud')
})

test('a process is killed by the attack, or all is wrong', () => {
  for (const action of ['kill-before', 'kill-after', 'torn'] as const)
    assert.equal(kindOfEnd(shim(action), { how: 'SIGKILL', said: '' }), 'loud', action)
  assert.equal(kindOfEnd(shim('EIO'), { how: 'SIGKILL', said: '' }), 'wrong')
  assert.equal(kindOfEnd({ kind: 'full', seed: 1, share: 0.5 }, { how: 'SIGKILL', said: '' }), 'wrong')
  assert.equal(kindOfEnd(shim('torn'), { how: 'finished', said: '' }), 'exact')
})
