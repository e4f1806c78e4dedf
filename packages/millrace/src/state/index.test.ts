import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IntIndex } from './int-index.ts'
import { NumberIndex } from './number-index.ts'
import { seed } from './state-kit.test.ts'
import { TextIndex } from './text-index.ts'

interface Index<K> {
  readonly count: number
  find(key: K): number
  add(key: K, slot: number): void
  remove(key: K): void
}

function agrees<K>(index: Index<K>, operations: readonly (readonly [key: K, remove: boolean])[]): void {
  const model = new Map<K, number>()
  let slot = 0
  for (const [key, remove] of operations) {
    assert.equal(index.find(key), model.get(key) ?? -1)
    if (model.has(key) === remove) {
      if (remove) index.remove(key)
      else index.add(key, slot)
      if (remove) model.delete(key)
      else model.set(key, slot++)
    }
    assert.equal(index.count, model.size)
  }
  for (const [key, at] of model) assert.equal(index.find(key), at)
}

test('indexes agree with a Map on few keys that come and go', () => {
  const few = { seed, numRuns: 200 }
  const ints = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer())
  fc.assert(
    fc.property(fc.array(fc.tuple(ints, fc.boolean()), { maxLength: 400 }), (ops) => agrees(new IntIndex(), ops)),
    few,
  )
  const doubles = fc.oneof(
    fc.integer({ min: 1, max: 20 }).map((i) => i / 4),
    fc.double({ noNaN: true }),
    fc.maxSafeInteger(),
  )
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          doubles.map((x) => x + 0),
          fc.boolean(),
        ),
        { maxLength: 400 },
      ),
      (ops) => agrees(new NumberIndex(), ops),
    ),
    few,
  )
  const texts = fc.oneof(fc.constantFrom('a', 'b', 'ab', ''), fc.string())
  fc.assert(
    fc.property(fc.array(fc.tuple(texts, fc.boolean()), { maxLength: 400 }), (ops) => agrees(new TextIndex(), ops)),
    few,
  )
})

const many = 200_000

function fill<K>(index: Index<K>, keyOf: (i: number) => K): void {
  for (let i = 0; i < many; i++) index.add(keyOf(i), i)
  for (let i = 0; i < many; i += 3) index.remove(keyOf(i))
  for (let i = 0; i < many; i++) assert.equal(index.find(keyOf(i)), i % 3 === 0 ? -1 : i)
  for (let i = 0; i < many; i += 3) index.add(keyOf(i), i)
  for (let i = 0; i < many; i++) assert.equal(index.find(keyOf(i)), i)
  assert.equal(index.find(keyOf(many)), -1)
}

test('indexes that split find every key: dense, far apart, negative, in steps of powers of two', () => {
  fill(new IntIndex(), (i) => i)
  fill(new IntIndex(), (i) => -i)
  fill(new IntIndex(), (i) => Math.imul(i, 0x2545f491))
  fill(new IntIndex(), (i) => (i << 14) ^ (i >>> 17))
  fill(new NumberIndex(), (i) => i * 2 ** 32)
  fill(new NumberIndex(), (i) => i + 0.5)
  fill(new TextIndex(), (i) => `user-${i}`)
})

test('integer keys chosen so that their hashes agree cost no more than an overflow, and are all found', () => {
  // The inverse of the multiplier: products that agree in their high bits.
  let inverse = 1
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(0x9e3779b1, inverse))
  const keyOf = (i: number): number => Math.imul(inverse, 0x12340000 | i)
  const index = new IntIndex()
  const count = 40_000
  for (let i = 0; i < count; i++) index.add(keyOf(i), i)
  for (let i = 0; i < count; i++) assert.equal(index.find(keyOf(i)), i)
  for (let i = 0; i < count; i += 2) index.remove(keyOf(i))
  for (let i = 0; i < count; i++) assert.equal(index.find(keyOf(i)), i % 2 === 0 ? -1 : i)
})
