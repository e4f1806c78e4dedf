import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import type { Key, StateDeclaration } from './contract.ts'
import { completed, contentOf, endless, oneStep, restored, stateOf } from './state-kit.test.ts'

const value: StateDeclaration = { kind: 'value', version: 1 }
const refuses = (code: string) => (error: unknown) => StreamError.is(error) && error.code === code

test('ST-1 state is scoped by name and key; outside a key context it is an error', () => {
  const state = stateOf({ a: value, b: value })
  assert.throws(() => state.value('a').get(), refuses('OUTSIDE_CALL'))
  state.setKey('k')
  state.value('a').set(1)
  assert.equal(state.value('b').get(), undefined)
  state.setKey('other')
  assert.equal(state.value('a').get(), undefined)
  assert.throws(() => state.value('none'), refuses('INVARIANT'))
  assert.throws(() => state.list('a'), refuses('INVARIANT'))
})

test('ST-2 absent values are undefined or the initial one; undefined clears; null is a value; empty lists and maps are absent', () => {
  const state = stateOf({ v: value, n: { ...value, initial: () => 7 }, l: { kind: 'list', version: 1 }, m: { kind: 'map', version: 1 } })
  state.setKey(1)
  assert.equal(state.value('n').get(), 7)
  state.value('n').update((now) => (now as number) + 1)
  assert.equal(state.value('n').get(), 8)
  state.value('n').set(undefined)
  assert.equal(state.value('n').get(), 7)
  state.value('v').set(null)
  assert.equal(state.value('v').get(), null)
  state.value('v').clear()
  assert.deepEqual([...state.list('l')], [])
  state.list('l').add(1)
  state.list('l').replace([])
  assert.equal(state.list('l').size, 0)
  state.map('m').set('x', undefined)
  assert.equal(state.map('m').has('x'), true)
  state.map('m').delete('x')
  assert.deepEqual(state.statistics, { keys: 0, slots: 1, pendingTimers: 0, deleted: 1 })
})

test('ST-3 J6 what is stored is frozen, not a copy; what cannot be stored is refused at the first set', () => {
  const state = stateOf({ v: value, l: { kind: 'list', version: 1 }, m: { kind: 'map', version: 1 } })
  state.setKey(1)
  const account = { n: 1, tags: ['a'] }
  state.value('v').set(account)
  assert.equal(state.value('v').get(), account)
  assert.throws(() => account.tags.push('b'), TypeError)
  for (const bad of [() => 1, Symbol('x'), new (class A {})(), Promise.resolve()]) {
    assert.throws(() => state.value('v').set(bad), refuses('UNSUPPORTED_VALUE'))
    assert.throws(() => state.list('l').add({ deep: [bad] }), refuses('UNSUPPORTED_VALUE'))
    assert.throws(() => state.map('m').set('k', bad), refuses('UNSUPPORTED_VALUE'))
  }
  assert.equal(state.value('v').get(), account)
  assert.equal(state.map('m').size, 0)
})

test('keys of every kind are told apart, -0 is 0, NaN is one key, a tuple may change afterwards', () => {
  const state = stateOf({ v: value })
  const tuple: Key[] = [1, 'a']
  const keys: Key[] = [0, 1, '1', 1n, true, 'true', Number.NaN, 1.5, 2 ** 40, -1, '', '\0', tuple, [], [1], [[1, 'a']]]
  for (const [i, key] of keys.entries()) {
    state.setKey(key)
    assert.equal(state.value('v').get(), undefined, String(key))
    state.value('v').set(i)
  }
  tuple.push('more')
  keys[12] = [1, 'a']
  for (const [i, key] of [...keys, -0].entries()) {
    state.setKey(key)
    assert.equal(state.value('v').get(), i % keys.length)
  }
  for (const bad of [null, {}, () => 1, Symbol('x'), [null]]) {
    assert.throws(() => state.setKey(bad as never), refuses('INVALID_KEY'))
  }
})

const event: StateDeclaration = { kind: 'timer', version: 1, domain: 'event' }
const timers = {
  forget: event,
  remind: event,
  alarms: { kind: 'timers', version: 1, domain: 'event' },
  tick: { kind: 'timer', version: 1, domain: 'processing' },
} as const

function due(state: ReturnType<typeof stateOf>, domain: 'event' | 'processing', upTo: number): string[] {
  const fired: string[] = []
  for (let timer = state.takeDue(domain, upTo); timer !== undefined; timer = state.takeDue(domain, upTo))
    fired.push(`${String(state.key)} ${state.timerNames[timer.timer]} ${timer.at}`)
  return fired
}

