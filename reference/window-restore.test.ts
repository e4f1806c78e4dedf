import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AssignerSpec } from './program.ts'
import type { StepInput } from './replay.ts'
import { fired, mark, saw, type WindowOf } from './testing.ts'

const ten: AssignerSpec = { kind: 'tumbling', size: 10, offset: 0, time: 'event' }
const session: AssignerSpec = { kind: 'session', gap: 10, time: 'event' }
const restored = (at: number, floor?: number): StepInput => ({ kind: 'restored', at, ...(floor === undefined ? {} : { floor }) })

test('rules 1.2 c: a window that was cleaned up does not open again at a lower watermark', () => {
  assert.deepEqual(fired({ assigner: ten }, [saw(1, 1), mark(30), restored(-5), saw(2, 2), mark(9), mark(40)]), [
    '0..10: 1 @9',
    'late 2 @2',
  ])
  assert.deepEqual(fired({ assigner: session }, [saw(1, 1), mark(30), restored(-5), saw(2, 2), mark(40)]), ['1..11: 1 @10', 'late 2 @2'])
})

test('rules 1.2 c: a window that fired and is still open fires at once for a record, and not again when the watermark passes', () => {
  const of: WindowOf = { assigner: ten, allowedLateness: 30 }
  assert.deepEqual(fired(of, [saw(1, 1), mark(20), restored(0), saw(2, 2), mark(9), mark(15), mark(60)]), ['0..10: 1 @9', '0..10: 1 2 @9'])
  assert.deepEqual(fired(of, [saw(1, 1), mark(20), restored(0), mark(60)]), ['0..10: 1 @9'], 'nothing new: nothing fires')
})

test('rules 1.2 c: a key without a window in a time that its group has passed fires at once, too', () => {
  assert.deepEqual(fired({ assigner: ten, allowedLateness: 30 }, [mark(20), restored(0), saw(2, 2), mark(60)]), ['0..10: 2 @9'])
})

test('rules 1.2 c: windows above the floor fire by the watermark, in time', () => {
  assert.deepEqual(fired({ assigner: ten }, [saw(1, 21), mark(20), restored(5), saw(2, 22), mark(20), mark(28)]), [])
  assert.deepEqual(fired({ assigner: ten }, [saw(1, 21), mark(20), restored(5), saw(2, 22), mark(29)]), ['20..30: 1 2 @29'])
})

test('rules 1.2 c: a session above the floor takes in what reaches it, one below is late', () => {
  assert.deepEqual(fired({ assigner: session }, [saw(1, 25), mark(24), restored(0), saw(2, 15), saw(3, 2), mark('end')]), [
    'late 3 @2',
    '15..35: 1 2 @34',
  ])
})

test('rules 1.2 c: a floor outlives a second restore, until the watermark has passed it', () => {
  const twice = [saw(1, 1), mark(30), restored(-5), mark(0), restored(-3), saw(2, 2), mark(40)]
  assert.deepEqual(fired({ assigner: ten }, twice), ['0..10: 1 @9', 'late 2 @2'])
  assert.deepEqual(fired({ assigner: ten }, [mark(30), restored(5), mark(45), saw(1, 41), saw(2, 32), mark('end')]), [
    'late 2 @32',
    '40..50: 1 @49',
  ])
})

test('rules 1.2 c: the recorded floor counts, not what this list has seen', () => {
  assert.deepEqual(fired({ assigner: ten }, [restored(-5, 30), saw(1, 1), mark('end')]), ['late 1 @1'])
  assert.deepEqual(fired({ assigner: ten }, [saw(1, 1), mark(30), restored(-5, -5), saw(2, 2), mark('end')]), [
    '0..10: 1 @9',
    '0..10: 2 @9',
  ])
})
