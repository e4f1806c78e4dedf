import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalText, differenceOf, isEqual, valuesText } from './multiset.ts'

test('order does not matter, numbers of occurrences do', () => {
  assert.ok(isEqual(differenceOf([1, 2, 2], [2, 1, 2])))
  assert.deepEqual(differenceOf([1, 2, 2, 4], [2, 1, 3, 3]), { missing: [3, 3], extra: [2, 4] })
})

test('fields in another order are the same value', () => {
  assert.ok(isEqual(differenceOf([{ a: 1, b: [{ c: 2, d: 3 }] }], [{ b: [{ d: 3, c: 2 }], a: 1 }])))
})

test('values that look alike are different', () => {
  const values = [1, '1', 1n, true, 'true', null, 'null', undefined, 0, -0, Number.NaN, [1], { 0: 1 }, new Set([1]), new Date(1), new Map()]
  const texts = [...values, Uint8Array.of(1), {}, [], '', new Date(Number.NaN), new ArrayBuffer(0), new ArrayBuffer(1)].map(canonicalText)
  assert.equal(new Set(texts).size, texts.length, texts.join(' '))
})

test('people are shown the first few', () => {
  assert.equal(valuesText([1, 2, 3, 4, 5]), '1, 2, 3 and 2 more')
  assert.ok(valuesText(['x'.repeat(1_000)]).length < 300)
})
