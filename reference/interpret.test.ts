import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interpret } from './interpret.ts'
import type { AggregateSpec, Step } from './program.ts'
import {
  BY_KEY,
  at,
  batch,
  ended,
  fieldOf,
  idle,
  job,
  keyedJob,
  keyedSteps,
  outputOf,
  rec,
  sink,
  source,
  split,
  watermarksSeen,
} from './testing.ts'

const stamped = (from: string): Step[] => [{ kind: 'process', id: 'stamp', from, fn: { kind: 'stamp' } }, sink('out', 'stamp')]
const values = (ids: readonly number[]): ReturnType<typeof rec>[] => ids.map((id) => rec(id, id))

test('DS-1: map, filter and flatMap keep order and timestamps (PF-1)', () => {
  const steps: Step[] = [
    { kind: 'map', id: 'm', from: 's', fn: { kind: 'addConst', field: 'value', add: 10 } },
    { kind: 'filter', id: 'f', from: 'm', fn: { kind: 'modIs', field: 'value', modulo: 2, is: 1 } },
    { kind: 'flatMap', id: 'x', from: 'f', fn: { kind: 'repeat', times: 2 } },
    sink('out', 'x'),
  ]
  const out = outputOf(job([source('s', values([1, 2, 3]))], steps), [batch('s', 3)])
  assert.deepEqual(
    out.map(({ value, timestamp }) => [value['value'], value['part'], timestamp]),
    [
      [11, 0, 1],
      [11, 1, 1],
      [13, 0, 3],
      [13, 1, 3],
    ],
  )
})

test('DS-1: mulMod is never negative, pickField and fromRow make records', () => {
  const one = (fn: Extract<Step, { kind: 'map' }>['fn']): unknown =>
    outputOf(job([source('s', [rec(5, 1, { value: -3, key: 4 })])], [{ kind: 'map', id: 'm', from: 's', fn }, sink('out', 'm')]), [
      batch('s'),
    ])[0]?.value
  assert.deepEqual(one({ kind: 'mulMod', field: 'value', multiply: 2, modulo: 5 }), { id: 5, key: 4, value: 4, ts: 1, tag: 'a' })
  assert.deepEqual(one({ kind: 'pickField', field: 'key' }), { id: 5, key: 4, value: 4, ts: 1, tag: 'a' })
  assert.deepEqual(one({ kind: 'fromRow', field: 'id' }), { id: 5, key: 4, value: 5, ts: 1, tag: 'a', by: '4' })
})

test('DS-1: union holds what all its inputs hold, a stream with itself twice', () => {
  const twice: Step[] = [{ kind: 'union', id: 'u', from: ['s', 's', 'r'] }, sink('out', 'u')]
  assert.deepEqual(
    fieldOf(job([source('s', values([1, 2])), source('r', values([7]))], twice), [batch('s', 2), batch('r')], 'id'),
    [1, 1, 2, 2, 7],
  )
})

test('WM-9: a union with itself moves its watermark once all its inputs have', () => {
  const steps: Step[] = [{ kind: 'union', id: 'u', from: ['s', 's'] }, ...stamped('u')]
  assert.deepEqual(watermarksSeen(outputOf(job([source('s', values([5, 6]))], steps), [batch('s'), batch('s')])), ['start', 'start', 4, 4])
})

test('PF-1: what process functions emit has the timestamp of the record, or none as it has', () => {
  const out = outputOf(keyedJob({ kind: 'router', modulo: 2, tag: 't' }, values([5, 6])), [batch('s', 2)])
  assert.deepEqual(
    out.map((one) => one.timestamp),
    [5],
  )
  const untimed = keyedJob({ kind: 'inspect', clock: false }, [rec(1, null)], { timed: false })
  const [one] = outputOf(untimed, [batch('s')])
  assert.deepEqual([one?.timestamp, one?.value['seen']], [null, { timestamp: null, watermark: 'start' }])
})

test('PF-1: side outputs have the timestamp of the record', () => {
  const out = outputOf(keyedJob({ kind: 'router', modulo: 2, tag: 't' }, values([5, 6])), [batch('s', 2)], 'side')
  assert.deepEqual(
    out.map(({ value, timestamp }) => [value['id'], timestamp]),
    [[6, 6]],
  )
})

