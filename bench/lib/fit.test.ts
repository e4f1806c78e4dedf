import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decades, powerLaw } from './fit.ts'

const sizes = decades(1_000, 1_000_000, 4)

test('sizes are spread evenly on their logarithm, both ends included', () => {
  assert.deepEqual(decades(1, 100, 4), [1, 2, 3, 6, 10, 18, 32, 56, 100])
})

test('the exponent of a cost that is a power is found, whatever its factor', () => {
  for (const exponent of [0.5, 1, 1.5, 2]) {
    const { exponent: found, r2 } = powerLaw(sizes.map((size) => [size, 7 * size ** exponent]))
    assert.ok(Math.abs(found - exponent) < 1e-9, `${found} instead of ${exponent}`)
    assert.ok(r2 > 0.999_999)
  }
})

test('a cost with a logarithm in it stays below 1.1 over three decades, a quadratic part of a thousandth does not', () => {
  assert.ok(powerLaw(sizes.map((size) => [size, size * Math.log2(size)])).exponent < 1.11)
  assert.ok(powerLaw(sizes.map((size) => [size, size + size ** 2 / 1_000])).exponent > 1.5)
})

test('a cost that has nothing to do with the size explains nothing', () => {
  assert.ok(powerLaw(sizes.map((size, i) => [size, [5, 9, 4, 8, 6][i % 5] as number])).r2 < 0.2)
})
