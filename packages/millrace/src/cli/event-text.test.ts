import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '../core/error-codes.ts'
import { StreamError } from '../core/errors.ts'
import { eventText, ownerText } from './event-text.ts'

const self = { boot: 'b', namespace: 'n', pid: 1, startedAt: '1' }
const context = {
  directory: 'state',
  self,
  error: { paint: (_style: string, text: string): string => text, folder: '/app' },
  isRepeated: false,
}

test('who has the job, and how long it is still waited for', () => {
  const owner = { ...self, pid: 7 }
  assert.equal(
    eventText({ kind: 'waiting', owner, silentMs: 1_200, leaseMs: 10_000 }, context),
    'waiting: process 7 has the job; takes over in 8.8 s unless it shows a sign of life',
  )
  assert.equal(ownerText({ ...owner, boot: 'c' }, self), 'process 7 on another machine or in another container')
  assert.equal(ownerText({ ...owner, boot: '' }, self), 'process 7 (perhaps on another machine)')
})

test('where it begins', () => {
  const nothing = {
    kind: 'restoring',
    checkpoint: undefined,
    kept: [],
    migrated: [],
    added: [],
    dropped: [],
    repeatsOutput: false,
  } as const
  assert.equal(eventText(nothing, context), 'starts from nothing: state holds no checkpoints')
  assert.match(eventText(nothing, { ...context, directory: undefined }) ?? '', /without --checkpoints nothing survives/)
  const migrated = [{ state: 'step/a.sum', from: 1, to: 3 }]
  assert.equal(
    eventText({ ...nothing, checkpoint: 12, kept: ['step/a.n', 'sink/s'], migrated, added: ['step/b'], dropped: ['step/c'] }, context),
    [
      'continues from checkpoint 12',
      '  kept: step/a.n, sink/s',
      '  migrated: step/a.sum (version 1 to 3)',
      '  new in the job, starts empty: step/b',
      '  given up (--allow-dropped): step/c',
    ].join('\n'),
  )
  const same = { ...nothing, checkpoint: 12, kept: ['step/a.n'] }
  assert.equal(eventText(same, context), 'continues from checkpoint 12', 'nothing is said where nothing differs')
  const older = eventText({ ...nothing, checkpoint: 12, repeatsOutput: true }, context) ?? ''
  assert.match(older, /after 12 are forgotten .* committed after it stays and is written again/)
})

test('failures that are followed by a restart, and only those; the second time in short, but each time with what to do', () => {
  const cause = new TypeError('no id')
  cause.stack = 'TypeError: no id\n    at parse (file:///app/job.ts:12:30)'
  const event = {
    kind: 'attempt-failed',
    error: new StreamError('USER_CODE', 'step/parse threw: no id', { cause }),
    restartInMs: 1_500,
  } as const
  const remedy = `  what to do: ${errorCodes.USER_CODE.remedy}\n  see docs/errors.md#user_code`
  const restart = `${remedy}\n  restarts from its newest checkpoint in 1.5 s`
  assert.equal(eventText(event, context), `failed: USER_CODE: step/parse threw: no id\n    at parse (job.ts:12:30)\n${restart}`)
  assert.equal(eventText(event, { ...context, isRepeated: true }), `failed again: USER_CODE: step/parse threw: no id\n${restart}`)
  assert.equal(eventText({ ...event, restartInMs: undefined }, context), undefined)
})

test('a finished job says what to do if the input has grown', () => {
  const text = eventText({ kind: 'already-finished', checkpoint: 9 }, context) ?? ''
  assert.match(text, /has finished before: checkpoint 9/)
  assert.match(text, /If the input has grown: .* another --checkpoints than state/)
})