test('PF-4: what goes to a tag that nobody reads is dropped', () => {
  const program = job(
    [source('s', values([1, 2]))],
    [{ kind: 'process', id: 'p', from: 's', fn: { kind: 'route', modulo: 2, tag: 'lost' } }, sink('out', 'p')],
  )
  assert.deepEqual(fieldOf(program, [batch('s', 2)], 'id'), [1])
})

test('PF-4: a plain process emits any number of records, and to a tag', () => {
  const steps: Step[] = [
    { kind: 'process', id: 'p', from: 's', fn: { kind: 'explode', modulo: 3, tag: 'none' } },
    { kind: 'side', id: 'n', from: 'p', tag: 'none' },
    sink('out', 'p'),
    sink('side', 'n'),
  ]
  const program = job([source('s', values([1, 2, 3]))], steps)
  assert.deepEqual(fieldOf(program, [batch('s', 3)], 'id'), [1, 2, 2])
  assert.deepEqual(fieldOf(program, [batch('s', 3)], 'id', 'side'), [3])
})

test('DS-2: a rolling reduce emits one record per input, the first as it is', () => {
  const steps = (fn: Extract<Step, { kind: 'reduce' }>['fn']): Step[] => [
    { kind: 'keyBy', id: 'k', from: 's', key: BY_KEY },
    { kind: 'reduce', id: 'r', from: 'k', fn },
    sink('out', 'r'),
  ]
  const records = [rec(1, 1, { value: 5 }), rec(2, 2, { value: 3 }), rec(3, 3, { value: 9, key: 2 }), rec(4, 4, { value: 5 })]
  const of = (fn: Extract<Step, { kind: 'reduce' }>['fn']): unknown[] =>
    outputOf(job([source('s', records)], steps(fn)), [batch('s', 4)]).map(({ value, timestamp }) => [
      value['id'],
      value['value'],
      timestamp,
    ])
  assert.deepEqual(of({ kind: 'sum' }), [
    [1, 5, 1],
    [2, 8, 2],
    [3, 9, 3],
    [4, 13, 4],
  ])
  assert.deepEqual(of({ kind: 'max' }), [
    [1, 5, 1],
    [1, 5, 2],
    [3, 9, 3],
    [1, 5, 4],
  ])
  assert.deepEqual(of({ kind: 'hash' }), [
    [1, 5, 1],
    [2, 158, 2],
    [3, 9, 3],
    [4, 4903, 4],
  ])
})

const AGGREGATES: readonly AggregateSpec[] = [
  ...(['count', 'sum', 'min', 'max', 'avg', 'distinct'] as const).map((kind): AggregateSpec => ({ name: kind, kind, field: 'value' })),
]
const aggregating = (aggregates: readonly AggregateSpec[], key = BY_KEY): Step[] => [
  { kind: 'keyBy', id: 'k', from: 's', key },
  { kind: 'aggregate', id: 'g', from: 'k', aggregates },
  sink('out', 'g'),
]

test('DS-1: rolling aggregates emit key and results for each input', () => {
  const records = [rec(1, 1, { value: 4 }), rec(2, 2, { value: 1 }), rec(3, 3, { value: 4 }), rec(4, 4, { value: 8, key: 2 })]
  const out = outputOf(job([source('s', records)], aggregating(AGGREGATES)), [batch('s', 4)])
  assert.deepEqual(
    out.map((one) => one.value),
    [
      { key: 1, count: 1, sum: 4, min: 4, max: 4, avg: 4, distinct: 1 },
      { key: 1, count: 2, sum: 5, min: 1, max: 4, avg: 2.5, distinct: 2 },
      { key: 1, count: 3, sum: 9, min: 1, max: 4, avg: 3, distinct: 2 },
      { key: 2, count: 1, sum: 8, min: 8, max: 8, avg: 8, distinct: 1 },
    ],
  )
  assert.deepEqual(
    out.map((one) => one.timestamp),
    [1, 2, 3, 4],
  )
})

