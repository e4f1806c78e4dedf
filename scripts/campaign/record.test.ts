import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../lib/files.ts'
import { violationsOf, withTurn } from './record.ts'
import { ROTATION } from './rotation.ts'

const one = { passed: 9, failed: 0, planned: 9, notRun: 0, counts: { kills: 9, rows: 100 } }

test('turns of one attack are added up, with all their seeds', () => {
  const attacks = withTurn(withTurn({}, 'kill', 7, one), 'kill', 8, { ...one, counts: { kills: 1 } })
  assert.deepEqual(attacks, { kill: { seeds: [7, 8], passed: 18, violations: 0, counts: { kills: 10, rows: 100 } } })
  assert.equal(violationsOf(attacks), 0)
})

test('a failure, fewer than planned and no result at all are violations', () => {
  const results = [{ ...one, failed: 2 }, { ...one, planned: 10 }, undefined]
  assert.deepEqual(
    results.map((result) => violationsOf(withTurn({}, 'kill', 7, result))),
    [2, 1, 1],
  )
})

test('what a machine has no means for is no violation', () => {
  assert.equal(violationsOf(withTurn({}, 'disk', 7, { ...one, planned: 12, notRun: 3 })), 0)
})

test('every attack of the rotation is there', () => {
  for (const { attack } of ROTATION) assert.ok(existsSync(join(root, 'attacks', attack, 'main.ts')), attack)
})
