import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flinkMurmur, murmur3, murmur3Ascii, NOT_ASCII } from './hash.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(performance.timeOrigin) & 0x7fffffff)

test('murmur3 gives the published values', () => {
  const known: readonly (readonly [string, number])[] = [
    ['', 0],
    ['a', 0x3c2569b2],
    ['abc', 0xb3dd93fa | 0],
    ['hello', 0x248bfa47],
    ['hello, world', 0x149bbb7f],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ]
  for (const [text, hash] of known) assert.equal(murmur3(new TextEncoder().encode(text)), hash, text)
})

test('hashing from char codes behind a prefix gives the hash of the bytes', () => {
  const property = fc.property(
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    fc.uint8Array({ maxLength: 3 }),
    fc.nat(5),
    (text, prefix, skip) => {
      const bytes = Buffer.concat([prefix, Buffer.from(text, 'latin1')])
      const packed = prefix.reduce((all, byte, i) => all | (byte << (8 * i)), 0)
      assert.equal(murmur3Ascii(text, packed, prefix.length), murmur3(bytes))
      assert.equal(murmur3(Buffer.concat([Buffer.alloc(skip), bytes, Buffer.alloc(3)]), skip, skip + bytes.length), murmur3(bytes))
    },
  )
  fc.assert(property, { seed, numRuns: 3000 })
})

test('a character above 127 anywhere is noticed', () => {
  for (let length = 1; length < 14; length++) {
    for (let at = 0; at < length; at++) {
      for (const prefixLength of [0, 1, 2, 3])
        assert.equal(murmur3Ascii('x'.repeat(at) + '\u0080' + 'x'.repeat(length - at - 1), 0, prefixLength), NOT_ASCII)
    }
  }
})

test("KG-1: Flink's hash is never negative, also where murmur gives the smallest integer", () => {
  assert.equal(murmur3(new Uint8Array(new Int32Array([-2089875627]).buffer)), -(2 ** 31))
  assert.equal(flinkMurmur(-2089875627), 0)
  for (const hash of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) assert.ok(flinkMurmur(hash) >= 0)
  fc.assert(
    fc.property(fc.integer(), (hash) => {
      const bytes = new Uint8Array(new Int32Array([hash]).buffer)
      const expected = Math.abs(murmur3(bytes))
      assert.equal(flinkMurmur(hash), expected === 2 ** 31 ? 0 : expected)
    }),
    { seed, numRuns: 3000 },
  )
})
