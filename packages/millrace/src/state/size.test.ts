import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heapBytesOf } from './size.ts'
import { completed, endless, restored, stateOf } from './state-kit.test.ts'

const value = { kind: 'value', version: 1 } as const

test('what a value takes: headers, a word a field or element, and what they refer to', () => {
  assert.equal(heapBytesOf(7), 0, 'in the word that refers to it')
  assert.equal(heapBytesOf(7.5), 12)
  assert.equal(heapBytesOf('x'.repeat(40)), 16 + 40)
  assert.equal(heapBytesOf({ a: 1, b: 'x'.repeat(8) }), 24 + 16 + 24)
  assert.equal(heapBytesOf([1, 2, 3]), 32 + 24)
  assert.equal(heapBytesOf(new Uint8Array(1_000)), 1_120)
})

test('of a large value a few parts stand for all', () => {
  let looks = 0
  const part = {
    get a() {
      looks++
      return 'x'.repeat(16)
    },
  }
  const many = Array.from({ length: 100_000 }, () => part)
  const exact = 32 + 100_000 * (8 + 24 + 8 + 32)
  assert.ok(Math.abs(heapBytesOf(many) - exact) < exact / 100, `${heapBytesOf(many)} of ${exact}`)
  assert.ok(looks < 500, `${looks} looks`)
  assert.ok(heapBytesOf(new Map(Array.from({ length: 50_000 }, (_none, i) => [i, i]))) > 50_000 * 40)
})

/** Of the one state that is declared. */
function sizeOf(state: ReturnType<typeof stateOf>): number {
  return state.sizes().find(({ state: name }) => name !== undefined)?.bytes as number
}

test('the size of each kind of state follows what it holds, also after a restore, and is given back', () => {
  const kinds = {
    value: (state: ReturnType<typeof stateOf>, i: number) => state.value('s').set({ text: `value ${i}` }),
    list: (state: ReturnType<typeof stateOf>, i: number) => state.list('s').add({ text: `value ${i}` }),
    map: (state: ReturnType<typeof stateOf>, i: number) => state.map('s').set(i, { text: `value ${i}` }),
  }
  for (const [kind, write] of Object.entries(kinds)) {
    const declarations = { s: { ...value, kind: kind as keyof typeof kinds } }
    const state = stateOf(declarations)
    const grow = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        state.setKey(kind === 'value' ? i : i % 3)
        write(state, i)
      }
    }
    grow(0, 2_000)
    const some = sizeOf(state)
    grow(2_000, 20_000)
    const much = sizeOf(state)
    // An object with one field and a text, at least.
    assert.ok(some > 2_000 * 40 && some < 2_000 * 400, `${kind}: ${some}`)
    assert.ok(much > 7 * some && much < 13 * some, `${kind}: ${some}, ${much}`)
    const again = sizeOf(restored(declarations, completed(state)))
    assert.ok(Math.abs(again - much) < much / 10, `${kind}: ${again} after a restore, ${much} before`)
    for (let key = 0; key < 20_000; key++) {
      state.setKey(key)
      if (kind === 'value') state.value('s').clear()
      else if (kind === 'list') state.list('s').clear()
      else state.map('s').clear()
    }
    completed(state)
    state.sweep(endless)
    // Pages stay; what was in them is gone.
    assert.ok(sizeOf(state) < much / 2, `${kind}: ${sizeOf(state)} of ${much} when all is cleared`)
  }
})

test('keys count too, texts by their length', () => {
  const sizes = ['k', 'k'.repeat(100)].map((prefix) => {
    const state = stateOf({ v: value })
    for (let i = 0; i < 1_000; i++) {
      state.setKey(prefix + i)
      state.value('v').set(i)
    }
    return state.sizes()[0]?.bytes as number
  })
  const [short, long] = sizes as [number, number]
  assert.ok(long - short > 90_000 && long - short < 120_000, `${short}, ${long}`)
})