test('TM-1 at most one timer for a key, name and time; clearing what is not there does nothing', () => {
  const state = stateOf(timers)
  state.setKey('k')
  state.timer('forget').clear()
  state.timers('alarms').delete(5)
  state.timer('forget').set(10)
  state.timer('forget').set(10)
  for (const at of [5, 7, 5, 5]) state.timers('alarms').add(at)
  state.timers('alarms').delete(7)
  state.timers('alarms').add(7)
  state.timers('alarms').delete(7)
  assert.equal(state.statistics.pendingTimers, 2)
  assert.deepEqual(due(state, 'event', 100), ['k alarms 5', 'k forget 10'])
  assert.equal(state.statistics.pendingTimers, 0)
  for (const bad of [Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 53, '1' as never, undefined as never]) {
    assert.throws(() => state.timer('forget').set(bad), refuses('TIMER_LIMIT'))
    assert.throws(() => state.timers('alarms').add(bad), refuses('TIMER_LIMIT'))
  }
})

test('TM-2 timers fire in order of time, then of declaration; those set while firing fire in the same pass if due', () => {
  const state = stateOf(timers)
  state.setKey('k')
  state.timer('remind').set(20)
  state.timer('forget').set(20)
  state.timer('remind').set(50)
  state.timers('alarms').add(20)
  state.timer('remind').set(20)
  state.setKey('j')
  state.timer('forget').set(10)
  assert.equal(state.nextTimer('event'), 10)
  assert.deepEqual(state.takeDue('event', 20), { timer: 0, at: 10 })
  assert.equal(state.key, 'j')
  state.timer('forget').set(15)
  assert.deepEqual(due(state, 'event', 20), ['j forget 15', 'k forget 20', 'k remind 20', 'k alarms 20'])
  assert.equal(state.nextTimer('event'), Number.POSITIVE_INFINITY)
})

test('TM-2 a timer that was moved fires at its new time only, moved later or earlier', () => {
  const state = stateOf(timers)
  state.setKey('k')
  state.timer('forget').set(10)
  state.timer('forget').set(30)
  state.timer('forget').set(20)
  state.timer('forget').set(30)
  assert.equal(state.timer('forget').at, 30)
  assert.deepEqual(due(state, 'event', 29), [])
  assert.equal(state.nextTimer('event'), 30)
  assert.deepEqual(due(state, 'event', 30), ['k forget 30'])
  assert.equal(state.timer('forget').at, undefined)
})

test('TM-4 a processing timer for T fires when the clock is past T', () => {
  const state = stateOf(timers)
  state.setKey('k')
  state.timer('tick').set(10)
  assert.deepEqual(due(state, 'processing', 10), [])
  assert.deepEqual(due(state, 'event', 100), [])
  assert.deepEqual(due(state, 'processing', 11), ['k tick 10'])
})

test('TM-5 timers are state: in the snapshot, gone from the next delta when fired, restored with their order', () => {
  const state = stateOf(timers)
  for (const key of ['a', 'b', 'c']) {
    state.setKey(key)
    state.timer('remind').set(5)
    state.timer('forget').set(5)
    state.timers('alarms').add(4)
    state.timer('tick').set(1)
  }
  const first = completed(state)
  assert.deepEqual(state.takeDue('event', 4), { timer: 2, at: 4 })
  state.setKey('b')
  state.timer('forget').set(3)
  const second = completed(state)
  const copy = restored(timers, first, second)
  assert.equal(copy.statistics.pendingTimers, state.statistics.pendingTimers)
  const forKey = (key: string) => (each: string) => each.startsWith(key)
  const [own, other] = [due(state, 'event', 10), due(copy, 'event', 10)]
  for (const key of ['a', 'b', 'c']) assert.deepEqual(other.filter(forKey(key)), own.filter(forKey(key)))
  assert.equal(due(copy, 'processing', 2).length, 3)
})

test('a slot goes to another key only when a completed checkpoint covers that its key has nothing left', () => {
  const state = stateOf({ v: value, t: event })
  state.setKey('gone')
  state.value('v').set(1)
  state.timer('t').set(1)
  completed(state)
  state.setKey('gone')
  state.value('v').clear()
  assert.equal(state.statistics.keys, 1)
  state.timer('t').clear()
  assert.deepEqual(state.statistics, { keys: 0, slots: 1, pendingTimers: 0, deleted: 0 })
  state.sweep(endless)
  assert.equal(state.statistics.slots, 1)
  completed(state)
  state.setKey('back')
  state.value('v').set(2)
  assert.deepEqual(state.statistics, { keys: 1, slots: 1, pendingTimers: 0, deleted: 0 })
  state.setKey('gone')
  assert.equal(state.value('v').get(), undefined)
  assert.deepEqual([...contentOf(state).keys()], ['v back '])
})

test('without checkpoints, `forget` lets go of what is kept for the next one', () => {
  const state = stateOf({ v: value })
  for (let i = 0; i < 100; i++) {
    state.setKey(i)
    state.value('v').set(1)
    state.value('v').clear()
  }
  assert.equal(state.statistics.slots, 100)
  state.snapshots.forget()
  state.sweep(endless)
  assert.equal(state.statistics.slots, 0)
})

