import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decideCheckpoint,
  startCoordinator,
  type CoordinatorAction,
  type CoordinatorDecision,
  type CoordinatorEvent,
} from './coordinator.ts'
import { StreamError } from '../core/errors.ts'
import type { Manifest, StoredCommittable } from './manifest.ts'

const sealed: StoredCommittable = { checkpoint: 5, epoch: 1, subtask: 0, data: 'part' }

function manifestOf(reason: Manifest['reason'], committables: readonly StoredCommittable[]): Manifest {
  return {
    format: 1,
    job: 'numbers',
    checkpoint: 5,
    epoch: 1,
    createdAtMs: 0,
    reason,
    keyGroups: 128,
    planHash: 'p',
    chunks: [],
    operators: { 'sink/out': { kind: 'sink', committables, writerStates: [] } },
  }
}

function restoredFrom(restored: Manifest, failureBudget: number = 0): CoordinatorDecision {
  return startCoordinator({
    job: 'numbers',
    epoch: 2,
    planHash: 'p',
    keyGroups: 128,
    tasks: [{ task: 'all', subtask: 0, isSource: true }],
    restored,
    checkpointFloor: 100,
    needsFirst: false,
    failureBudget,
  })
}

const kindsOf = (actions: readonly CoordinatorAction[]): string[] => actions.map(({ kind }) => kind)

test('EO-4: a restored last checkpoint is committed and what older epochs left is withdrawn; then the job has finished, and no task opens', () => {
  const began = restoredFrom(manifestOf('end', [sealed]))
  assert.deepEqual(kindsOf(began.actions), ['commit'])
  const committed = decideCheckpoint(began.state, { kind: 'committed', nowMs: 0, epoch: 2, upTo: 5 })
  // A writer of an older epoch may have sealed more after the epoch of that checkpoint withdrew what it found.
  assert.deepEqual(committed.actions, [{ kind: 'withdraw', kept: { 'sink/out': [sealed] }, open: {} }])
  const withdrawn = decideCheckpoint(committed.state, { kind: 'withdrawn', nowMs: 0, epoch: 2 })
  assert.deepEqual(withdrawn.actions, [{ kind: 'append-finished', checkpoint: 5, usedTo: 100 }])
  const closed = decideCheckpoint(withdrawn.state, { kind: 'closed', nowMs: 0, epoch: 2, entry: 'finished' })
  assert.deepEqual(closed.actions, [{ kind: 'ended', how: 'finished' }])
})

test('TP-3, SK-4: any other restored checkpoint opens the tasks after its commits and the withdrawal', () => {
  const began = restoredFrom(manifestOf('periodic', []))
  assert.deepEqual(kindsOf(began.actions), ['withdraw'])
  const withdrawn = decideCheckpoint(began.state, { kind: 'withdrawn', nowMs: 0, epoch: 2 })
  assert.deepEqual(withdrawn.actions, [{ kind: 'start-tasks', needsFirst: false }])
})

const at = { nowMs: 0, epoch: 2 } as const

test('C10: a task that fails while the last entry is on its way changes nothing; what gives the attempt up does', () => {
  const withdrawn = decideCheckpoint(restoredFrom(manifestOf('end', [])).state, { kind: 'withdrawn', ...at })
  assert.deepEqual(kindsOf(withdrawn.actions), ['append-finished'])
  const error = new StreamError('USER_CODE', 'a call that came back late')
  const failed = decideCheckpoint(withdrawn.state, { kind: 'attemptFailed', ...at, error })
  assert.deepEqual(failed.actions, [])
  assert.deepEqual(decideCheckpoint(failed.state, { kind: 'closed', ...at, entry: 'finished' }).actions, [
    { kind: 'ended', how: 'finished' },
  ])
  assert.deepEqual(decideCheckpoint(failed.state, { kind: 'givenUp', ...at, error }).actions, [{ kind: 'fail-job', error }])
})

test('C10: stopped during the restored commit or the withdrawal: the claim is released after it, and the rest is for the next owner', () => {
  for (const reason of ['periodic', 'end'] as const) {
    const began = restoredFrom(manifestOf(reason, [sealed]))
    const stopped = decideCheckpoint(began.state, { kind: 'stop', nowMs: 0 })
    assert.deepEqual(stopped.actions, [])
    assert.deepEqual(kindsOf(decideCheckpoint(stopped.state, { kind: 'committed', ...at, upTo: 5 }).actions), ['append-release'])
    // With a bound for the commits they are given up first.
    assert.deepEqual(kindsOf(decideCheckpoint(stopped.state, { kind: 'commitsLeft', ...at }).actions), ['append-release'])
    const withdrawing = restoredFrom(manifestOf(reason, []))
    const early = decideCheckpoint(withdrawing.state, { kind: 'stop', nowMs: 0 })
    assert.deepEqual(early.actions, [])
    assert.deepEqual(kindsOf(decideCheckpoint(early.state, { kind: 'withdrawn', ...at }).actions), ['append-release'])
  }
})

test('CP-4: checkpoints in a row that fail are counted from the last one that was stored', () => {
  let { state } = decideCheckpoint(restoredFrom(manifestOf('periodic', []), 2).state, { kind: 'withdrawn', ...at })
  const feed = (event: CoordinatorEvent): readonly string[] => {
    const decision = decideCheckpoint(state, event)
    state = decision.state
    return kindsOf(decision.actions)
  }
  const report = { task: 'all', subtask: 0, isFinal: false, operators: { 'sink/out': { kind: 'sink', committables: [] } } } as const
  const begun = (): number => {
    assert.deepEqual(feed({ kind: 'tick', ...at }), ['trigger-barrier'])
    return state.flight?.checkpoint as number
  }
  const timesOut = (): readonly string[] => feed({ kind: 'timedOut', ...at, checkpoint: begun() })
  feed({ kind: 'tasksRunning', ...at })
  for (let round = 0; round < 3; round++) {
    assert.deepEqual([timesOut(), timesOut()], [['abort'], ['abort']])
    const checkpoint = begun()
    assert.deepEqual(feed({ kind: 'acked', ...at, checkpoint, report }), ['store-manifest'])
    assert.deepEqual(feed({ kind: 'stored', ...at, checkpoint }), ['notify-complete', 'acknowledge-sources', 'release-files'])
  }
  assert.deepEqual([timesOut(), timesOut(), timesOut()], [['abort'], ['abort'], ['abort', 'fail-job']])
})
