import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../serde/bytes.ts'
import { deepFreeze } from '../serde/freeze.ts'
import { decodeValue, encodeValue } from '../serde/value.ts'
import type { Aggregate } from './aggregate-types.ts'
import { agg, aggregator } from './aggregates.ts'

/** `id` tells apart values that tie. */
interface Value {
  readonly id: number
  readonly n: number
  readonly tag: string
}
type Model = (values: readonly Value[]) => unknown

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
console.log(`SEED=${seed}`)

/** Each aggregate with what it must give for values in order, by a plain and slow way. */
const rows: Readonly<Record<string, readonly [Aggregate<Value, any, unknown>, Model]>> = {
  count: [agg.count(), (values) => values.length],
  sum: [agg.sum((v) => v.n), (values) => values.reduce((sum, v) => sum + v.n, 0)],
  avg: [agg.avg((v) => v.n), (values) => values.reduce((sum, v) => sum + v.n, 0) / values.length],
  min: [agg.min((v) => v.n), (values) => Math.min(...values.map((v) => v.n))],
  max: [agg.max((v) => v.n), (values) => Math.max(...values.map((v) => v.n))],
  minBy: [agg.minBy((v) => v.n), (values) => values.toSorted((a, b) => a.n - b.n)[0]],
  maxBy: [agg.maxBy((v) => v.n), (values) => values.toSorted((a, b) => b.n - a.n)[0]],
  first: [agg.first(), (values) => values[0]],
  last: [agg.last(), (values) => values.at(-1)],
  list: [agg.list(), (values) => values],
  top: [agg.top(3, (v) => v.n), (values) => values.toSorted((a, b) => b.n - a.n).slice(0, 3)],
  distinct: [agg.distinct((v) => v.tag), (values) => new Set(values.map((v) => v.tag)).size],
  distinctPairs: [agg.distinct((v) => [v.tag, v.n]), (values) => new Set(values.map((v) => JSON.stringify([v.tag, v.n]))).size],
}
const anyValues = fc
  .array(fc.record({ n: fc.integer({ min: -3, max: 3 }), tag: fc.constantFrom('a', 'b', '\0a', '1') }), { minLength: 1, maxLength: 20 })
  .map((values) => values.map((value, id): Value => Object.freeze({ id, ...value })))

for (const [name, [aggregate, model]] of Object.entries(rows)) {
  test(`agg.${name} is as its model, value by value, and what it has given out never changes`, () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        let accumulator = aggregate.create()
        const given: [unknown, string][] = []
        for (const [index, value] of values.entries()) {
          accumulator = aggregate.add(accumulator, value)
          const result = deepFreeze(aggregate.result(accumulator))
          assert.deepEqual(result, model(values.slice(0, index + 1)))
          given.push([result, JSON.stringify(result)])
        }
        for (const [result, text] of given) assert.equal(JSON.stringify(result), text)
      }),
      { seed },
    )
  })

  test(`agg.${name} merged in order is as its model, from accumulators that went through a checkpoint`, () => {
    fc.assert(
      fc.property(anyValues, fc.nat(20), (values, cut) => {
        const of = (part: readonly Value[]): unknown => part.reduce((a: unknown, value) => aggregate.add(a, value), aggregate.create())
        const [left, right] = [of(values.slice(0, cut)), of(values.slice(cut))].map(throughCheckpoint)
        assert.deepEqual(aggregate.result(aggregate.merge(left, right)), model(values))
      }),
      { seed },
    )
  })
}

