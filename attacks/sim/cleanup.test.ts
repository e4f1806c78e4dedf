import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cleanup, type Cleaner } from './cleanup.ts'
import { cleanedFolder } from './outside.ts'

const cleaner = (...failed: readonly string[]): Cleaner => ({ process: { isDead: false, logged: [] }, failedCleanups: new Set(failed) })
const hidden = { path: '/out/history/.millrace-a+b/x', text: '' }
const orphan = { path: '/checkpoints/chunks/c', text: '' }

function finishedBy(patient: Cleaner): Cleanup {
  const cleanup = new Cleanup({ boot: 'one' })
  cleanup.claimed(patient, [patient])
  assert.ok(cleanup.finished(patient))
  return cleanup
}

test('what could not be removed, or not be seen, excuses what is left in the same place, and nothing else', () => {
  const cleanup = finishedBy(cleaner('/out/history'))
  assert.equal(cleanup.excuse, undefined)
  assert.ok(cleanup.excuses(hidden))
  assert.ok(!cleanup.excuses({ ...hidden, path: '/out/history2/.millrace-a+b/x' }))
  assert.ok(!cleanup.excuses(orphan))
  assert.ok(!finishedBy(cleaner()).excuses(hidden))
  assert.ok(finishedBy(cleaner('/checkpoints')).excuses(orphan))
  assert.ok(!finishedBy(cleaner('/checkpoints')).excuses({ ...orphan, isMissing: true }), 'what is missing was not left over')
})

test('input is no place where something could be left over', () => {
  assert.equal(cleanedFolder('/in'), undefined)
  assert.equal(cleanedFolder('/in/0-0000.jsonl'), undefined)
  assert.equal(cleanedFolder('/out'), undefined)
  assert.equal(cleanedFolder('/out/history'), '/out/history')
  assert.equal(cleanedFolder('/checkpoints/log/.x.tmp'), '/checkpoints')
})

/** One that learns of its own last entry after a failure has claimed nothing anew: it was taken for dead, and everything excused. */
test('who claimed the job last has finished it, however it has learnt so; others only say so', () => {
  const [first, second] = [cleaner(), cleaner()]
  const cleanup = new Cleanup({ boot: 'one' })
  cleanup.claimed(first, [first])
  cleanup.claimed(second, [first, second])
  assert.ok(!cleanup.finished(first))
  assert.match(cleanup.excuse ?? '', /died before it had cleaned up/)
  assert.ok(cleanup.finished(second))
  assert.equal(cleanup.excuse, undefined)
  cleanup.broke(first)
  assert.match(cleanup.excuse ?? '', /went on beside it/)
})

test('a loss of power after the end brings names back', () => {
  const machine = { boot: 'one' }
  const cleanup = new Cleanup(machine)
  const patient = cleaner()
  cleanup.claimed(patient, [patient])
  cleanup.finished(patient)
  machine.boot = 'two'
  assert.match(cleanup.excuse ?? '', /lost power/)
})
