import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyGroupOfKey } from '../serde/key.ts'
import type { Key } from './contract.ts'
import { KeyDictionary } from './key-dictionary.ts'
import { seed } from './state-kit.test.ts'

type Coded = Exclude<Key, number>
const keyOf = (i: number): Coded => [`text ${i}`, `\0${i}`, BigInt(i), ['tuple', i]][i % 4] as Coded
const nameOf = (key: Coded): string => `${typeof key} ${String(key)}`

test('a key that is used has one code of its own, whatever comes and goes beside it, and those without a use are no more than were used', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(400)), { maxLength: 2_000 }), (steps) => {
      const dictionary = new KeyDictionary(16)
      const used = new Map<string, { readonly key: Coded; readonly code: number; uses: number }>()
      let peak = 0
      for (const [what, i] of steps) {
        const key = keyOf(i)
        const own = used.get(nameOf(key))
        if (what === 0) dictionary.nextPeriod()
        else if (what % 2 === 0) {
          const found = dictionary.find(key)
          const code = found < 0 ? dictionary.add(key) : found
          dictionary.use(code)
          if (own === undefined) used.set(nameOf(key), { key, code, uses: 1 })
          else {
            assert.equal(code, own.code)
            own.uses++
          }
        } else if (own !== undefined) {
          dictionary.unuse(own.code)
          if (--own.uses === 0) used.delete(nameOf(key))
        }
        peak = Math.max(peak, used.size)
        dictionary.trimSome(1)
        assert.ok(dictionary.count <= used.size + peak + 64, `${dictionary.count} codes, ${used.size} in use`)
      }
      assert.equal(new Set([...used.values()].map(({ code }) => code)).size, used.size)
      for (const { key, code } of used.values()) {
        assert.equal(dictionary.find(key), code)
        assert.deepEqual(dictionary.keyOf(code), key)
        assert.equal(dictionary.groupOf(code), keyGroupOfKey(key, 16))
      }
    }),
    { seed, numRuns: 100 },
  )
})

test('a key keeps its code from one window to the next, though none has it in between', () => {
  const dictionary = new KeyDictionary(16)
  const windowOf = (from: number): number[] => {
    const codes = Array.from({ length: 1_000 }, (_, i) => `customer-${from + i}`).map((key) => {
      const found = dictionary.find(key)
      return found < 0 ? dictionary.add(key) : found
    })
    for (const code of codes) dictionary.use(code)
    return codes
  }
  let codes = windowOf(0)
  for (let window = 0; window < 5; window++) {
    dictionary.nextPeriod()
    for (const code of codes) dictionary.unuse(code)
    dictionary.trimSome(10_000)
    const next = windowOf(0)
    assert.deepEqual(next, codes)
    codes = next
  }
})

test('keys that do not come back are forgotten with the windows after, step by step', () => {
  const dictionary = new KeyDictionary(16)
  for (let i = 0; i < 100_000; i++) dictionary.use(dictionary.add(`once ${i}`))
  for (let code = 0; code < 100_000; code++) dictionary.unuse(code)
  assert.equal(dictionary.trimSome(0), true, 'they may come back in the next window')
  dictionary.nextPeriod()
  dictionary.nextPeriod()
  assert.equal(dictionary.trimSome(0), false)
  let steps = 0
  while (!dictionary.trimSome(1_000)) steps++
  assert.ok(steps >= 99, `${steps} steps`)
  assert.ok(dictionary.count <= 64, `${dictionary.count} keys`)
})

test('what is no key is refused, and nothing is left of it', () => {
  const dictionary = new KeyDictionary(16)
  for (const none of [null, undefined, {}, Symbol('s')]) {
    assert.throws(() => dictionary.find(none as never), { code: 'INVALID_KEY' })
    assert.throws(() => dictionary.add(none as never), { code: 'INVALID_KEY' })
  }
  assert.equal(dictionary.count, 0)
})