test('NaN is taken by minBy, maxBy and top only where there is nothing else', () => {
  const run = <A, R>(aggregate: Aggregate<number, A, R>, ...values: number[]): R =>
    aggregate.result(values.reduce((a, n) => aggregate.add(a, n), aggregate.create()))
  assert.equal(
    run(
      agg.minBy((n) => n),
      Number.NaN,
      2,
      Number.NaN,
      1,
    ),
    1,
  )
  assert.equal(
    run(
      agg.maxBy((n) => n),
      Number.NaN,
      1,
      2,
      Number.NaN,
    ),
    2,
  )
  assert.deepEqual(
    run(
      agg.top(2, (n) => n),
      Number.NaN,
      1,
      2,
    ),
    [2, 1],
  )
  assert.deepEqual(
    run(
      agg.top(3, (n) => n),
      1,
      Number.NaN,
      2,
    ),
    [2, 1, Number.NaN],
  )
  assert.equal(
    Object.is(
      run(
        agg.min((n) => n),
        1,
        Number.NaN,
        0,
      ),
      Number.NaN,
    ),
    true,
  )
})

test('distinct tells keys apart as keyBy does', () => {
  const distinct = agg.distinct((value: string | number | bigint | boolean | readonly (string | number)[]) => value)
  const count = (...keys: Parameters<typeof distinct.add>[1][]): number =>
    distinct.result(keys.reduce((a, k) => distinct.add(a, k), distinct.create()))
  assert.equal(count(1, 1n, '1', true, [1], ['1']), 6)
  assert.equal(count(0, -0, ['a', 'b'], ['a', 'b'], ['ab'], ['a', 'b', '']), 4)
})

test('top refuses a number of values that is none', () => {
  for (const n of [0, -1, 1.5, Number.NaN])
    assert.throws(() => agg.top(n, () => 1), { code: 'INVALID_OPTION', message: new RegExp(`${n} values`) })
})

test('aggregator returns what it is given', () => {
  const own = { create: () => 0, add: (a: number, _v: string) => a + 1, merge: (a: number, b: number) => a + b, result: (a: number) => a }
  assert.equal(aggregator(own), own)
})

function throughCheckpoint(accumulator: unknown): unknown {
  const writer = new ByteWriter(64)
  encodeValue(writer, accumulator)
  return decodeValue(new ByteReader(writer.bytes.slice(0, writer.position)))
}

test('a sum of texts is refused: they would be strung together', () => {
  for (const name of ['sum', 'avg', 'min', 'max'] as const) {
    const aggregate = agg[name]((value: unknown) => value as number)
    for (const value of ['750', undefined, null, 3n])
      assert.throws(() => aggregate.add(aggregate.create() as never, value), { message: new RegExp(`agg\\.${name} was given`) })
    assert.ok(Number.isNaN(aggregate.result(aggregate.add(aggregate.create() as never, Number.NaN) as never)))
  }
})

test('what minBy, maxBy and top rank by is a number: a promise of one is refused, whichever comes first', () => {
  const ranked = {
    minBy: (of: (value: unknown) => number) => agg.minBy(of),
    maxBy: (of: (value: unknown) => number) => agg.maxBy(of),
    top: (of: (value: unknown) => number) => agg.top(1, of),
  }
  for (const [name, make] of Object.entries(ranked)) {
    const aggregate = make((value) => (value as { n: number }).n) as Aggregate<unknown, unknown, unknown>
    for (const wrong of [Promise.resolve(1), '750', undefined, 3n])
      for (const values of [
        [wrong, 5],
        [5, wrong],
      ])
        assert.throws(() => values.reduce((a: unknown, n) => aggregate.add(a, { n }), aggregate.create()), {
          message: new RegExp(`agg\\.${name} was given`),
        })
  }
})

test('of no value, as in a window that is older than its aggregate, there is nothing that could not be written', () => {
  const ofNothing = <A, R>(aggregate: Aggregate<number, A, R>): R => aggregate.result(aggregate.create())
  const of = (n: number): number => n
  const all = [agg.count(), agg.sum(of), agg.avg(of), agg.min(of), agg.max(of), agg.minBy(of), agg.first(), agg.list(), agg.top(1, of)]
  assert.deepEqual(
    all.map((aggregate) => ofNothing(aggregate as Aggregate<number, unknown, unknown>)),
    [0, 0, undefined, undefined, undefined, undefined, undefined, [], []],
  )
})
