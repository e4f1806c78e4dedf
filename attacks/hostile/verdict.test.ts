import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from './verdict.ts'

test('a place is named by its address, not by a frame of a stack', () => {
  const stack =
    'The keys of a map state are keys too.\nError: x\n    at Array.map (<anonymous>)\n    at Array.filter (<anonymous>)\n    at Array.flatMap (<anonymous>)\n    at keyBy (job.ts:1:1)'
  for (const place of ['map', 'filter', 'flatMap', 'iterable', 'key'] as const) assert.ok(!addressOf[place].test(stack), place)
  assert.match('A function of map#1 threw: x', addressOf.map)
  assert.match('A function of filter#2 threw: x', addressOf.filter)
  assert.match('A function of flatMap#3 threw: x', addressOf.flatMap)
  assert.match('A function of flatMap#3 threw: x', addressOf.iterable)
  assert.match('A function of the keyBy after flatMap#3 threw: x', addressOf.key)
  assert.doesNotMatch('A function of flatMap#3 threw: x', addressOf.map)
})
