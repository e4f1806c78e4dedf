/** When the job is killed: spread over the work, before its end, the same for the same seed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawKillMoments } from './kills.ts'

test('one kill in each equal part of the work, none near its end', () => {
  for (let seed = 0; seed < 200; seed++) {
    const shares = drawKillMoments(seed, 5).map((moment) => moment.share)
    assert.equal(shares.length, 5)
    for (const [index, share] of shares.entries()) {
      const part = (0.85 - 0.03) / 5
      assert.ok(share >= 0.03 + part * index && share < 0.03 + part * (index + 1), `seed ${seed}: ${shares.join(', ')}`)
    }
  }
})

test('the seed decides, and no kills are possible', () => {
  assert.deepEqual(drawKillMoments(1, 5), drawKillMoments(1, 5))
  assert.notDeepEqual(drawKillMoments(1, 5), drawKillMoments(2, 5))
  assert.deepEqual(drawKillMoments(1, 0), [])
})
