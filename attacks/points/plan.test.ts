import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CRASH_POINTS } from '../../packages/millrace/src/job/crash-points.ts'
import type { Kill } from '../kill/kill.ts'
import { chosenPoints, misplaced, planOf, type Moment } from './plan.ts'

type PointKill = Extract<Kill, { kind: 'point' }>

function killsAt(seed: number, point: string, times: number): PointKill[] {
  return planOf(seed, CRASH_POINTS, times).filter((kill): kill is PointKill => kill.kind === 'point' && kill.point === point)
}

test('each crash point is in the plan as often as was asked for', () => {
  for (const seed of [1, 2, 3])
    for (const times of [1, 2, 5]) for (const point of CRASH_POINTS) assert.equal(killsAt(seed, point, times).length, times, point)
})

test('what any process passes while it restores is also hit by one that has a checkpoint, what subtasks pass by a job of several', () => {
  const places = (point: string): readonly unknown[] => killsAt(7, point, 2).map(({ place }) => place)
  for (const point of ['claim.before', 'withdraw.after', 'restore.open', 'restore.runRead', 'restore.opened'])
    assert.ok(places(point).includes('restore'), point)
  for (const point of ['task.drained', 'task.encoded', 'task.acknowledge', 'chunk.after', 'files.part.beforeCreate'])
    assert.ok(places(point).includes('subtasks'), point)
})

test('no point is hit twice at the same moment, unless only a job that has just begun passes it', () => {
  for (const point of CRASH_POINTS) {
    const moments = killsAt(3, point, 2).map(({ nth, fresh }) => `${nth} ${fresh}`)
    const isOfNewJobs = point.startsWith('directory.') || point.startsWith('storage.mark.')
    assert.equal(new Set(moments).size, isOfNewJobs ? 1 : 2, point)
  }
})

test('shares of all points are all points, each in one', () => {
  const shares = [0, 1, 2].flatMap((seed) => chosenPoints(seed, 3))
  assert.deepEqual([...shares].sort(), [...CRASH_POINTS].sort())
})

test('a point that was hit elsewhere only is named', () => {
  const moment = (more: Partial<Moment>): Moment => ({ nth: 1, phase: 'processing', subtasks: 1, ...more })
  const hits = new Map([
    ['restore.opened', [moment({ phase: 'before checkpoint 0', subtasks: 4 }), moment({ phase: 'restore' })]],
    ['restore.open', [moment({ phase: 'before checkpoint 0', subtasks: 4 })]],
    ['task.held', [moment({}), moment({ subtasks: 2 })]],
    ['task.drained', [moment({}), moment({ phase: 'restore' })]],
    ['commit.before', [moment({})]],
    ['commit.after', []],
  ])
  assert.deepEqual(misplaced(hits), ['restore.open', 'task.drained'])
})