for (const kind of ['map', 'timers'] as const)
  test(`deleted entries of ${kind} are freed after a completed checkpoint, by a sweep or by further deletions`, () => {
    const state = stateOf(kind === 'map' ? { s: { kind: 'map', version: 1 } } : { s: { kind: 'timers', version: 1, domain: 'event' } })
    const churn = (from: number): void => {
      for (let i = from; i < from + 100; i++) {
        state.setKey('k')
        if (kind === 'map') state.map('s').set(i, i)
        else state.timers('s').add(i)
      }
      for (let i = from; i < from + 100; i++) {
        state.setKey('k')
        if (kind === 'map') state.map('s').delete(i)
        else assert.deepEqual(state.takeDue('event', i), { timer: 0, at: i })
      }
    }
    churn(0)
    completed(state)
    assert.equal(state.statistics.deleted, 100)
    churn(100)
    assert.equal(state.statistics.deleted, 100, 'those of the first round are gone, those of the second wait')
    assert.equal(state.canFree, true)
    assert.equal(state.free(oneStep), false)
    completed(state)
    assert.equal(state.free(endless), true)
    assert.equal(state.canFree, false)
    assert.deepEqual(state.statistics, { keys: 0, slots: 0, pendingTimers: 0, deleted: 0 })
  })

test('what waits for the next snapshot is counted: deletions and clears, not what is there', () => {
  const state = stateOf({ v: value, m: { kind: 'map', version: 1 } })
  completed(state)
  const steps: readonly (readonly [() => void, awaiting: number])[] = [
    [() => state.map('m').set('a', 1), 0],
    [() => state.map('m').set('b', 1), 0],
    [() => state.map('m').delete('a'), 2],
    [() => state.map('m').clear(), 5],
    // The key is there until it is freed.
    [() => state.snapshots.forget(), 1],
    [() => state.map('m').set('c', 1), 0],
    [() => state.value('v').set(1), 0],
  ]
  state.setKey('k')
  for (const [change, awaiting] of steps) {
    change()
    assert.equal(state.awaiting, awaiting, String(change))
  }
})

test('many entries deleted in one epoch do not make a snapshot look at all cells', () => {
  const state = stateOf({ m: { kind: 'map', version: 1 } }, 'sampled')
  for (let key = 0; key < 5_000; key++) {
    state.setKey(key)
    state.map('m').set(1, 1)
    state.map('m').delete(1)
  }
  completed(state)
  state.setKey(0)
  for (let i = 0; i < 3_000; i++) state.map('m').set(i, i)
  for (let i = 0; i < 3_000; i++) state.map('m').delete(i)
  let steps = 0
  state.snapshots.seal(1_000_000, 'delta')
  while (!state.snapshots.encode(oneStep)) steps++
  assert.ok(steps < 150, `${steps} steps`)
})

test('a value that cannot be stored is told by state and key, by a snapshot and by a write that has to save it first', () => {
  for (const isWrite of [false, true]) {
    const state = stateOf({ v: value, l: { kind: 'list', version: 1 } }, 'sampled')
    const wrong = new (class Money {})()
    for (let i = 0; i < 200; i++) {
      state.setKey(i)
      state.value('v').set({ i })
    }
    state.setKey(['k', 7n])
    if (isWrite) state.value('v').set(wrong)
    else state.list('l').add(wrong)
    assert.equal(state.snapshots.unstorable, undefined)
    state.snapshots.seal(1, 'delta')
    assert.throws(() => {
      if (isWrite) state.value('v').set(1)
      while (!state.snapshots.encode(oneStep));
    }, refuses('UNSUPPORTED_VALUE'))
    assert.deepEqual(state.snapshots.unstorable, { state: isWrite ? 'v' : 'l', key: ['k', 7n] })
  }
})

test('a value of another version is migrated at restore, and the shapes of its old version are not those of the new', () => {
  const old = stateOf({ v: value, l: { kind: 'list', version: 1 } })
  old.setKey(1)
  old.value('v').set({ name: 'x' })
  old.list('l').replace([{ n: 1 }, { n: 2 }])
  const migrate = (each: unknown, from: number): unknown => ({ ...(each as object), from })
  const declarations = { v: { ...value, version: 2, migrate }, l: { kind: 'list', version: 3, migrate } } as const
  const state = restored(declarations, completed(old))
  state.setKey(1)
  assert.deepEqual(state.value('v').get(), { name: 'x', from: 1 })
  state.list('l').add({ n: 3, from: 3 })
  const expected = [
    { n: 1, from: 1 },
    { n: 2, from: 1 },
    { n: 3, from: 3 },
  ]
  assert.deepEqual([...state.list('l')], expected)
})
