import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interpret } from './interpret.ts'
import { problems } from './plan.ts'
import type { AssignerSpec, Step, WindowSpec } from './program.ts'
import { replay, replayStep, type StepInput } from './replay.ts'
import { BY_KEY, batch, fired, job, mark, outputOf, rec, saw, sink, source, windowJob, type WindowOf } from './testing.ts'
import { assign, maxTimestamp, windowStart } from './window-assigners.ts'

const tumbling = (size: number, offset = 0): AssignerSpec => ({ kind: 'tumbling', size, offset, time: 'event' })
const byClock = (size: number): AssignerSpec => ({ kind: 'tumbling', size, offset: 0, time: 'processing' })
const sliding = (size: number, slide: number, offset = 0): AssignerSpec => ({ kind: 'sliding', size, slide, offset, time: 'event' })
const windowsOf = (assigner: AssignerSpec, at: number): number[][] =>
  assign(assigner, rec(1, at), at).map((window) => [window.start, window.end])
const END: StepInput = { kind: 'end' }

test('WA-1: [start, end), and the greatest timestamp is end - 1', () => {
  assert.deepEqual(windowsOf(tumbling(10), 9), [[0, 10]])
  assert.deepEqual(windowsOf(tumbling(10), 10), [[10, 20]])
  assert.equal(maxTimestamp({ start: 0, end: 10 }), 9)
})

test('WA-2: the start of a window, below 0 and with offsets', () => {
  const vectors = [
    [-1, 0, -10],
    [-10, 0, -10],
    [0, 0, 0],
    [9, 0, 0],
    [10, 0, 10],
    [12, -5, 5],
    [3, 5, -5],
    [-7, 3, -7],
  ] as const
  for (const [at, offset, start] of vectors) assert.ok(Object.is(windowStart(at, offset, 10), start), `${at} off ${offset}`)
})

test('WA-3: sliding from the last start back; a slide above the size leaves gaps', () => {
  assert.deepEqual(windowsOf(sliding(10, 5), 7), [
    [5, 15],
    [0, 10],
  ])
  assert.deepEqual(windowsOf(sliding(10, 4, -1), -2), [
    [-5, 5],
    [-9, 1],
  ])
  assert.deepEqual(windowsOf(sliding(3, 10), 12), [[10, 13]])
  assert.deepEqual(windowsOf(sliding(3, 10), 13), [])
})

test('WA-3: offsets stay below the size, or the slide; sizes and gaps are above 0', () => {
  const wrong: AssignerSpec[] = [
    tumbling(10, 10),
    tumbling(10, -10),
    tumbling(0),
    sliding(10, 5, 5),
    sliding(0, 5),
    { kind: 'cumulative', size: 10, step: 3, offset: 0, time: 'event' },
    { kind: 'session', gap: 0, time: 'event' },
    { kind: 'session', gap: { field: 'value', least: 0, modulo: 3 }, time: 'event' },
    { kind: 'count', size: 0 },
    { kind: 'count', size: 1, slide: 0 },
  ]
  for (const assigner of wrong) assert.notDeepEqual(problems(windowJob({ assigner })), [], JSON.stringify(assigner))
  assert.deepEqual(problems(windowJob({ assigner: tumbling(10, -9) })), [])
})

test('cumulative windows share their start and end at each step', () => {
  const assigner: AssignerSpec = { kind: 'cumulative', size: 30, step: 10, offset: 0, time: 'event' }
  assert.deepEqual(windowsOf(assigner, 12), [
    [0, 20],
    [0, 30],
  ])
  assert.deepEqual(windowsOf({ ...assigner, offset: 5 }, -1), [[-25, 5]])
  assert.deepEqual(fired({ assigner }, [saw(1, 5), saw(2, 25), mark('end')]), ['0..10: 1 @9', '0..20: 1 @19', '0..30: 1 2 @29'])
})

