/** Values on which codecs break, and random ones: for every test of a codec. No tests of its own. */
import assert from 'node:assert/strict'
import vm from 'node:vm'
import fc from 'fast-check'
import type { Key } from './key.ts'

/** Given by SEED=, else new in each run; fast-check prints it with a failure. */
export const seed: number = Number(process.env['SEED'] ?? Math.floor(performance.timeOrigin) & 0x7fffffff)

export const edgeNumbers: readonly number[] = [
  ...[0, -0, 1, -1, 63, 64, -64, -65, 127, 128, 129, 255, 256, 8191, 8192, 16383, 16384, 2 ** 20, 2 ** 21 - 1, 2 ** 21],
  ...[2 ** 28 - 1, 2 ** 28, 2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32],
  ...[
    2 ** 35,
    2 ** 49,
    2 ** 52,
    2 ** 52 + 1,
    2 ** 53 - 2,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    -(2 ** 53) + 2,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    2 ** 64,
  ],
  ...[0.5, -0.5, 1.1, 1e-7, 1e21, 1e300, Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON, Number.NaN, Infinity, -Infinity],
]
export const edgeTexts: readonly string[] = [
  ...[
    '',
    ' ',
    'a',
    '0',
    '01',
    '-0',
    'NaN',
    'true',
    'null',
    'undefined',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '\0',
    '\0a',
    'a\0',
  ],
  ...[
    '\u007f',
    '\u0080',
    '\u00ff',
    '\u0100',
    'ÿþ',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
    '\ufeff',
    '\ufeffa',
    'a\ufeff',
    '\ufffd',
    '\ufffe',
    '\uffff',
  ],
  ...[
    'é',
    'e\u0301',
    'ß',
    '日本語',
    '😀',
    '😀'.repeat(20),
    '\ud800',
    '\udfff',
    '\udc00\ud800',
    'a\ud800',
    '\ud83d',
    '\ude00',
    'x\udc00y',
    '\ud800'.repeat(30),
  ],
  ...[1, 7, 8, 12, 13, 15, 16, 17, 23, 24, 25, 26, 31, 32, 33, 63, 64, 65, 127, 128, 4095, 4096, 4097, 70_000].map((length) =>
    'x'.repeat(length),
  ),
  ...[23, 24, 25, 31, 32, 64, 4096].flatMap((length) => [
    'é'.repeat(length),
    'x'.repeat(length) + 'é',
    '日'.repeat(length),
    'x'.repeat(length) + '\ud800',
  ]),
]
export const edgeBigints: readonly bigint[] = [
  ...[
    0n,
    1n,
    -1n,
    127n,
    128n,
    2n ** 31n,
    2n ** 32n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 62n,
    2n ** 63n - 1n,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
  ],
  ...[2n ** 64n, -(2n ** 64n), 2n ** 71n, 2n ** 72n - 1n, -(2n ** 200n), 3n ** 500n],
]

const protoField: object = JSON.parse(
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"toString":3,"a":4}',
) as object

export const edgeValues: readonly unknown[] = [
  ...[undefined, null, true, false, ...edgeNumbers, ...edgeTexts, ...edgeBigints],
  ...[new Date(0), new Date(-1), new Date(8.64e15), new Date(Number.NaN), new Date(1.5)],
  ...[
    new Uint8Array(),
    new Uint8Array([0, 255]),
    new Int8Array([-1]),
    new Uint8ClampedArray([300]),
    new Int16Array([-2, 3]),
    new Uint16Array([65535]),
  ],
  ...[
    new Int32Array([-1]),
    new Uint32Array([2 ** 32 - 1]),
    new Float32Array([-0, Number.NaN]),
    new Float64Array([-0, 0.1]),
    new BigInt64Array([-1n]),
  ],
  ...[new BigUint64Array([2n ** 64n - 1n]), new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new ArrayBuffer(0), new Uint8Array([7, 8]).buffer],
  ...[[], [[]], [undefined], [null, undefined], [1, 'a', [2, ['b']]], Array.from({ length: 300 }, (_, i) => i)],
  ...[
    new Map(),
    new Set(),
    new Map<unknown, unknown>([
      [Number.NaN, 1],
      [{ a: 1 }, new Map([['b', new Set([1])]])],
    ]),
    new Set<unknown>(['1', 1, 1n, true]),
  ],
  ...[
    {},
    { a: 1 },
    { a: undefined },
    { b: 1, a: 2 },
    { b: 1, a: 2, 10: 3, 9: 4, '01': 5 },
    { '': 1 },
    { '\ud800': 1, é: 2, 'a b': 3 },
    protoField,
  ],
  ...[{ a: { b: { a: { b: {} } } } }, [{ a: 1 }, { a: 2 }, { b: 1 }, { a: 1, b: 2 }, { b: 1, a: 2 }, { a: undefined }, {}]],
  ...[
    Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`field ${i}`, i])),
    Array.from({ length: 1100 }, (_, i) => ({ [`f${i % 1050}`]: i })),
  ],
]

/** Values of another realm's classes, as some test runners make them. */
export const foreignValues: readonly unknown[] = vm.runInNewContext(
  '[{ a: 1 }, [1, [2]], new Date(5), new Map([[1, 2]]), new Set([1]), new Uint8Array([1]), new ArrayBuffer(2)]',
) as unknown[]

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.nat(0xffff), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(...edgeTexts),
)
export const anyNumber: fc.Arbitrary<number> = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(...edgeNumbers))
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  ...[anyNumber, anyText, fc.bigInt(), fc.constantFrom(...edgeBigints), fc.boolean(), fc.constant(null), fc.constant(undefined)],
  ...[
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 8 }),
    fc.float64Array({ maxLength: 4 }),
    fc.int16Array({ maxLength: 3 }),
  ],
)

/** An object whose fields, `__proto__` too, are own data in the order of the pairs. */
export function objectOf(pairs: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [name, value] of pairs) Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  return object
}

const fieldName = fc.oneof(fc.constantFrom('a', 'b', 'c', 'id', 'name', '1', '__proto__', 'toString'), anyText)

/** Everything that can be stored, a few levels deep. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('object'), tie('array'), tie('map'), tie('set')),
  object: fc.array(fc.tuple(fieldName, tie('value')), { maxLength: 6 }).map(objectOf),
  array: fc.array(tie('value'), { maxLength: 5 }),
  map: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  set: fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
})).value

export const anyKey: fc.Arbitrary<Key> = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...[anyNumber, anyText, fc.bigInt(), fc.constantFrom(...edgeBigints), fc.boolean()],
    fc.array(tie('key'), { maxLength: 4 }),
  ),
})).key

/** Deep equality that also tells -0 from 0, and compares the order of fields. */
export function assertSame(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected)
  assertSameOrder(actual, expected)
}

function assertSameOrder(actual: unknown, expected: unknown): void {
  if (typeof expected !== 'object' || expected === null || ArrayBuffer.isView(expected)) return
  if (expected instanceof Map || expected instanceof Set) return assertSameOrder([...(actual as Set<unknown>)], [...expected])
  const names = Object.keys(expected)
  assert.deepStrictEqual(Object.keys(actual as object), names)
  for (const name of names) assertSameOrder((actual as Record<string, unknown>)[name], (expected as Record<string, unknown>)[name])
}
