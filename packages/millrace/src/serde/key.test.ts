import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { murmur3 } from '../core/hash.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { anyKey, edgeBigints, edgeNumbers, edgeTexts, seed } from './edge-values.test.ts'
import { checkKey, decodeKey, encodeKey, keyGroupOfKey, keyHash, keyIdentity, type Key } from './key.ts'

const edgeKeys: readonly Key[] = [
  ...edgeNumbers,
  ...edgeTexts,
  ...edgeBigints,
  true,
  false,
  [],
  [[]],
  [0],
  ['0'],
  [1, 2],
  [[1], 2],
  [[1, 2]],
  ['a', ['b', [1n]]],
]

function bytesOf(key: Key): Uint8Array {
  const writer = new ByteWriter()
  encodeKey(writer, key)
  return writer.take()
}

/** What a key is the same as: the slow, obvious model of canonical encoding. */
function model(key: Key): string {
  if (Array.isArray(key)) return `[${key.map(model).join(',')}]`
  if (typeof key === 'bigint') return `${key}n`
  return typeof key === 'number' ? String(key) : JSON.stringify(key)
}

function assertKey(key: Key): void {
  const bytes = bytesOf(key)
  assert.equal(keyHash(key), murmur3(bytes), `hash of ${model(key)}`)
  const reader = new ByteReader(bytes)
  const decoded = decodeKey(reader)
  reader.expectEnd()
  assert.equal(model(decoded), model(key))
  assert.deepEqual(bytesOf(decoded), bytes)
  const group = keyGroupOfKey(key, 1024)
  assert.ok(Number.isInteger(group) && group >= 0 && group < 1024)
}

test('the short ways of hashing give the hash of the encoded bytes, and keys come back', () => {
  for (const key of edgeKeys) assertKey(key)
  for (let i = -70_000; i < 70_000; i++) assert.equal(keyHash(i * 31), murmur3(bytesOf(i * 31)))
  for (let length = 0; length < 300; length++) assertKey('y'.repeat(length))
  fc.assert(fc.property(anyKey, assertKey), { seed, numRuns: 10_000 })
})

test('bytes and identity are equal exactly where keys are', () => {
  const pairs = fc.tuple(fc.oneof(anyKey, fc.constantFrom(...edgeKeys)), fc.oneof(anyKey, fc.constantFrom(...edgeKeys)))
  const compare = ([a, b]: readonly [Key, Key]): void => {
    const same = model(a) === model(b)
    assert.equal(Buffer.compare(bytesOf(a), bytesOf(b)) === 0, same, `bytes of ${model(a)} and ${model(b)}`)
    assert.equal(new Set([keyIdentity(a), keyIdentity(b)]).size === 1, same, `identity of ${model(a)} and ${model(b)}`)
  }
  for (const a of edgeKeys) for (const b of edgeKeys) if (String(a).length < 100 && String(b).length < 100) compare([a, b])
  fc.assert(fc.property(pairs, compare), { seed, numRuns: 5000 })
  compare([[1, true], keyIdentity([1, true])])
})

test('1 and 1.0 are one key, -0 is 0, there is one NaN; 1, "1", 1n, true and [1] differ', () => {
  assert.deepEqual(bytesOf(-0), bytesOf(0))
  assert.deepEqual(bytesOf(Number.NaN), bytesOf(new Float64Array(new BigUint64Array([0xfff8000000000001n]).buffer)[0] as number))
  assert.equal(new Set([1, '1', 1n, true, [1]].map((key) => Buffer.from(bytesOf(key)).toString('hex'))).size, 5)
})

test('what is no key is refused with what it is', () => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^The key is undefined\./],
    [null, /^The key is null\./],
    [{}, /^The key is an object\./],
    [new Date(), /^The key is an object of the class Date\./],
    [() => 1, /^The key is a function\./],
    [Symbol('s'), /^The key is a symbol\./],
    [[1, [2, null]], /^Part 1 of the key, part 1 is null\./],
    [Array(2), /^Part 0 of the key is undefined\./],
    [cycle, /more than 16 arrays deep, or contains itself/],
  ]
  for (const [key, message] of cases) assert.throws(() => checkKey(key), { code: 'INVALID_KEY', message }, String(message))
  const writer = new ByteWriter()
  for (const [key] of cases) {
    for (const act of [keyHash, keyIdentity, (bad: Key) => encodeKey(writer, bad)])
      assert.throws(() => act(key as Key), { code: 'INVALID_KEY' })
  }
  assert.equal(writer.position, 0)
})

test('bytes that are not canonical are no key', () => {
  const bad = [
    '',
    '01',
    '0180',
    '018000',
    '02000000000000f03f',
    '020000000000000080',
    '02010000000000f87f',
    '02000000000000f8ff',
    '0301',
    '030480',
    '0305ff',
  ]
  const others = ['03066161', '0506ffffff', '051200000000000000000000', '09', '00', '0801', '80', '0509c3a9', '0305c3', '0308c0af']
  for (const hex of [...bad, ...others]) {
    assert.throws(() => decodeKey(new ByteReader(Buffer.from(hex, 'hex'))), { code: 'CHECKPOINT_CORRUPT' }, hex)
  }
})
