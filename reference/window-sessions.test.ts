import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problems } from './plan.ts'
import type { AssignerSpec } from './program.ts'
import { replayStep, type StepInput } from './replay.ts'
import { fired, mark, saw, windowJob, type WindowOf } from './testing.ts'

const session = (gap: number): AssignerSpec => ({ kind: 'session', gap, time: 'event' })
const byClock = (gap: number): AssignerSpec => ({ kind: 'session', gap, time: 'processing' })

test('WA-7: sessions merge at exactly one gap, and not beyond', () => {
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 0), saw(2, 10), mark('end')]), ['0..20: 1 2 @19'])
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 0), saw(2, 11), mark('end')]), ['0..10: 1 @9', '11..21: 2 @20'])
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 10), saw(2, 0), mark('end')]), ['0..20: 1 2 @19'])
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 0), saw(2, 5, { key: 2 }), mark('end')]), ['0..10: 1 @9', '5..15: 2 @14'])
})

test('WA-7: a gap that each value says', () => {
  const assigner: AssignerSpec = { kind: 'session', gap: { field: 'value', least: 2, modulo: 20 }, time: 'event' }
  const inputs = [saw(1, 0, { value: 10 }), saw(2, 13, { value: 0 }), saw(3, 20, { value: -1 }), mark('end')]
  assert.deepEqual(fired({ assigner }, inputs), ['0..12: 1 @11', '13..15: 2 @14', '20..41: 3 @40'])
})

test('SM-1: a record between two sessions makes them one; what they hold stands in the order of their starts, the record last', () => {
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 20), saw(2, 0), saw(3, 10), mark('end')]), ['0..30: 2 1 3 @29'])
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 20), saw(2, 0), saw(3, 21), saw(4, 10), mark('end')]), ['0..31: 2 1 3 4 @30'])
})

test('SM-1: a record inside a session changes nothing but its contents', () => {
  const assigner: AssignerSpec = { kind: 'session', gap: { field: 'value', least: 1, modulo: 50 }, time: 'event' }
  assert.deepEqual(fired({ assigner }, [saw(1, 0, { value: 40 }), saw(2, 10, { value: 1 }), mark('end')]), ['0..41: 1 2 @40'])
})

test('SM-2: the late check is that of the merged window: a late record that reaches a live session is in it', () => {
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 20), mark(19), saw(2, 10), mark('end')]), ['10..30: 1 2 @29'])
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 20), mark(19), saw(2, 9), mark('end')]), ['late 2 @9', '20..30: 1 @29'])
})

test('SM-2: counts of a trigger add up when sessions merge', () => {
  const of: WindowOf = { assigner: session(10), trigger: { kind: 'count', n: 4 } }
  assert.deepEqual(fired(of, [saw(1, 0), saw(2, 20), saw(3, 21), saw(4, 10)]), ['0..31: 1 2 3 4 @30'])
  assert.deepEqual(fired({ ...of, trigger: { kind: 'count', n: 2 } }, [saw(1, 0), saw(2, 20), saw(3, 10)]), ['0..30: 1 2 3 @29'])
})

test('SM-3: a lone late record leaves no window behind', () => {
  assert.deepEqual(fired({ assigner: session(10) }, [mark(20), saw(1, 0), saw(2, 9), saw(3, 15), mark('end')]), [
    'late 1 @0',
    'late 2 @9',
    '15..25: 3 @24',
  ])
})

test('SM-3: sessions of processing time that would end in the past when they merge fail the job', () => {
  const step = windowJob({ assigner: byClock(1) })
  assert.throws(() => replayStep(step, 'w', [saw(1, 0, { now: 5 }), saw(2, 0, { now: 6 })]), /ends at 7, which is past/)
  assert.equal(replayStep(step, 'w', [saw(1, 0, { now: 5 }), saw(2, 0, { now: 5 }), { kind: 'time', now: 6 }]).length, 1)
  const inputs: StepInput[] = [saw(1, 0, { now: 5 }), saw(2, 0, { now: 7 }), { kind: 'time', now: 8 }, { kind: 'time', now: 9 }]
  assert.deepEqual(fired({ assigner: byClock(2) }, inputs), ['5..9: 1 2 @8'])
})

test('SM-4: a merged session fires once: at its end, or at once when that is past', () => {
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 0), saw(2, 5), mark(9), mark(14), mark(15)]), ['0..15: 1 2 @14'])
  const late: WindowOf = { assigner: session(10), allowedLateness: 100 }
  assert.deepEqual(fired(late, [saw(1, 0), mark(50), saw(2, 5), mark(60)]), ['0..10: 1 @9', '0..15: 1 2 @14'])
})

test('SM-5: the end of a session that became part of another is no end any more', () => {
  assert.deepEqual(fired({ assigner: session(10) }, [saw(1, 0), saw(2, 9), mark(9)]), [])
})

test('SM-6: a late record merges two sessions that have fired, and the union fires', () => {
  const of: WindowOf = { assigner: session(10), allowedLateness: 100 }
  assert.deepEqual(fired(of, [saw(1, 0), saw(2, 20), mark(40), saw(3, 10)]), ['0..10: 1 @9', '20..30: 2 @29', '0..30: 1 2 3 @29'])
})

test('SM-6: a trigger that cannot merge is no trigger of sessions', () => {
  const trigger = { kind: 'purging', of: { kind: 'delta', threshold: 1, field: 'value' } } as const
  assert.match(problems(windowJob({ assigner: session(10), trigger })).join(), /cannot merge/)
})
