import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_KINDS, type FaultKind } from './kinds.ts'
import { belowFloors, leastOf, newTally } from './tally.ts'

/** What is missing where nothing has hit. */
function missing(seeds: number, chosen: readonly FaultKind[] = FAULT_KINDS): readonly string[] {
  return belowFloors(newTally(), seeds, chosen).map((line) => line.slice(0, line.indexOf(':')))
}

test('what never hits is told in the runs of CI and by default, and in full ones', () => {
  for (const seeds of [700, 5_000, 20_000]) assert.deepEqual(missing(seeds).length, Object.keys(newTally().histories).length)
})

/** 150 seeds are expected to have four histories with `timeout`, and one of fifty runs has none. */
test('what is rare may be missing by chance where seeds are few', () => {
  for (const kind of ['timeout', 'stale', 'refuse']) assert.ok(!missing(150).includes(kind), kind)
  for (const feature of ['restore', 'recovery', 'residue', 'crash']) assert.ok(missing(150).includes(feature), feature)
  assert.deepEqual(missing(1), [])
  assert.deepEqual(missing(0), [])
})

test('a floor is as low as chance goes, and no lower', () => {
  // Of 5,000 with a share of 0.45: 2,250 are expected, and the standard deviation is 35.
  assert.ok(Math.abs(leastOf(0.45, 5_000) - (2_250 - 4 * 35)) <= 3, String(leastOf(0.45, 5_000)))
  // Of 700: 315, and 13.
  assert.ok(Math.abs(leastOf(0.45, 700) - (315 - 4 * 13)) <= 3, String(leastOf(0.45, 700)))
})

test('chosen kinds have to hit at all, if so many seeds can tell', () => {
  assert.deepEqual(missing(700, ['stale', 'crash']), ['stale', 'crash'])
  assert.deepEqual(missing(120, ['stale', 'crash']), ['crash'])
})