test('WA-4: event-time windows where a record may have no timestamp are no program', () => {
  const of = (more: Parameters<typeof source>[2], steps: Step[]): string[] => problems(job([source('s', [], more)], steps))
  const windows = windowJob({ assigner: tumbling(10) }).steps
  assert.match(of({ timed: false }, [...windows]).join(), /NO_EVENT_TIME/)
  assert.deepEqual(of({}, [...windows]), [])
  const after = (first: Step[]): string[] =>
    of({}, [...first, ...windows.map((step) => (step.id === 'k' ? { ...step, from: 'p' } : step))] as Step[])
  const key: Step = { kind: 'keyBy', id: 'before', from: 's', key: BY_KEY }
  const timeout: Step = { kind: 'keyedProcess', id: 'p', from: 'before', fn: { kind: 'timeout', delay: 1 } } // PF-2: no timestamp
  const counts: Step = {
    kind: 'window',
    id: 'p',
    from: 'before',
    assigner: { kind: 'count', size: 2 },
    allowedLateness: 0,
    fn: { kind: 'ids' },
  }
  const clock: Step = { ...counts, assigner: byClock(10) }
  assert.match(after([key, timeout]).join(), /NO_EVENT_TIME.*without timestamp/)
  for (const before of [counts, clock]) assert.deepEqual(after([key, before]), [])
  assert.throws(
    () => replayStep(windowJob({ assigner: tumbling(10) }), 'w', [{ ...saw(1, 1), timestamp: null } as StepInput]),
    /without timestamp/,
  )
})

test('WA-5: windows of processing time go by the clock at arrival, not by timestamps', () => {
  const inputs: StepInput[] = [saw(1, 900, { now: 5 }), saw(2, 1, { now: 12 }), { kind: 'time', now: 19 }]
  assert.deepEqual(fired({ assigner: byClock(10) }, inputs), ['0..10: 1 @9'])
  assert.deepEqual(fired({ assigner: byClock(10) }, [...inputs, { kind: 'time', now: 20 }]), ['0..10: 1 @9', '10..20: 2 @19'])
})

test('WA-8: a global window never fires by itself, is never late and never cleaned up', () => {
  const assigner: AssignerSpec = { kind: 'global' }
  const inputs = [saw(1, 5), mark(1_000), saw(2, 5), mark('end'), END]
  assert.deepEqual(fired({ assigner }, inputs), [])
  assert.deepEqual(fired({ assigner, trigger: { kind: 'atEnd' } }, inputs), ['1 2 @5'])
  assert.deepEqual(fired({ assigner, trigger: { kind: 'count', n: 1 } }, inputs), ['1 @5', '1 2 @5'])
  const untimed = windowJob({ assigner, trigger: { kind: 'atEnd' } }, [rec(1, null)], { timed: false })
  assert.equal(outputOf(untimed, [batch('s', 1, { ended: true })]).length, 1)
})

test('WA-9: count windows purge; with a slide they fire every so many over the last ones', () => {
  const five = [1, 2, 3, 4, 5].map((id) => saw(id, id))
  assert.deepEqual(fired({ assigner: { kind: 'count', size: 2 } }, [...five, mark('end'), END]), ['1 2 @2', '3 4 @4'])
  assert.deepEqual(fired({ assigner: { kind: 'count', size: 3, slide: 2 } }, five), ['1 2 @2', '2 3 4 @4'])
  assert.deepEqual(fired({ assigner: { kind: 'count', size: 1, slide: 2 } }, five), ['2 @2', '4 @4'])
  assert.deepEqual(fired({ assigner: { kind: 'count', size: 2 } }, [saw(1, 1), saw(2, 2, { key: 2 }), saw(3, 3)]), ['1 3 @3'])
})

test('WO-1, WO-2: late is a cleanup time at or below the watermark', () => {
  const table: [lateness: number, watermark: number, out: string[]][] = [
    [0, 8, ['0..10: 1 2 @9']],
    [0, 9, ['0..10: 1 @9', 'late 2 @3']],
    [5, 9, ['0..10: 1 @9', '0..10: 1 2 @9']],
    [5, 13, ['0..10: 1 @9', '0..10: 1 2 @9']],
    [5, 14, ['0..10: 1 @9', 'late 2 @3']],
    [Number.MAX_SAFE_INTEGER, 1_000_000, ['0..10: 1 @9', '0..10: 1 2 @9']],
  ]
  for (const [allowedLateness, watermark, out] of table)
    assert.deepEqual(
      fired({ assigner: tumbling(10), allowedLateness }, [saw(1, 1), mark(watermark), saw(2, 3), mark('end')]),
      out,
      `${allowedLateness} at ${watermark}`,
    )
})

