import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { StreamError } from '../core/errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { checkValue } from './check.ts'
import { anyValue, assertSame, edgeValues, foreignValues, objectOf, seed } from './edge-values.test.ts'
import { decodeValue, encodeValue } from './value.ts'

const writer = new ByteWriter(1)

function roundTrip(...values: readonly unknown[]): unknown[] {
  writer.reset()
  for (const value of values) encodeValue(writer, value)
  const reader = new ByteReader(writer.take())
  const decoded = values.map(() => decodeValue(reader))
  reader.expectEnd()
  return decoded
}

function refusal(value: unknown): string {
  const messages = [() => encodeValue(new ByteWriter(), value), () => checkValue(value)].map((act) => {
    try {
      act()
    } catch (error) {
      assert.ok(StreamError.is(error) && error.code === 'UNSUPPORTED_VALUE', String(error))
      return error.message
    }
    return 'not refused'
  })
  assert.equal(messages[0], messages[1])
  return messages[0] as string
}

test('every edge value comes back as it was, and passes the check', () => {
  assert.ok(edgeValues.length >= 200)
  for (const value of edgeValues) {
    checkValue(value)
    assertSame(roundTrip(value)[0], value)
  }
  assertSame(roundTrip(...edgeValues), edgeValues)
  assertSame(roundTrip(edgeValues)[0], edgeValues)
})

test('any values in one block come back as they were', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 8 }), (values) => assertSame(roundTrip(...values), values)),
    { seed, numRuns: 3000 },
  )
})

test('what comes back is a plain copy: Buffer as Uint8Array, no prototype as a plain object, bytes of its own', () => {
  const [bytes, bare] = roundTrip(Buffer.from('abc'), Object.assign(Object.create(null), { a: 1 })) as [Uint8Array, object]
  assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
  assert.equal(bytes.buffer.byteLength, 3)
  assert.equal(Object.getPrototypeOf(bare), Object.prototype)
  const foreign = roundTrip(...foreignValues)
  assert.deepStrictEqual(foreign, [
    { a: 1 },
    [1, [2]],
    new Date(5),
    new Map([[1, 2]]),
    new Set([1]),
    new Uint8Array([1]),
    new ArrayBuffer(2),
  ])
})

test('a __proto__ field stays own data and pollutes nothing', () => {
  const names = ['__proto__', 'constructor', 'toString', 'valueOf', 'a']
  const value = [1, 2].map((n) => objectOf(names.map((name) => [name, { polluted: n }])))
  const [decoded] = roundTrip(value) as [Record<string, unknown>[]]
  assert.deepStrictEqual(
    decoded.map((object) => Object.keys(object)),
    [names, names],
  )
  assert.equal(Object.getPrototypeOf(decoded[1]), Object.prototype)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
})

test('inherited enumerable fields are not taken for own ones', () => {
  const values = [{ a: 1, zz: 2 }, { a: 3, zz: 4 }, { a: 1 }]
  Object.defineProperty(Object.prototype, 'zz', { value: 5, enumerable: true, configurable: true })
  try {
    assert.deepStrictEqual(
      (roundTrip(...values) as object[]).map((object) => Object.keys(object)),
      [['a', 'zz'], ['a', 'zz'], ['a']],
    )
  } finally {
    delete (Object.prototype as { zz?: unknown }).zz
  }
})

test('what cannot be stored is refused with the path of the field', () => {
  class Order {}
  class Sorted extends Map {}
  const cycle: Record<string, unknown> = { next: {} }
  ;(cycle['next'] as Record<string, unknown>)['back'] = cycle
  const sparse: unknown[] = [1]
  sparse[3] = 1
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [() => 1, /^value is a function,/],
    [{ items: [0, 1, 2, { onClick() {} }] }, /^value\.items\[3\]\.onClick is a function,/],
    [{ 'first name': Symbol('x') }, /^value\["first name"\] is a symbol,/],
    [[Promise.resolve()], /^value\[0\] is a promise/],
    [{ a: { then() {} } }, /^value\.a\.then is a function/],
    [{ order: new Order() }, /^value\.order is an instance of the class Order,/],
    [new Sorted(), /^value is an instance of the class Sorted,/],
    [new Map([['k', new Error('x')]]), /^value\.get\("k"\) is an instance of the class Error,/],
    [new Map([[/x/, 1]]), /^value\.keys\[0\] is an instance of the class RegExp,/],
    [new Set([new WeakMap()]), /^value\.values\[0\] is an instance of the class WeakMap,/],
    [Object(1), /the class Number,/],
    [new DataView(new ArrayBuffer(1)), /the class DataView,/],
    [new SharedArrayBuffer(1), /the class SharedArrayBuffer,/],
    [Object.create(Date.prototype), /the class Date,/],
    [Object.setPrototypeOf([1], Object.create(Object.prototype)), /^value is an instance of the class Object,/],
    [Object.create({}), /^value is an instance of the class Object,/],
    [Object.create(Object.create(null)), /^value is an object with a prototype of its own,/],
    [cycle, /^value\.next\.back is a reference back/],
    [sparse, /^value\[1\] is a hole of an array/],
    [{ a: 1, [Symbol('s')]: 2 }, /^value is an object with a symbol/],
  ]
  for (const [value, expected] of cases) assert.match(refusal(value), expected)
})

