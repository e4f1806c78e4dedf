import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListHandle, MapHandle, ValueHandle } from './handles.ts'
import type { Json, TtlSpec } from './program.ts'
import { makeState, type Clock } from './state.ts'
import { batch, fieldOf, keyedJob, rec } from './testing.ts'

const clockAt = (now: number): Clock => ({ now })
const value = (ttl?: TtlSpec, clock = clockAt(0), initial?: Json) =>
  makeState(
    { kind: 'value', ...(ttl === undefined ? {} : { ttl }), ...(initial === undefined ? {} : { initial }) },
    clock,
  ) as ValueHandle<Json>
const list = (ttl?: TtlSpec, clock = clockAt(0)) =>
  makeState({ kind: 'list', ...(ttl === undefined ? {} : { ttl }) }, clock) as ListHandle<Json>
const map = (ttl?: TtlSpec, clock = clockAt(0)) =>
  makeState({ kind: 'map', ...(ttl === undefined ? {} : { ttl }) }, clock) as MapHandle<string, Json>

test('ST-2: a value is undefined until set, and after clear', () => {
  const state = value()
  assert.equal(state.get(), undefined)
  state.set(3)
  state.update((now) => (now as number) + 1)
  assert.equal(state.get(), 4)
  state.clear()
  assert.equal(state.get(), undefined)
})

test('api: a value with an initial one gives it until set, and after clear', () => {
  const state = value(undefined, clockAt(0), 7)
  state.update((now) => (now as number) * 2)
  assert.equal(state.get(), 14)
  state.clear()
  assert.equal(state.get(), 7)
})

test('ST-2: a list is empty when absent, replace with nothing clears', () => {
  const state = list()
  assert.deepEqual([state.size, [...state]], [0, []])
  state.add(1)
  state.add(2)
  assert.deepEqual([state.size, [...state]], [2, [1, 2]])
  state.replace([3])
  assert.deepEqual([...state], [3])
  state.replace([])
  assert.equal(state.size, 0)
})

test('api: a map gets, has, updates, deletes, goes through all', () => {
  const state = map()
  state.set('a', 1)
  state.update('b', (now) => ((now as number | undefined) ?? 10) + 1)
  assert.deepEqual([state.size, state.get('b'), state.has('c')], [2, 11, false])
  state.delete('a')
  state.delete('a')
  assert.deepEqual([[...state], [...state.keys()], [...state.values()]], [[['b', 11]], ['b'], [11]])
  state.clear()
  assert.equal(state.size, 0)
})

test('api: a map may be changed while it is gone through', () => {
  const state = map()
  for (const key of ['a', 'b']) state.set(key, 1)
  for (const [key] of state) state.set(`${key}!`, 2)
  assert.deepEqual([...state.keys()], ['a', 'b', 'a!', 'b!'])
})

test('ST-1: state is of its key alone', () => {
  const program = keyedJob({ kind: 'counter', every: 1 }, [rec(1, 0), rec(2, 1, { key: 2 }), rec(3, 2)])
  assert.deepEqual(fieldOf(program, [batch('s', 3)], 'value'), [1, 1, 2])
})

test('TT-1: expired when last access + ttl <= now', () => {
  const clock = clockAt(100)
  const state = value(10, clock)
  state.set('x')
  clock.now = 109
  assert.equal(state.get(), 'x')
  clock.now = 110
  assert.equal(state.get(), undefined)
})

test('TT-2: a read does not refresh by default, a write does', () => {
  const clock = clockAt(0)
  const state = value(10, clock)
  state.set('x')
  clock.now = 6
  state.get()
  clock.now = 10
  assert.equal(state.get(), undefined)
  state.set('y')
  clock.now = 19
  assert.equal(state.get(), 'y')
})

test('TT-2: with read-and-write a read refreshes', () => {
  const clock = clockAt(0)
  const state = value({ after: 10, refreshOn: 'read-and-write' }, clock)
  state.set('x')
  clock.now = 6
  state.get()
  clock.now = 15
  assert.equal(state.get(), 'x')
})

test('TT-2: until-cleaned gives an expired value once more', () => {
  const clock = clockAt(0)
  const state = value({ after: 10, expired: 'until-cleaned' }, clock)
  state.set('x')
  clock.now = 50
  assert.equal(state.get(), 'x')
  assert.equal(state.get(), undefined)
})

test('TT-2: what has expired gives the initial value again', () => {
  const clock = clockAt(0)
  const state = value(10, clock, 0)
  state.set(5)
  clock.now = 10
  assert.equal(state.get(), 0)
})

test('TT-3: elements of a list expire one by one', () => {
  const clock = clockAt(0)
  const state = list(10, clock)
  state.add(1)
  clock.now = 5
  state.add(2)
  clock.now = 10
  assert.deepEqual([state.size, [...state]], [1, [2]])
})

test('TT-3: reading a list that refreshes on reads refreshes all of it', () => {
  const clock = clockAt(0)
  const state = list({ after: 10, refreshOn: 'read-and-write' }, clock)
  state.add(1)
  clock.now = 5
  assert.deepEqual([...state], [1])
  clock.now = 14
  assert.deepEqual([...state], [1])
})

test('TT-3: entries of a map expire one by one, each by its own writes', () => {
  const clock = clockAt(0)
  const state = map(10, clock)
  state.set('a', 1)
  state.set('b', 1)
  clock.now = 5
  state.set('b', 2)
  clock.now = 10
  assert.deepEqual([state.size, state.has('a'), state.get('b')], [1, false, 2])
})

test('TT-1: a dedupe forgets what it has seen', () => {
  const program = keyedJob({ kind: 'dedupe', ttl: 10, tag: 't' }, [rec(1, 0), rec(2, 1), rec(3, 2)])
  const arrival = [batch('s', 1, { now: 100 }), batch('s', 1, { now: 109 }), batch('s', 1, { now: 110 })]
  assert.deepEqual(fieldOf(program, arrival, 'id'), [1, 3])
  assert.deepEqual(fieldOf(program, arrival, 'id', 'side'), [2])
})