test('WO-3: late only when every window skips the record, and it is late itself', () => {
  const assigner = sliding(10, 5)
  assert.deepEqual(fired({ assigner }, [mark(9), saw(1, 7), mark('end')]), ['5..15: 1 @14'])
  assert.deepEqual(fired({ assigner }, [mark(14), saw(1, 7), mark('end')]), ['late 1 @7'])
  const gaps = sliding(3, 10)
  assert.deepEqual(fired({ assigner: gaps }, [mark(10), saw(1, 14), saw(2, 5), saw(3, 10), mark('end')]), ['late 2 @5', '10..13: 3 @12'])
  assert.deepEqual(fired({ assigner: gaps, allowedLateness: 6 }, [mark(10), saw(2, 5)]), [])
})

test('WO-3: without a tag what is late is dropped and counted', () => {
  const records = [rec(1, 50), rec(2, 3)]
  const tagged = interpret(windowJob({ assigner: tumbling(10) }, records), [batch('s'), batch('s', 1, { ended: true })])
  assert.deepEqual(tagged.sinks.get('late')?.emissions, [{ value: rec(2, 3), timestamp: 3 }])
  assert.equal(tagged.dropped.size, 0)
  const program = windowJob({ assigner: tumbling(10) }, records)
  const untagged = { ...program, steps: program.steps.map(({ ...step }) => (delete (step as { lateTag?: string }).lateTag, step)) }
  const dropped = interpret(untagged, [batch('s'), batch('s', 1, { ended: true })])
  assert.deepEqual(dropped.dropped.get('w'), [{ value: rec(2, 3), timestamp: 3 }])
  assert.deepEqual(dropped.sinks.get('late')?.emissions, [])
})

test('WO-4: the record is there when its own firing reads the window, and a purge comes after', () => {
  const of: WindowOf = { assigner: tumbling(10), trigger: { kind: 'purging', of: { kind: 'count', n: 2 } } }
  assert.deepEqual(fired(of, [saw(1, 1), saw(2, 2), saw(3, 3), saw(4, 4), saw(5, 5), mark('end')]), ['0..10: 1 2 @9', '0..10: 3 4 @9'])
})

test('WO-5: at its cleanup time a window forgets its trigger, too', () => {
  const of: WindowOf = { assigner: byClock(10), trigger: { kind: 'count', n: 2 } }
  assert.deepEqual(fired(of, [saw(1, 1, { now: 5 }), { kind: 'time', now: 10 }, saw(2, 2, { now: 15 }), saw(3, 3, { now: 16 })]), [
    '10..20: 2 3 @19',
  ])
})

test('WO-6: results carry the greatest timestamp of the window at every firing, so that windows line up', () => {
  const records = [rec(1, 3), rec(2, 14), rec(3, 25)]
  const second: Step[] = [
    { kind: 'keyBy', id: 'k2', from: 'w', key: { kind: 'string', field: 'by' } },
    {
      kind: 'window',
      id: 'w2',
      from: 'k2',
      assigner: tumbling(20),
      allowedLateness: 0,
      fn: { kind: 'aggregate', aggregates: [{ name: 'n', kind: 'sum', field: 'value' }] },
    },
    sink('out2', 'w2'),
  ]
  const program = windowJob({ assigner: tumbling(10) }, records)
  const out = outputOf({ ...program, steps: [...program.steps, ...second] }, [batch('s', 3, { ended: true })], 'out2')
  assert.deepEqual(out, [
    { value: { key: '1', window: { start: 0, end: 20 }, n: 2 }, timestamp: 19 },
    { value: { key: '1', window: { start: 20, end: 40 }, n: 1 }, timestamp: 39 },
  ])
})

test('WO-7: a purge takes the contents only: the count of the trigger and a session go on', () => {
  const purging = { kind: 'purging', of: { kind: 'atEnd' } } as const
  assert.deepEqual(fired({ assigner: tumbling(10), trigger: purging, allowedLateness: 50 }, [saw(1, 1), mark(20), saw(2, 2), saw(3, 3)]), [
    '0..10: 1 @9',
    '0..10: 2 @9',
    '0..10: 3 @9',
  ])
  assert.deepEqual(
    fired({ assigner: { kind: 'session', gap: 10, time: 'event' }, trigger: { kind: 'purging', of: { kind: 'count', n: 2 } } }, [
      saw(1, 0),
      saw(2, 5),
      saw(3, 12),
      saw(4, 14),
    ]),
    ['0..15: 1 2 @14', '0..24: 3 4 @23'],
  )
})

test('WO-8: a window that is empty does not fire', () => {
  const of: WindowOf = { assigner: tumbling(10), trigger: { kind: 'purging', of: { kind: 'every', interval: 4, time: 'event' } } }
  assert.deepEqual(fired(of, [saw(1, 1), mark(4), mark(8), mark('end')]), ['0..10: 1 @9'])
})

