/** Upstream has to hear: not at once, but when two more checkpoints are complete. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { Heard } from './heard.ts'

function manifest(checkpoint: number, position: number): Manifest {
  const splits = { a: { position, maxTimestamp: 0, ended: false } }
  return { checkpoint, operators: { 'source/rows': { kind: 'source', splits } } } as unknown as Manifest
}

/** Checkpoints at the positions 10, 20, 30 …, of which upstream hears when so many more are complete. */
function heardBehind(behind: number, { restartAt = -1, isOther = false } = {}): string[] {
  let heard = 0
  const judge = new Heard(() => heard)
  const problems: string[] = []
  for (let checkpoint = 1; checkpoint <= 6; checkpoint++) {
    if (checkpoint === restartAt) judge.begins(judge)
    heard = Math.max(0, 10 * (checkpoint - behind))
    problems.push(...judge.completed(judge, checkpoint, manifest(isOther ? checkpoint + 1 : checkpoint, 10 * checkpoint)))
  }
  return problems
}

test('upstream may hear late, but not three checkpoints behind, nor never', () => {
  assert.deepEqual([heardBehind(0), heardBehind(1), heardBehind(2)], [[], [], []])
  assert.deepEqual(heardBehind(3)[0], 'a is at 10 in checkpoint 1, and at 3 acknowledged up to 0 only')
  assert.equal(heardBehind(99).length, 4)
})

test("what an attempt before it had completed need not be acknowledged, and another process's checkpoint says nothing", () => {
  assert.equal(heardBehind(99, { restartAt: 4 }).length, 2)
  assert.deepEqual(heardBehind(99, { isOther: true }), [])
})
