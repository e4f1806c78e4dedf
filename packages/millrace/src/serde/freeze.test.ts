import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deepFreeze } from './freeze.ts'

test('plain objects and arrays are frozen at every depth, cycles included', () => {
  const value: { a: { b: { c: number }[] }; self?: unknown } = { a: { b: [{ c: 1 }] } }
  value.self = value
  assert.equal(deepFreeze(value), value)
  assert.throws(() => ((value.a.b[0] as { c: number }).c = 2), TypeError)
  assert.throws(() => value.a.b.push({ c: 2 }), TypeError)
  let deep: unknown = { leaf: true }
  for (let i = 0; i < 100_000; i++) deep = [deep]
  deepFreeze(deep)
})

test('what cannot be frozen is left alone, with what it holds', () => {
  class Order {
    total = 1
  }
  const value = { map: new Map([['a', { n: 1 }]]), set: new Set([1]), at: new Date(0), bytes: new Uint8Array(2), order: new Order() }
  deepFreeze(value)
  value.map.set('b', { n: 2 })
  ;(value.map.get('a') as { n: number }).n = 5
  value.set.add(2)
  value.at.setTime(1)
  value.bytes[0] = 1
  value.order.total = 2
  assert.ok(Object.isFrozen(value) && !Object.isFrozen(value.order))
})

test('a subtree that is frozen already is not looked into', () => {
  const inner = { open: { n: 1 } }
  Object.freeze(inner)
  deepFreeze([inner])
  assert.ok(!Object.isFrozen(inner.open))
})

test('primitives are given back', () => {
  for (const value of [1, 'a', null, undefined, true, 1n]) assert.equal(deepFreeze(value), value)
})