test('WO-9: the context of a window: key, window, watermark, clock', () => {
  const [row] = replayStep(windowJob({ assigner: tumbling(10), fn: { kind: 'inspect', clock: true } }), 'w', [
    saw(1, 1, { now: 7 }),
    mark(30),
  ])
  assert.deepEqual(row?.value, {
    id: -1,
    key: 1,
    by: '1',
    ts: null,
    tag: 'window',
    value: 1,
    ids: [1],
    window: { start: 0, end: 10 },
    seen: { watermark: 30, now: 7 },
  })
})

test('WO-10: aggregates of a window, by key; without a window field where there is no end', () => {
  const fn: WindowSpec = {
    kind: 'aggregate',
    aggregates: [
      { name: 'n', kind: 'count', field: '' },
      { name: 'most', kind: 'max', field: 'value' },
      { name: 'first', kind: 'first', field: '' },
    ],
  }
  const inputs = [saw(2, 5), saw(1, 4, { key: 2 }), saw(3, 1), mark('end')]
  assert.deepEqual(
    replayStep(windowJob({ assigner: tumbling(10), fn }), 'w', inputs).map((one) => one.value),
    [
      { key: 1, window: { start: 0, end: 10 }, n: 2, most: 3, first: rec(2, 5) },
      { key: 2, window: { start: 0, end: 10 }, n: 1, most: 1, first: rec(1, 4, { key: 2 }) },
    ],
  )
  assert.deepEqual(replayStep(windowJob({ assigner: { kind: 'count', size: 2 }, fn }), 'w', inputs)[0]?.value, {
    key: 1,
    n: 2,
    most: 3,
    first: rec(2, 5),
  })
})

test('PF-4: the functions of windows: none, one or several, and a tag', () => {
  const run = (fn: WindowSpec, count: number): unknown[] =>
    replayStep(windowJob({ assigner: tumbling(100), fn }), 'w', [...Array.from({ length: count }, (_, i) => saw(i, i)), mark('end')]).map(
      (one) => [one.tag, one.value['id']],
    )
  assert.deepEqual(run({ kind: 'some', modulo: 3 }, 3), [])
  assert.deepEqual(run({ kind: 'some', modulo: 3 }, 5), [
    [null, -1],
    [null, -1],
  ])
  assert.deepEqual(run({ kind: 'route', modulo: 2, tag: 't' }, 2), [['t', -1]])
  assert.deepEqual(run({ kind: 'route', modulo: 2, tag: 't' }, 3), [[null, -1]])
  assert.deepEqual(run({ kind: 'each' }, 2), [
    [null, 0],
    [null, 1],
  ])
})

test('TM-2: one watermark fires windows in order of their ends', () => {
  assert.deepEqual(fired({ assigner: tumbling(10) }, [saw(1, 25), saw(2, 3), saw(3, 14), mark(100)]), [
    '0..10: 2 @9',
    '10..20: 3 @19',
    '20..30: 1 @29',
  ])
  assert.deepEqual(fired({ assigner: sliding(10, 5) }, [saw(1, 7), mark(100)]), ['0..10: 1 @9', '5..15: 1 @14'])
})

test('TM-6, WM-11: the end of input fires windows of event time, and drops those of processing time', () => {
  assert.deepEqual(fired({ assigner: tumbling(10) }, [saw(1, 1), END]), ['0..10: 1 @9'])
  assert.deepEqual(fired({ assigner: byClock(10) }, [saw(1, 1), mark('end'), END, { kind: 'time', now: 100 }]), [])
})

test('PF-3: what a window step saw replays, with the steps after it', () => {
  const program = windowJob({ assigner: tumbling(10) }, [rec(1, 1), rec(2, 2)])
  const { sinks, offered } = replay(program, new Map([['w', [[saw(2, 2), mark(9), saw(1, 1)]]]]))
  assert.equal(sinks.get('out')?.emissions.length, 1)
  assert.equal(sinks.get('late')?.emissions.length, 1)
  assert.equal(offered.get('w')?.length, 2)
  assert.throws(() => replay(program, new Map()), /needs its recorded order/)
})

test('PF-4: late records and results have tags of their own', () => {
  const program = windowJob({ assigner: tumbling(10), lateTag: 't', fn: { kind: 'route', modulo: 2, tag: 't' } })
  assert.match(problems(program).join(), /one tag/)
})