test('DS-3: minBy and maxBy give the whole record, the first on ties; top the greatest first', () => {
  const kinds = ['minBy', 'maxBy', 'first', 'last', 'list', 'top'] as const
  const records = [rec(1, 9, { value: 4 }), rec(2, 8, { value: 1 }), rec(3, 7, { value: 4 }), rec(4, 6, { value: 1 })]
  const out = outputOf(job([source('s', records)], aggregating(kinds.map((kind) => ({ name: kind, kind, field: 'value', n: 2 })))), [
    batch('s', 4),
  ])
  const [one, two, three, four] = records
  assert.deepEqual(out.at(-1)?.value, {
    key: 1,
    minBy: two,
    maxBy: one,
    first: one,
    last: four,
    list: [one, two, three, four],
    top: [one, three],
  })
})

test('DS-4: keys may be numbers, strings and tuples', () => {
  const records = [rec(1, 1, { tag: 'a' }), rec(2, 2, { tag: 'b' }), rec(3, 3, { tag: 'a' }), rec(4, 4, { tag: 'a', key: 2 })]
  const tag = { kind: 'string', field: 'tag' } as const
  const of = (key: Parameters<typeof aggregating>[1]): unknown[] =>
    outputOf(job([source('s', records)], aggregating([{ name: 'n', kind: 'count', field: '' }], key)), [batch('s', 4)]).map(({ value }) => [
      value['key'],
      value['n'],
    ])
  assert.deepEqual(of(tag), [
    ['a', 1],
    ['b', 1],
    ['a', 2],
    ['a', 3],
  ])
  assert.deepEqual(of({ kind: 'tuple', fields: [BY_KEY, tag] }), [
    [[1, 'a'], 1],
    [[1, 'b'], 1],
    [[1, 'a'], 2],
    [[2, 'a'], 1],
  ])
})

test('rules 1.2d: records see the watermark of the batches before theirs', () => {
  const program = job([source('s', values([10, 20, 15, 30]))], stamped('s'))
  assert.deepEqual(watermarksSeen(outputOf(program, [batch('s', 2), batch('s', 2)])), ['start', 'start', 19, 19])
})

test('WM-2: lateness by one split: at the watermark is late, above is not', () => {
  const program = keyedJob({ kind: 'lateness', tag: 't' }, [rec(1, 20), rec(2, 14), rec(3, 15)], { outOfOrdernessMs: 5 })
  const arrival = [batch('s'), batch('s'), batch('s')]
  assert.deepEqual(fieldOf(program, arrival, 'id'), [1, 3])
  assert.deepEqual(fieldOf(program, arrival, 'id', 'side'), [2])
})

test('rules 1.13: consecutive small splits in any order hold the watermark until each has had its batch', () => {
  const program = job([source('s', [], { splits: [split('a', values([1, 2])), split('b', values([3, 4])), split('c', [])] })], stamped('s'))
  const arrival = [
    batch('s', 2, { split: 'b', ended: true }),
    ended('s', 'c'),
    batch('s', 1, { split: 'a' }),
    batch('s', 1, { split: 'a' }),
  ]
  assert.deepEqual(watermarksSeen(outputOf(program, arrival)), ['start', 'start', 'start', 0])
})

test('ID-1, ID-2: without a split that is idle the others go on', () => {
  const program = job([source('s', [], { splits: [split('a', values([1, 2])), split('b', values([8, 9]))] })], stamped('s'))
  const arrival = [batch('s', 1, { split: 'b' }), idle('s', 'a'), batch('s', 1, { split: 'b' }), batch('s', 1, { split: 'a' })]
  assert.deepEqual(watermarksSeen(outputOf(program, arrival)), ['start', 7, 8])
})

test('WM-9, WM-11: a union goes on with what is left when a source has ended', () => {
  const program = job(
    [source('s', values([5])), source('r', values([20, 30]))],
    [{ kind: 'union', id: 'u', from: ['s', 'r'] }, ...stamped('u')],
  )
  assert.deepEqual(watermarksSeen(outputOf(program, [batch('s'), batch('r'), ended('s'), batch('r')])), ['start', 'start', 19])
})

test('rules 1.13: an untimed source stops no timer', () => {
  const steps: Step[] = [{ kind: 'union', id: 'u', from: ['s', 'r'] }, ...keyedSteps('u', { kind: 'cancel', delay: 10, modulo: 100 })]
  const program = job([source('s', [rec(5, 5), rec(50, 50, { key: 2 })]), source('r', [rec(99, null)], { timed: false })], steps)
  assert.deepEqual(fieldOf(program, [batch('s'), batch('s')], 'id'), [5, 50, -1])
})