test('64 objects deep is stored, 65 is not', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  assertSame(roundTrip(nested(64))[0], nested(64))
  assert.match(refusal(nested(65)), /more than 64 objects deep/)
})

test('the check also reports named properties of arrays, and is quick for objects that are shared many times', () => {
  assert.throws(() => checkValue({ found: /a(b)/.exec('ab') }), {
    code: 'UNSUPPORTED_VALUE',
    message: /^value\.found\.index is a named property/,
  })
  let shared: unknown = { leaf: 1 }
  for (let i = 0; i < 50; i++) shared = [shared, shared]
  checkValue(shared)
  const forty: unknown = Array.from({ length: 39 }).reduce((inner) => [inner], [1])
  const deep: unknown = Array.from({ length: 30 }).reduce((inner) => [inner], forty)
  const many = Array.from({ length: 2000 }, () => ({}))
  checkValue([many, forty])
  assert.throws(() => checkValue([many, forty, deep]), { message: /more than 64 objects deep/ })
})

test('after a refusal the writer is as it was', () => {
  writer.reset()
  encodeValue(writer, { a: 1 })
  const before = writer.position
  assert.throws(() => encodeValue(writer, [{ b: 1 }, { a: 2 }, { c: () => 1 }]))
  assert.equal(writer.position, before)
  encodeValue(writer, [{ b: 5 }, { a: 6 }])
  const reader = new ByteReader(writer.take())
  assert.deepStrictEqual([decodeValue(reader), decodeValue(reader)], [{ a: 1 }, [{ b: 5 }, { a: 6 }]])
})

test('a getter that changes its object cannot break the block', () => {
  const tricky = (): object => {
    const object: Record<string, unknown> = { a: 1, z: 1 }
    Object.defineProperty(object, 'a', { enumerable: true, get: () => (delete object['z'], 7) })
    return object
  }
  const decoded = roundTrip({ a: 0, z: 0 }, tricky(), { a: 1, z: 1 })
  assert.deepStrictEqual(
    [decoded[0], decoded[2]],
    [
      { a: 0, z: 0 },
      { a: 1, z: 1 },
    ],
  )
})

test('the format is what it was: bytes written by hand', () => {
  const golden: readonly (readonly [string, unknown])[] = [
    ...([
      ['00', undefined],
      ['01', null],
      ['02', false],
      ['03', true],
    ] as const),
    ...([
      ['80', 0],
      ['85', 5],
      ['ff', 127],
      ['048002', 128],
      ['0401', -1],
      ['04feffffffffffff1f', 2 ** 53 - 1],
    ] as const),
    ...([
      ['05000000000000f83f', 1.5],
      ['050000000000000080', -0],
      ['05000000000000f87f', Number.NaN],
    ] as const),
    ...([
      ['060100000000000000', 1n],
      ['0712000000000000000001', 2n ** 64n],
      ['0713000000000000000001', -(2n ** 64n)],
    ] as const),
    ...([
      ['080461', 'a'],
      ['0809c3a9', 'é'],
      ['080a00d8', '\ud800'],
      ['0800', ''],
    ] as const),
    ...([
      ['09000000000000f03f', new Date(1)],
      ['0a0181', [1]],
      ['0b018182', new Map([[1, 2]])],
      ['0c0181', new Set([1])],
    ] as const),
    ...([
      ['0d00020102', new Uint8Array([1, 2])],
      ['0d03020500', new Int16Array([5])],
      ['0e0107', new Uint8Array([7]).buffer],
    ] as const),
    ...([
      ['0f01046181', { a: 1 }],
      ['0a020f01046181100082', [{ a: 1 }, { a: 2 }]],
      ['0f00', {}],
    ] as const),
  ]
  for (const [hex, value] of golden) {
    writer.reset()
    encodeValue(writer, value)
    assert.equal(Buffer.from(writer.view()).toString('hex'), hex)
    assertSame(decodeValue(new ByteReader(Buffer.from(hex, 'hex'))), value)
  }
})

test('blocks in shared memory are read like others', () => {
  writer.reset()
  const value = edgeValues.filter((edge) => typeof edge !== 'object')
  encodeValue(writer, value)
  const shared = new Uint8Array(new SharedArrayBuffer(writer.position))
  shared.set(writer.view())
  assertSame(decodeValue(new ByteReader(shared)), value)
})

test('objects are read as ever where Object.prototype is frozen', () => {
  // In a child: freezing cannot be undone.
  const code = `
    Object.freeze(Object.prototype)
    const { ByteReader, ByteWriter } = await import(${JSON.stringify(new URL('bytes.ts', import.meta.url))})
    const { decodeValue, encodeValue } = await import(${JSON.stringify(new URL('value.ts', import.meta.url))})
    const { decodeBatch, encodeBatch } = await import(${JSON.stringify(new URL('columns.ts', import.meta.url))})
    const value = JSON.parse('[{"toString":1,"__proto__":2,"constructor":3},{"toString":4,"__proto__":5,"constructor":6}]')
    const writer = new ByteWriter()
    encodeValue(writer, value)
    encodeBatch(writer, value, new Float64Array(2))
    const reader = new ByteReader(writer.take())
    console.log(JSON.stringify([decodeValue(reader), decodeBatch(reader).values]))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 60_000 })
  const row = '[{"toString":1,"__proto__":2,"constructor":3},{"toString":4,"__proto__":5,"constructor":6}]'
  assert.equal(stdout.trim(), `[${row},${row}]`, stderr)
})
