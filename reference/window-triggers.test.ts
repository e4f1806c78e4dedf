import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problems } from './plan.ts'
import type { AssignerSpec, EvictorSpec, TriggerSpec } from './program.ts'
import type { StepInput } from './replay.ts'
import { fired, mark, saw, windowJob, type WindowOf } from './testing.ts'

const ten: AssignerSpec = { kind: 'tumbling', size: 10, offset: 0, time: 'event' }
const byClock: AssignerSpec = { ...ten, time: 'processing' }
const every = (interval: number, time: 'event' | 'processing' = 'event'): TriggerSpec => ({ kind: 'every', interval, time })
const time = (now: number): StepInput => ({ kind: 'time', now })

test('TR-1: once at the end, then at once for each record that is late but allowed, of its key only', () => {
  const of: WindowOf = { assigner: ten, allowedLateness: 20 }
  assert.deepEqual(fired(of, [saw(1, 1), saw(2, 2, { key: 2 }), mark(8), mark(9), mark(10), saw(3, 3), saw(4, 4), mark(20)]), [
    '0..10: 1 @9',
    '0..10: 2 @9',
    '0..10: 1 3 @9',
    '0..10: 1 3 4 @9',
  ])
})

test('TR-2: by the clock, when it is past the end', () => {
  assert.deepEqual(fired({ assigner: byClock }, [saw(1, 1, { now: 3 }), mark(100), time(9)]), [])
  assert.deepEqual(fired({ assigner: byClock }, [saw(1, 1, { now: 3 }), time(10), time(50)]), ['0..10: 1 @9'])
})

test('TR-3: count fires and starts anew, without a purge; purging makes any trigger forget', () => {
  const inputs = [1, 2, 3, 4, 5].map((id) => saw(id, id))
  const count: TriggerSpec = { kind: 'count', n: 2 }
  assert.deepEqual(fired({ assigner: ten, trigger: count }, inputs), ['0..10: 1 2 @9', '0..10: 1 2 3 4 @9'])
  assert.deepEqual(fired({ assigner: ten, trigger: { kind: 'purging', of: count } }, inputs), ['0..10: 1 2 @9', '0..10: 3 4 @9'])
})

test('TR-4: every interval of event time from the first record on, and at the end', () => {
  const of: WindowOf = { assigner: { ...ten, size: 20 }, trigger: every(6) }
  assert.deepEqual(fired(of, [saw(1, 7), mark(11), mark(12), saw(2, 8), mark(18), mark(19)]), [
    '0..20: 1 @19',
    '0..20: 1 2 @19',
    '0..20: 1 2 @19',
  ])
  assert.deepEqual(
    fired(of, [saw(1, 7), mark(30)]),
    ['0..20: 1 @19', '0..20: 1 @19', '0..20: 1 @19'],
    'each interval that the watermark jumps over',
  )
  assert.deepEqual(fired({ ...of, allowedLateness: 20 }, [mark(25), saw(1, 7), mark(30)]), ['0..20: 1 @19'], 'past the end: at once')
})

test('TR-4: the first time is capped at the end, and below 0 the rest has the sign of the time', () => {
  assert.deepEqual(fired({ assigner: ten, trigger: every(100) }, [saw(1, 7), mark(9), mark('end')]), ['0..10: 1 @9'])
  const wide: AssignerSpec = { ...ten, size: 100, offset: -50 }
  assert.deepEqual(fired({ assigner: wide, trigger: every(10) }, [saw(1, -7), mark(9)]), [])
  assert.deepEqual(fired({ assigner: wide, trigger: every(10) }, [saw(1, -7), mark(10)]), ['-50..50: 1 @49'])
})

test('TR-4: every interval of the clock, and at the end of the window', () => {
  const of: WindowOf = { assigner: byClock, trigger: every(4, 'processing') }
  assert.deepEqual(fired(of, [saw(1, 1, { now: 1 }), time(4), time(5), time(9), time(10), time(30)]), [
    '0..10: 1 @9',
    '0..10: 1 @9',
    '0..10: 1 @9',
  ])
  const event: WindowOf = { assigner: ten, trigger: every(4, 'processing') }
  assert.deepEqual(fired(event, [saw(1, 1, { now: 101 }), time(104), time(105), mark(9), time(200)]), ['0..10: 1 @9', '0..10: 1 @9'])
})

test('TR-4: a window without end has no rhythm after the end of the input', () => {
  const of: WindowOf = { assigner: { kind: 'global' }, trigger: every(10) }
  assert.deepEqual(fired(of, [saw(1, 1), mark(25)]), ['1 @1', '1 @1'])
  assert.deepEqual(fired(of, [saw(1, 1), mark('end')]), ['1 @1', '1 @1'])
})