test('ID-7: a source without splits is idle, then ended: it holds nobody', () => {
  const program = job(
    [source('s', values([5, 6])), source('r', [], { splits: [] })],
    [{ kind: 'union', id: 'u', from: ['s', 'r'] }, ...stamped('u')],
  )
  assert.deepEqual(watermarksSeen(outputOf(program, [batch('s'), batch('s')])), ['start', 4])
})

test('EO-1: the end of a source may be an event of its own', () => {
  const program = keyedJob({ kind: 'cancel', delay: 10, modulo: 100 }, values([5]))
  assert.deepEqual(fieldOf(program, [batch('s', 1, { ended: true }), { kind: 'source-ended', source: 's' }], 'id'), [5, -1])
  assert.deepEqual(fieldOf(program, [{ kind: 'time', now: 0 }, batch('s'), ended('s')], 'id'), [5, -1])
})

test('an arrival that stops early holds back what waits', () => {
  assert.deepEqual(fieldOf(keyedJob({ kind: 'cancel', delay: 10, modulo: 100 }, values([5])), [batch('s')], 'id'), [5])
})

test('a context gives the clock', () => {
  const seen = fieldOf(keyedJob({ kind: 'inspect', clock: true }, values([1, 2])), [at(10), batch('s'), batch('s', 1, { now: 30 })], 'seen')
  assert.deepEqual(seen, [
    { timestamp: 1, watermark: 'start', now: 10 },
    { timestamp: 2, watermark: 0, now: 30 },
  ])
})

test('keyed functions: counter, sequence, previous, collect and tally keep what they say', () => {
  const records = [rec(1, 1, { value: 3 }), rec(2, 2, { value: 4, tag: 'b' }), rec(3, 3, { value: 5 })]
  const of = (fn: Parameters<typeof keyedJob>[0], field: string): unknown[] => fieldOf(keyedJob(fn, records), [batch('s', 3)], field)
  assert.deepEqual(of({ kind: 'counter', every: 2 }, 'id'), [2])
  assert.deepEqual(of({ kind: 'sequence' }, 'seq'), [1, 2, 3])
  assert.deepEqual(of({ kind: 'sequence' }, 'hash'), [220, 6824, 211549])
  assert.deepEqual(of({ kind: 'previous', clearAt: 4 }, 'before'), [null, 3, null])
  assert.deepEqual(of({ kind: 'collect', keep: 2 }, 'kept'), [[3], [3, 4], [4, 5]])
  assert.deepEqual(of({ kind: 'tally', limit: 2, most: 5 }, 'left'), [[['b', 1]]])
  assert.deepEqual(of({ kind: 'tally', limit: 2, most: 1 }, 'left'), [])
})

test('rules 1.12: a record is frozen once emitted', () => {
  const [one] = outputOf(keyedJob({ kind: 'collect', keep: 2 }, values([1])), [batch('s')])
  assert.ok(Object.isFrozen(one?.value) && Object.isFrozen(one?.value['kept']))
})

test('sinks give their records by key as well', () => {
  const program = job([source('s', [rec(1, 1), rec(2, 2, { key: 2 }), rec(3, 3)])], [sink('out', 's')])
  const { byKey } = interpret(program, [batch('s', 3)]).sinks.get('out')!
  assert.deepEqual(
    [...byKey].map(([key, all]) => [key, all.map((one) => one.value['id'])]),
    [
      ['1', [1, 3]],
      ['2', [2]],
    ],
  )
})

test('what is no program, or no arrival, is refused', () => {
  const untimed = keyedJob({ kind: 'cancel', delay: 1, modulo: 2 }, [rec(1, null)], { timed: false })
  assert.throws(() => interpret(untimed, []), /NO_EVENT_TIME/)
  assert.throws(() => interpret(job([source('s', [])], [sink('out', 'nowhere')]), []), /not before it/)
  assert.throws(() => interpret(job([source('s', [rec(1, null)])], []), []), /has ts null/)
  const good = job([source('s', values([1]))], [sink('out', 's')])
  assert.throws(() => interpret(good, [batch('s', 2)]), /has 1 records/)
  assert.throws(() => interpret(good, [ended('s'), batch('s')]), /has ended/)
  assert.throws(() => interpret(good, [batch('x')]), /no source/)
})
