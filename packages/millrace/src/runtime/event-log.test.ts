import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { logEvents } from './event-log.ts'
import type { JobEvent } from './monitor.ts'

function logged(...events: readonly JobEvent[]): readonly string[] {
  const lines: string[] = []
  const observer = logEvents((level, event, fields) => lines.push(`${level} ${event} ${JSON.stringify(fields)}`), 'orders')
  for (const event of events) observer(event)
  return lines
}

const owner = { boot: 'b', namespace: 'n', pid: 7, startedAt: '0' }
const waiting = { kind: 'waiting', owner, silentMs: 5, leaseMs: 10_000 } as const
const info = { checkpoint: 4, createdAtMs: 1, durationMs: 12, sizeBytes: 900, newBytes: 90 }

test('a line for each thing that happens to a job, with what a search needs', () => {
  assert.deepEqual(
    logged(
      waiting,
      { ...waiting, silentMs: 800 },
      { kind: 'claimed', epoch: 3 },
      { kind: 'restoring', checkpoint: 3, kept: ['step/a.x'], migrated: [], added: ['step/b'], dropped: [], repeatsOutput: false },
      { kind: 'running', checkpoint: 3 },
      { kind: 'checkpoint', info },
      { kind: 'attempt-failed', error: new StreamError('USER_CODE', 'step/a threw.'), restartInMs: 1_000.4 },
      { kind: 'ended', outcome: 'finished' },
    ),
    [
      'info job.waiting {"job":"orders","owner":7,"leaseMs":10000}',
      'info job.claimed {"job":"orders","epoch":3,"after":7}',
      'info job.restoring {"job":"orders","checkpoint":3,"added":["step/b"]}',
      'info job.running {"job":"orders","checkpoint":3}',
      'debug checkpoint.complete {"job":"orders","checkpoint":4,"sizeBytes":900,"newBytes":90,"durationMs":12}',
      'warn job.restarting {"job":"orders","inMs":1000,"code":"USER_CODE","message":"step/a threw."}',
      'info job.finished {"job":"orders"}',
    ],
  )
})

test('starts, ends and refusals of other kinds', () => {
  assert.deepEqual(
    logged(
      { kind: 'claimed', epoch: 1 },
      { kind: 'restoring', checkpoint: undefined, kept: [], migrated: [], added: [], dropped: [], repeatsOutput: false },
      { kind: 'running', checkpoint: undefined },
      { kind: 'checkpoint-aborted', checkpoint: 2, reason: 'too slow' },
      { kind: 'commits-left' },
      { kind: 'attempt-failed', error: new Error('gone'), restartInMs: undefined },
      { kind: 'ended', outcome: 'stopped' },
      { kind: 'already-finished', checkpoint: 9 },
      { kind: 'ended', outcome: 'already-finished' },
    ),
    [
      'info job.claimed {"job":"orders","epoch":1}',
      'info job.starting {"job":"orders"}',
      'info job.running {"job":"orders"}',
      'info checkpoint.aborted {"job":"orders","checkpoint":2,"reason":"too slow"}',
      'info job.commits-left {"job":"orders"}',
      'info job.failed {"job":"orders","message":"gone"}',
      'info job.stopped {"job":"orders"}',
      'info job.already-finished {"job":"orders","checkpoint":9}',
    ],
  )
})
