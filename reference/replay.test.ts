import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replay, replayStep, type StepInput } from './replay.ts'
import { interpret } from './interpret.ts'
import { sameMultiset } from './check.ts'
import { batch, job, keyedJob, keyedSteps, rec, sink, source } from './testing.ts'

const seen = (id: number, ts: number, key = 1): StepInput => ({ kind: 'record', value: rec(id, ts, { key }), timestamp: ts })

test('PT-4: a replayed step follows its recorded order, not the order of the sources', () => {
  const program = keyedJob({ kind: 'sequence' }, [rec(1, 1), rec(2, 2)])
  const { sinks, offered } = replay(program, new Map([['p', [[seen(2, 2), seen(1, 1)]]]]))
  assert.deepEqual(
    sinks.get('out')?.emissions.map((one) => [one.value['id'], one.value['seq']]),
    [
      [2, 1],
      [1, 2],
    ],
  )
  assert.deepEqual(
    offered.get('p')?.map((one) => one.value['id']),
    [1, 2],
  )
})

test('PF-3: each subtask has state, timers, watermark and clock of its own', () => {
  const program = keyedJob({ kind: 'cancel', delay: 10, modulo: 100 }, [rec(1, 0), rec(2, 0, { key: 2 })])
  const orders = new Map([
    [
      'p',
      [
        [seen(1, 0), { kind: 'watermark', at: 10 }],
        [{ kind: 'watermark', at: 50 }, seen(2, 0, 2), { kind: 'watermark', at: 50 }],
      ] as StepInput[][],
    ],
  ])
  assert.deepEqual(
    replay(program, orders)
      .sinks.get('out')
      ?.emissions.map((one) => [one.value['by'], one.value['tag']]),
    [
      ['1', 'a'],
      ['1', 'timer'],
      ['2', 'a'],
    ],
  )
})

test('TM-4, TM-6: a replayed step has its own times and end', () => {
  const program = keyedJob({ kind: 'timeout', delay: 10 }, [])
  const of = (...inputs: StepInput[]): unknown[] =>
    replayStep(program, 'p', [{ ...seen(1, 0), now: 100 } as StepInput, ...inputs]).map((one) => one.value['value'])
  assert.deepEqual(of({ kind: 'time', now: 110 }), [])
  assert.deepEqual(of({ kind: 'time', now: 111 }), [1])
  assert.deepEqual(of({ kind: 'end' }, { kind: 'time', now: 111 }), [])
})

test('rules 1.2 c: after a restore a lower watermark may hold; what has fired has fired, and what it has passed before is not passed again', () => {
  const program = keyedJob({ kind: 'cancel', delay: 10, modulo: 100 }, [])
  const of = (...inputs: StepInput[]): unknown[] => replayStep(program, 'p', [seen(1, 0), ...inputs]).map((one) => one.value['tag'])
  assert.deepEqual(of({ kind: 'watermark', at: 50 }, { kind: 'restored', at: 5 }), ['a', 'timer'])
  assert.deepEqual(of({ kind: 'watermark', at: 50 }, { kind: 'restored', at: 5 }, seen(2, 20), { kind: 'watermark', at: 29 }), [
    'a',
    'timer',
    'a',
  ])
  assert.deepEqual(of({ kind: 'watermark', at: 50 }, { kind: 'restored', at: 5 }, seen(2, 20), { kind: 'watermark', at: 30 }), [
    'a',
    'timer',
    'a',
    'timer',
  ])
})

test('a replayed step tells its tags', () => {
  const program = keyedJob({ kind: 'router', modulo: 2, tag: 't' }, [])
  assert.deepEqual(
    replayStep(program, 'p', [seen(1, 0), seen(2, 0)]).map((one) => [one.tag, one.value['id']]),
    [
      [null, 1],
      ['t', 2],
    ],
  )
})

test('steps after a replayed one get what it emits', () => {
  const steps = [
    ...keyedSteps('s', { kind: 'counter', every: 1 }),
    { kind: 'map', id: 'm', from: 'p', fn: { kind: 'addConst', field: 'value', add: 100 } } as const,
    sink('last', 'm'),
  ]
  const program = job([source('s', [rec(1, 1)])], steps)
  assert.deepEqual(
    replay(program, new Map([['p', [[seen(1, 1)]]]]))
      .sinks.get('last')
      ?.emissions.map((one) => one.value['value']),
    [101],
  )
})

test('a step that needs an order must have one', () => {
  assert.throws(() => replay(keyedJob({ kind: 'sequence' }, []), new Map()), /needs its recorded order/)
  assert.throws(
    () => replay(job([source('s', [])], [{ kind: 'process', id: 'p', from: 's', fn: { kind: 'stamp' } }]), new Map()),
    /needs its recorded order/,
  )
})

test('both modes agree when the order is the same', () => {
  const program = keyedJob({ kind: 'chain', delay: 10, links: 2, step: 5 }, [rec(1, 0), rec(2, 40, { key: 2 })])
  const first = interpret(program, [batch('s'), batch('s', 1, { ended: true })])
  const inputs: StepInput[] = [seen(1, 0), { kind: 'watermark', at: -1 }, seen(2, 40, 2), { kind: 'watermark', at: 'end' }, { kind: 'end' }]
  const second = replay(program, new Map([['p', [inputs]]]))
  assert.equal(sameMultiset(first.sinks.get('out')!.emissions, second.sinks.get('out')!.emissions), undefined)
})
