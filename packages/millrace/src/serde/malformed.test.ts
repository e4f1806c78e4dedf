/** Decoders against damaged bytes: a value or CHECKPOINT_CORRUPT, nothing else, soon, and without taking much memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StreamError } from '../core/errors.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { decodeBatch, encodeBatch } from './columns.ts'
import { anyKey, anyValue, edgeValues, seed } from './edge-values.test.ts'
import { decodeKey, encodeKey } from './key.ts'
import { decodeValue, encodeValue } from './value.ts'

const decoders = { value: decodeValue, key: decodeKey, batch: decodeBatch }
type Kind = keyof typeof decoders

/** True when the bytes were refused. */
function decode(kind: Kind, bytes: Uint8Array): boolean {
  try {
    decoders[kind](new ByteReader(bytes))
    return false
  } catch (error) {
    assert.ok(
      StreamError.is(error) && error.code === 'CHECKPOINT_CORRUPT',
      `${kind}: ${Buffer.from(bytes).toString('hex').slice(0, 400)}: ${String(error)}`,
    )
    return true
  }
}

interface Damage {
  readonly at: number
  readonly what: 'flip' | 'set' | 'cut' | 'insert' | 'remove' | 'huge'
  readonly byte: number
}

function damaged(bytes: Uint8Array, { at, what, byte }: Damage): Uint8Array {
  const index = at % Math.max(1, bytes.length)
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index + 1)]
  if (what === 'cut') return before
  if (what === 'remove') return Buffer.concat([before, after])
  if (what === 'insert') return Buffer.concat([before, Uint8Array.of(byte), bytes.subarray(index)])
  if (what === 'huge') return Buffer.concat([before, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f), after])
  return Buffer.concat([before, Uint8Array.of(what === 'set' ? byte : (bytes[index] ?? 0) ^ (1 << (byte % 8))), after])
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(100_000),
  what: fc.constantFrom('flip', 'set', 'cut', 'insert', 'remove', 'huge'),
  byte: fc.oneof(fc.nat(255), fc.nat(20)),
})
const block: fc.Arbitrary<readonly [Kind, Uint8Array]> = fc.oneof(
  anyValue.map((value) => ['value', written((writer) => encodeValue(writer, value))] as const),
  anyKey.map((key) => ['key', written((writer) => encodeKey(writer, key))] as const),
  fc
    .array(fc.oneof(anyValue, fc.record({ a: anyValue, b: fc.string() })), { maxLength: 12 })
    .map((values) => ['batch', written((writer) => encodeBatch(writer, values, new Float64Array(12)))] as const),
)

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  write(writer)
  return writer.take()
}

test('30,000 damaged blocks of values, keys and batches: a value or CHECKPOINT_CORRUPT', () => {
  let refused = 0
  let tried = 0
  const property = fc.property(
    block,
    fc.array(fc.array(damage, { minLength: 1, maxLength: 3 }), { minLength: 10, maxLength: 10 }),
    ([kind, bytes], damages) => {
      for (const steps of damages) {
        tried++
        if (decode(kind, steps.reduce(damaged, bytes))) refused++
      }
    },
  )
  fc.assert(property, { seed, numRuns: 3000 })
  assert.ok(tried >= 30_000 && refused > tried / 4, `${refused} of ${tried} refused`)
})

test('every edge value cut at every byte is refused', () => {
  for (const value of edgeValues) {
    const bytes = written((writer) => encodeValue(writer, value))
    const step = Math.max(1, Math.floor(bytes.length / 200))
    for (let end = 0; end < bytes.length; end += step) assert.ok(decode('value', bytes.subarray(0, end)))
  }
})

test('20,000 blocks of random bytes', () => {
  const bytes = fc.array(fc.oneof(fc.nat(255), fc.nat(20)), { maxLength: 40 }).map((list) => Uint8Array.from(list))
  fc.assert(
    fc.property(bytes, (data) => {
      for (const kind of Object.keys(decoders) as Kind[]) decode(kind, data)
    }),
    { seed, numRuns: 7000 },
  )
})

test('a huge length or count costs no memory and no time', () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]
  const before = process.memoryUsage()
  const startedAt = performance.now()
  for (let round = 0; round < 200; round++) {
    for (let tag = 0; tag < 20; tag++) {
      for (const rest of [huge, [0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0x7f, ...huge], [0, ...huge], [1, ...huge]]) {
        decode('value', Uint8Array.of(tag, ...rest))
        decode('key', Uint8Array.of(tag, ...rest))
        for (const count of [[1], [100], huge, [0xff, 0xff, 0x3f]]) decode('batch', Uint8Array.of(...count, 0, tag, ...rest))
      }
    }
  }
  const after = process.memoryUsage()
  assert.ok(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers < 100e6)
  assert.ok(performance.now() - startedAt < 60_000)
})

test('depth beyond 64 in the bytes is refused, not followed', () => {
  const deep = new Uint8Array(100_000)
  for (let i = 0; i < deep.length; i += 2) deep.set([10, 1], i)
  assert.ok(decode('value', deep))
  assert.ok(
    decode(
      'key',
      deep.map((byte) => (byte === 10 ? 8 : byte)),
    ),
  )
  const lists = [1, 0, ...Array.from({ length: 50 }, () => [9, 1]).flat()]
  assert.ok(decode('batch', Uint8Array.from(lists)))
})

test('what contradicts itself is refused for what it is', () => {
  const cases: readonly (readonly [Kind, string, RegExp])[] = [
    ['value', '0aff7f81', /16383 items cannot be in the 1 bytes/],
    ['value', '0affffffffffffff0f81', /items cannot be in/],
    ['value', '0b0281828182', /a Map has one key twice/],
    ['value', '0c028181', /a Set has one item twice/],
    ['value', '0f02046104618181', /two fields of one name/],
    ['value', '1102046181046181', /two fields of one name/],
    ['value', '1000', /a shape that was not written/],
    ['value', '0a020f020461046281811000', /more fields than bytes are left/],
    ['value', '0d0b00', /of no known type/],
    ['value', '0d030101', /ends within an element/],
    ['value', '048080808000', /longer than it need be/],
    ['value', '0480808080808000', /longer than it need be/],
    ['value', '04ffffffffffffff7f', /more than 53 bits/],
    ['value', '12', /no value with the tag 18/],
    ['batch', 'ff7f000a', /16383 records cannot be in/],
    ['batch', '8080400000', /records cannot be in/],
    ['batch', '8180c00100', /a batch has 3145729 records/],
    ['batch', '0202', /timestamps of no known kind/],
    ['batch', '080009ff7fff7f00000000000001', /rows cannot be in/],
    ['batch', '020007010461010001', /a dictionary has no such text/],
    ['batch', '010006046102', /a heap of texts is not as long/],
    ['batch', '010006046100', /a heap of texts is not as long/],
    ['batch', '02000a02010461010462000201000000010000000100', /a row is of a shape that was not written/],
    ['batch', '0100830301', /a null map has a mark that is none/],
    ['batch', '01000302', /neither true nor false/],
    ['batch', '01000000', /a column without values has rows/],
    ['batch', `0100${'0901'.repeat(20)}`, /columns are more than 8 deep/],
    ['batch', '01000c00', /no column of type 12/],
  ]
  for (const [kind, hex, message] of cases) {
    assert.throws(() => decoders[kind](new ByteReader(Buffer.from(hex, 'hex'))), { code: 'CHECKPOINT_CORRUPT', message }, hex)
  }
})
