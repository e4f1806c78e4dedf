import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from './bytes.ts'
import { decodeBatch, encodeBatch } from './columns.ts'
import {
  anyNumber,
  anyText,
  anyValue,
  assertSame,
  edgeBigints,
  edgeNumbers,
  edgeTexts,
  edgeValues,
  objectOf,
  seed,
} from './edge-values.test.ts'

const writer = new ByteWriter(1)

function roundTrip(values: readonly unknown[], timestamps: Float64Array = new Float64Array(values.length).fill(Number.NaN)): number {
  writer.reset()
  encodeBatch(writer, values, timestamps)
  const block = writer.take()
  const reader = new ByteReader(block)
  const batch = decodeBatch(reader)
  reader.expectEnd()
  assertSame(batch.values, values)
  assert.deepStrictEqual(batch.timestamps, timestamps.slice(0, values.length))
  return block.length
}

const repeat = (count: number, make: (i: number) => unknown): unknown[] => Array.from({ length: count }, (_, i) => make(i))

test('a column of any one kind comes back, with and without null and undefined', () => {
  const kinds: readonly (readonly unknown[])[] = [
    ...[[], edgeNumbers, edgeTexts, edgeBigints, [true, false, true], edgeValues, [1, 'a', true], [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]],
    ...[
      [1, -0],
      [1, 2 ** 31],
      [Number.NaN],
      [new Date(1), new Date(Number.NaN)],
      [new Uint8Array([1]), new Uint8Array()],
      [new Int8Array([1])],
    ],
    ...[
      repeat(100, (i) => 'abc'[i % 3]),
      repeat(2000, (i) => `text ${i % 400}`),
      repeat(64, (i) => `all ${i}`),
      ['\ud83d', '\ude00', '😀', ''],
    ],
    ...[
      [[], [1, 2], ['x']],
      [[[1], []], []],
      [new Map([[1, { a: 1 }]]), new Set([1])],
      [{}],
      [{}, {}],
      [{ a: {} }],
      [{ a: {} }, { a: { b: 1 } }],
    ],
    ...[
      [2n ** 63n - 1n, -(2n ** 63n)],
      [1n, 2n ** 64n],
    ],
  ]
  for (const rows of kinds) {
    roundTrip(rows)
    roundTrip([...rows, null])
    roundTrip([undefined, ...rows, null, null, undefined])
    roundTrip(rows.map((value) => ({ id: 1, value })))
    roundTrip(rows.map((value) => [value, { value }]))
  }
  for (const rows of [[null], [undefined], [undefined, null, null, undefined, null], repeat(1000, () => null)]) roundTrip(rows)
})

test('records of several shapes come back: missing is not undefined, the order of fields counts', () => {
  const shapes = (i: number): unknown =>
    [{ a: i, b: 'x' }, { b: 'x', a: i }, { a: i }, { a: undefined }, { a: null, c: { d: i } }, { a: i, __proto: 1 }][i % 6]
  roundTrip(repeat(100, shapes))
  for (const count of [31, 32, 33, 40]) roundTrip(repeat(200, (i) => ({ id: i, [`f${i % count}`]: i, nested: { [`g${i % 3}`]: [i] } })))
  roundTrip([
    objectOf([
      ['__proto__', 1],
      ['toString', 2],
    ]),
    objectOf([
      ['__proto__', { a: 1 }],
      ['toString', 2],
    ]),
    objectOf([['__proto__', 3]]),
  ])
  roundTrip([
    Object.fromEntries(repeat(1100, (i) => [`f${i}`, i]) as [string, number][]),
    Object.fromEntries(repeat(1024, (i) => [`f${i}`, i]) as [string, number][]),
  ])
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1), b: [depth] })
  for (const depth of [1, 7, 8, 9, 10, 40]) roundTrip([nested(depth), nested(depth), nested(1)])
})

test('inherited enumerable fields are not taken for own ones', () => {
  Object.defineProperty(Object.prototype, 'zz', { value: 5, enumerable: true, configurable: true })
  try {
    writer.reset()
    encodeBatch(writer, [{ a: 1, zz: 2 }, { a: 1 }, { a: 2 }], new Float64Array(3))
    const { values } = decodeBatch(new ByteReader(writer.take()))
    assert.deepStrictEqual(
      values.map((value) => Object.keys(value as object)),
      [['a', 'zz'], ['a'], ['a']],
    )
  } finally {
    delete (Object.prototype as { zz?: unknown }).zz
  }
})

test('any batch comes back as it was', () => {
  const record = fc.record(
    { id: fc.integer(), name: anyText, price: anyNumber, tags: fc.array(anyText, { maxLength: 3 }), at: fc.date(), more: anyValue },
    { requiredKeys: ['id'], noNullPrototype: true },
  )
  const rows = fc.oneof(
    fc.array(record, { maxLength: 60 }),
    fc.array(anyValue, { maxLength: 30 }),
    fc.array(fc.record({ a: anyValue, b: anyValue }, { noNullPrototype: true }), { maxLength: 20 }),
  )
  const withTimes = rows.chain((values) =>
    fc.tuple(fc.constant(values), fc.array(anyNumber, { minLength: values.length, maxLength: values.length })),
  )
  fc.assert(
    fc.property(withTimes, ([values, times]) => void roundTrip(values as unknown[], Float64Array.from(times))),
    { seed, numRuns: 1500 },
  )
})

test('timestamps come back with NaN for none; a longer array is allowed', () => {
  roundTrip([1, 2, 3], Float64Array.of(5, Number.NaN, -0))
  roundTrip([1, 2], Float64Array.of(5, 6, 7, 8))
  assert.throws(() => encodeBatch(writer, [1, 2], Float64Array.of(1)), { code: 'INVARIANT' })
})

test('repeated texts are written once', () => {
  const size = roundTrip(repeat(512, (i) => ({ channel: ['Apple', 'Google', 'Facebook', 'Baidu'][i % 4] })))
  assert.ok(size < 512 + 64, String(size))
})

test('what cannot be sent is refused with its path, and the writer is as it was', () => {
  writer.reset()
  encodeBatch(writer, [{ a: 1 }], Float64Array.of(1))
  const before = writer.position
  const cases: readonly (readonly [unknown[], RegExp])[] = [
    [[{ a: 1 }, { a: () => 1 }], /^value\.a is a function/],
    [[{ a: [1, Symbol('s')] }], /^value\.a\[1\] is a symbol/],
    [[[1, new Error('x')]], /^value\[1\] is an instance of the class Error/],
    [[Array(2)], /^value\[0\] is a hole/],
    [[{ a: 1, [Symbol('s')]: 1 }], /symbol as the name/],
  ]
  for (const [values, message] of cases) {
    assert.throws(() => encodeBatch(writer, values, new Float64Array(2)), { code: 'UNSUPPORTED_VALUE', message })
    assert.equal(writer.position, before)
  }
  const cycle: Record<string, unknown> = {}
  cycle['self'] = [cycle]
  assert.throws(() => encodeBatch(writer, [cycle], new Float64Array(1)), { code: 'UNSUPPORTED_VALUE', message: /cycle/ })
})