test('TR-4: when sessions merge the earliest time is next', () => {
  const of: WindowOf = { assigner: { kind: 'session', gap: 10, time: 'event' }, trigger: every(50) }
  assert.deepEqual(fired(of, [saw(1, 0), saw(2, 8), mark(9), mark(17)]), ['0..18: 1 2 @17', '0..18: 1 2 @17'])
  assert.deepEqual(fired({ ...of, trigger: every(7) }, [saw(1, 0), saw(2, 12), saw(3, 5), mark(6), mark(7)]), ['0..22: 1 2 3 @21'])
})

test('TR-4: delta fires when it is more than the threshold, from the value at the last firing', () => {
  const of: WindowOf = { assigner: { kind: 'global' }, trigger: { kind: 'delta', threshold: 5, field: 'value' } }
  const values = [10, 15, 16, 12, 10]
  assert.deepEqual(
    fired(
      of,
      values.map((value, id) => saw(id, id, { value })),
    ),
    ['0 1 2 @2', '0 1 2 3 4 @4'],
  )
})

test('TR-5: a trigger replaces the default: a count trigger alone loses what is left', () => {
  assert.deepEqual(fired({ assigner: ten, trigger: { kind: 'count', n: 2 } }, [saw(1, 1), mark('end')]), [])
  assert.deepEqual(fired({ assigner: { kind: 'count', size: 1 }, trigger: { kind: 'count', n: 2 } }, [saw(1, 1), saw(2, 2)]), ['1 2 @2'])
})

test('TR-6: triggers nest, and times that make no sense are no program', () => {
  const nested: TriggerSpec = { kind: 'purging', of: { kind: 'purging', of: every(4) } }
  assert.deepEqual(fired({ assigner: ten, trigger: nested }, [saw(1, 1), mark(5), saw(2, 6), mark(20)]), ['0..10: 1 @9', '0..10: 2 @9'])
  assert.match(problems(windowJob({ assigner: byClock, trigger: every(4) })).join(), /by the clock only/)
  assert.match(problems(windowJob({ assigner: ten, trigger: every(0) })).join(), /interval is 0/)
  assert.match(problems(windowJob({ assigner: ten, trigger: { kind: 'count', n: 0 } })).join(), /n is 0/)
})

test('EV-1: keepLast drops from the head, keepNewest up to its edge, keepNear from its threshold on', () => {
  const table: [EvictorSpec, string][] = [
    [{ kind: 'keepLast', n: 2 }, '3 4'],
    [{ kind: 'keepLast', n: 9 }, '1 2 3 4'],
    [{ kind: 'keepNewest', ms: 3 }, '2 3'],
    [{ kind: 'keepNewest', ms: 4 }, '1 2 3'],
    [{ kind: 'keepNear', threshold: 3, field: 'value' }, '2 3 4'],
    [{ kind: 'keepNear', threshold: 2, field: 'value' }, '3 4'],
  ]
  const inputs = [saw(1, 5), saw(2, 6), saw(3, 8), saw(4, 1), mark('end')]
  for (const [evictor, ids] of table)
    assert.deepEqual(fired({ assigner: ten, evictor }, inputs), [`0..10: ${ids} @9`], JSON.stringify(evictor))
})

test('EV-1: only when a window fires, and what is evicted stays away; aggregates see what is left', () => {
  const of: WindowOf = { assigner: ten, evictor: { kind: 'keepNear', threshold: 2, field: 'value' }, allowedLateness: 50 }
  const inputs = [saw(1, 1, { value: 0 }), saw(2, 2, { value: 9 }), saw(3, 3, { value: 0 }), mark(9), saw(4, 4, { value: 9 })]
  assert.deepEqual(fired(of, inputs), ['0..10: 1 3 @9', '0..10: 4 @9'])
})

test('EV-1: an evictor by time needs timestamps, and no evictor empties a window', () => {
  const of = (evictor: EvictorSpec): string =>
    problems(windowJob({ assigner: { kind: 'count', size: 2 }, evictor }, [], { timed: false })).join()
  assert.match(of({ kind: 'keepNewest', ms: 5 }), /without timestamp/)
  assert.match(of({ kind: 'keepLast', n: 0 }), /n is 0/)
  assert.match(of({ kind: 'keepNear', threshold: 0, field: 'value' }), /is 0/)
  assert.equal(of({ kind: 'keepLast', n: 1 }), '')
})
