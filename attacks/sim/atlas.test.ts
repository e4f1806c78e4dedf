import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { judgeError } from './atlas.ts'
import type { Fault } from './plan.ts'

const stop: Fault = { kind: 'stop', ms: 1, againMs: undefined }
const slow: Fault = { kind: 'slow', where: 'all', chance: 1, mostMs: 1, forMs: 1 }
const deadline =
  'The deadline of stop() has passed before the last checkpoint was complete and the commit under way had ended. What came after the newest checkpoint is done again by the next run.'

function judged(code: ConstructorParameters<typeof StreamError>[0], message: string, ...faults: readonly Fault[]): string {
  return judgeError(new StreamError(code, message), { faults, hasRival: false }) ?? ''
}

test('a stop on a slow disk may miss its deadline, and has to say so', () => {
  assert.equal(judged('STOPPED', deadline, stop, slow), '')
  assert.match(judged('STOPPED', 'The job was stopped before it had begun.', stop, slow), /does not name the cause/)
  assert.match(judged('STOPPED', deadline, stop), /ended with STOPPED/)
  assert.match(judged('STOPPED', deadline, slow), /ended with STOPPED/)
})

test('an error of the disk names it', () => {
  const write: Fault = { kind: 'write', where: 'output', from: 1, every: 1, times: 1 }
  assert.equal(judged('SINK', 'EIO: i/o error', write), '')
  assert.match(judged('SINK', 'it failed', write), /does not name the cause/)
  assert.match(judged('FENCED', 'another process has taken over', write), /ended with FENCED/)
})
