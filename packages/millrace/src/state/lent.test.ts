import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import type { KeyedState } from './contract.ts'
import { completed, restored, stateOf } from './state-kit.test.ts'

const declarations = {
  v: { kind: 'value', version: 1 },
  i: { kind: 'value', version: 1, initial: () => ({ seen: new Set(), plain: { n: 1 } }) },
  l: { kind: 'list', version: 1 },
  m: { kind: 'map', version: 1 },
} as const

function changedIn(state: string, key: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(StreamError.is(error) && error.code === 'FROZEN_RECORD', String(error))
    assert.deepEqual([error.details?.['state'], error.details?.['key']], [state, JSON.stringify(key)])
    return true
  }
}

/** What holds something that cannot be frozen, and how it is changed in place. */
const changes: readonly (readonly [what: string, make: () => unknown, change: (value: never) => unknown])[] = [
  ['a Map', () => new Map([['a', 1]]), (value: Map<string, number>) => value.set('a', 2)],
  ['a Set in an object', () => ({ s: new Set([1]) }), ({ s }: { s: Set<number> }) => s.add(2)],
  ['a Date in an array', () => [new Date(1)], ([date]: [Date]) => date.setTime(2)],
  ['bytes', () => Uint8Array.of(1), (value: Uint8Array) => (value[0] = 2)],
]
const readers: Readonly<Record<string, (state: KeyedState, value: unknown) => unknown>> = {
  v: (state, value) => (state.value('v').set(value), state.value('v').get()),
  l: (state, value) => (state.list('l').add(value), [...state.list('l')][0]),
  m: (state, value) => (state.map('m').set('k', value), state.map('m').get('k')),
}

for (const [what, make, change] of changes)
  for (const [name, write] of Object.entries(readers))
    test(`with check: true ${what} of the state ${name} that is changed in place is found, read or written, and what was not is let be`, () => {
      const state = stateOf(declarations)
      state.setKey('a')
      const read = write(state, make())
      state.checkLent()
      assert.deepEqual(read, make())
      state.setKey('b')
      change(write(state, make()) as never)
      state.setKey('c')
      assert.throws(() => state.value('v').get(), changedIn(name, 'b'))
      state.checkLent()
      const written = make()
      write(state, written)
      change(written as never)
      assert.throws(() => state.checkLent(), changedIn(name, 'c'))
    })

test('a change in place that a set follows is found too: a snapshot could have seen the half of it', () => {
  const state = stateOf(declarations)
  state.setKey('a')
  state.value('v').set(new Map())
  const grow = (now: unknown): unknown => (now as Map<number, number>).set(1, 1)
  assert.throws(() => state.value('v').update(grow), changedIn('v', 'a'))
})

test('what initial makes, and what a restore brings, is frozen', () => {
  const state = stateOf(declarations)
  state.setKey('a')
  const made = state.value('i').get() as { seen: Set<number>; plain: { n: number } }
  assert.throws(() => made.plain.n++, TypeError)
  made.seen.add(1)
  assert.throws(() => state.checkLent(), changedIn('i', 'a'))
  state.value('v').set({ deep: { n: 1 } })
  state.list('l').add({ n: 1 })
  const again = restored(declarations, completed(state))
  again.setKey('a')
  assert.throws(() => (again.value('v').get() as { deep: { n: number } }).deep.n++, TypeError)
  assert.throws(() => ([...again.list('l')][0] as { n: number }).n++, TypeError)
})

test('what initial makes is frozen in every run, as often as what is written', () => {
  const state = stateOf(declarations, 'sampled')
  state.setKey('a')
  assert.ok(Object.isFrozen(state.value('i').get()))
})
