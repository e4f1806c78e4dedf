import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitOf } from './output-limit.ts'

const small = { n: 1, text: 'a few words' }
const large = { n: 1, text: 'x'.repeat(1_000_000) }

/** One call that emits these, as `emit` looks at them. */
function call(count: number, valueAt: (index: number) => unknown, { most, mask, look } = limitOf('step/p')): void {
  for (let n = 1; n <= count; n++) if (n > most || (n & mask) === 0) look(true, n, valueAt(n - 1))
}
const tooMuch = { code: 'OUTPUT_LIMIT', message: /^One call of a function of step\/p emitted more than some 67108864 bytes/ }

test('one call may emit 64 MiB, by estimate, not many times as much', () => {
  call(65_536, () => small)
  call(60, () => large)
  assert.throws(() => call(130, () => large), tooMuch)
  assert.throws(() => call(65_536, () => ({ ...small, text: 'x'.repeat(3_000) })), tooMuch)
})

test('each call is weighed on its own', () => {
  const limit = limitOf('step/p')
  for (let i = 0; i < 10; i++) call(64, () => large, limit)
  assert.throws(() => call(130, () => large, limit), tooMuch)
  call(64, () => large, limit)
})

test('a large record now and then among small ones is not taken for many', () => {
  for (const every of [64, 96, 1_000]) call(65_536, (index) => ((index + 1) % every === 0 ? large : small))
  assert.doesNotThrow(() => call(65_536, (index) => ((index + 1) % 64 === 32 ? large : small)))
})
