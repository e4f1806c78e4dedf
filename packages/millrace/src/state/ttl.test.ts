import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeyedState, StateDeclaration } from './contract.ts'
import { completed, contentOf, endless, entriesOf, oneStep, restored, stateOf } from './state-kit.test.ts'

type Ttl = NonNullable<StateDeclaration['ttl']>
const ttl = (refreshOn: Ttl['refreshOn'] = 'write', expired: Ttl['expired'] = 'never-returned'): Ttl => ({
  afterMs: 10,
  refreshOn,
  expired,
})
const kinds = (of: Ttl): Record<string, StateDeclaration> => ({
  v: { kind: 'value', version: 1, ttl: of },
  l: { kind: 'list', version: 1, ttl: of },
  m: { kind: 'map', version: 1, ttl: of },
})

function at(state: KeyedState, now: number): KeyedState {
  state.now = now
  state.setKey('k')
  return state
}

function write(state: KeyedState, value: string): void {
  state.value('v').set(value)
  state.list('l').add(value)
  state.map('m').set(value, value)
}

function read(state: KeyedState): unknown[] {
  return [state.value('v').get(), [...state.list('l')], [...state.map('m').values()]]
}

test('TT-1 expired when last access + ttl <= now, to the millisecond', () => {
  const state = at(stateOf(kinds(ttl())), 100)
  write(state, 'a')
  assert.deepEqual(read(at(state, 109)), ['a', ['a'], ['a']])
  assert.deepEqual(read(at(state, 110)), [undefined, [], []])
  assert.equal(state.statistics.keys, 0)
})

test('TT-2 reads refresh only if asked to; what has expired is returned once if it may be', () => {
  const written = at(stateOf(kinds(ttl('write'))), 0)
  write(written, 'a')
  read(at(written, 9))
  assert.deepEqual(read(at(written, 18)), [undefined, [], []])
  const refreshed = at(stateOf(kinds(ttl('read-and-write'))), 0)
  write(refreshed, 'a')
  read(at(refreshed, 9))
  assert.deepEqual(read(at(refreshed, 18)), ['a', ['a'], ['a']])
  const once = at(stateOf(kinds(ttl('write', 'until-cleaned'))), 0)
  write(once, 'a')
  assert.deepEqual(read(at(once, 50)), ['a', ['a'], ['a']])
  assert.deepEqual(read(at(once, 50)), [undefined, [], []])
})

test('TT-2 a value with a default reads as the default when it has expired', () => {
  const state = at(stateOf({ v: { kind: 'value', version: 1, ttl: ttl(), initial: () => 'none' } }), 0)
  state.value('v').set('a')
  assert.equal(at(state, 10).value('v').get(), 'none')
})

test('TT-3 list elements and map entries expire one by one', () => {
  const state = at(stateOf(kinds(ttl())), 0)
  write(state, 'a')
  write(at(state, 5), 'b')
  assert.deepEqual(read(at(state, 10)), ['b', ['b'], ['b']])
  assert.equal(state.map('m').size, 1)
  assert.equal(state.map('m').has('a'), false)
})

test('TT-3 reading a list takes no longer for what has not expired, and its deltas hold what was added', () => {
  const state = at(stateOf({ l: { kind: 'list', version: 1, ttl: { ...ttl(), afterMs: 50_000 } } }, 'sampled'), 0)
  const list = state.list('l')
  const began = performance.now()
  for (let now = 0; now < 200_000; now++) {
    state.now = now
    list.add(now)
    if (list.size !== Math.min(now + 1, 50_000)) assert.fail(`${list.size} elements at ${now}`)
  }
  assert.ok(performance.now() - began < 10_000, 'it looks at the whole list each time')
  completed(state)
  state.now += 10
  list.add('new')
  assert.equal(list.size, 49_991)
  assert.deepEqual(entriesOf(completed(state)).length, 1)
  assert.deepEqual([...list].slice(0, 2), [150_010, 150_011])
})

test('TT-3 a restore gives back what has not expired, whatever had been passed over', () => {
  const declared = { l: { kind: 'list', version: 1, ttl: ttl() } } as const
  const state = stateOf(declared)
  const deltas = []
  for (let now = 0; now < 40; now++) {
    at(state, now).list('l').add(now)
    if (now % 3 === 0) deltas.push(completed(state))
    if (now % 4 === 0)
      assert.deepEqual(
        [...state.list('l')],
        [...Array(Math.min(now + 1, 10)).keys()].map((i) => i + Math.max(0, now - 9)),
      )
    if (now % 3 === 0) assert.deepEqual([...at(restored(declared, ...deltas), now).list('l')], [...at(state, now).list('l')])
  }
})

test('TT-3 an element lives no longer than one added after it, where the time to live or the clock was another before', () => {
  const declared = (afterMs: number) => ({ l: { kind: 'list', version: 1, ttl: { ...ttl(), afterMs } } }) as const
  const long = at(stateOf(declared(1_000)), 500)
  long.list('l').add('a')
  const before = completed(long)
  const short = at(restored(declared(10), before), 510)
  short.list('l').add('b')
  assert.deepEqual([...at(short, 519).list('l')], ['a', 'b'])
  const again = restored(declared(10), before, completed(short))
  for (const state of [short, again]) assert.deepEqual([...at(state, 520).list('l')], [])
  assert.deepEqual([...at(restored(declared(10), before), 1_499).list('l')], ['a'], 'nothing was added: it lives as long as it was told')
})

test('TT-4 a sweep removes what nobody reads, within its budget, and marks it so that the next delta says so', () => {
  const state = stateOf(kinds(ttl()))
  for (let key = 0; key < 500; key++) {
    state.setKey(key)
    write(state, 'a')
  }
  completed(state)
  state.now = 10
  for (let i = 0; i < 200; i++) state.sweep(oneStep)
  assert.equal(state.statistics.keys, 500, 'no budget, no work')
  let steps = 4
  state.sweep({ hasLeft: () => steps-- > 0 })
  assert.ok(state.statistics.keys >= 372)
  state.sweep(endless)
  assert.equal(state.statistics.keys, 0)
  const delta = entriesOf(completed(state))
  assert.equal(delta.filter((entry) => /^v delete|^l replace|^m entry-delete/.test(entry)).length, 1500)
  state.sweep(endless)
  assert.equal(state.statistics.slots, 0)
})

test('TT-5 the expiry is in the format; a state gains or loses its TTL at a restore', () => {
  const plain = { v: { kind: 'value', version: 1 }, l: { kind: 'list', version: 1 }, m: { kind: 'map', version: 1 } } as const
  const before = at(stateOf(plain), 0)
  write(before, 'a')
  const gained = restored(kinds(ttl()), completed(before))
  assert.deepEqual(read(at(gained, 1_000_000)), ['a', ['a'], ['a']], 'nothing is lost before it counts')
  gained.sweep(endless)
  assert.deepEqual(read(at(gained, 1_000_009)), ['a', ['a'], ['a']])
  assert.deepEqual(read(at(gained, 1_000_010)), [undefined, [], []])
  const withTtl = at(stateOf(kinds(ttl())), 0)
  write(withTtl, 'a')
  const lost = restored(plain, completed(withTtl))
  assert.deepEqual(read(at(lost, 1_000_000)), ['a', ['a'], ['a']])
})

test('TT-5 elements of a list from before count from the next one that is added, at the latest', () => {
  const before = at(stateOf({ l: { kind: 'list', version: 1 } }), 0)
  before.list('l').add('a')
  before.list('l').add('b')
  const gained = at(restored({ l: { kind: 'list', version: 1, ttl: ttl() } }, completed(before)), 100)
  gained.list('l').add('c')
  assert.deepEqual([...at(gained, 109).list('l')], ['a', 'b', 'c'])
  assert.equal(at(gained, 110).list('l').size, 0)
  assert.equal(gained.statistics.keys, 0)
})

test('TT-6 time spent while the job is down counts', () => {
  const state = at(stateOf(kinds(ttl())), 100)
  write(state, 'a')
  const blocks = completed(state)
  assert.deepEqual(read(at(restored(kinds(ttl()), blocks), 109)), ['a', ['a'], ['a']])
  assert.deepEqual(read(at(restored(kinds(ttl()), blocks), 110)), [undefined, [], []])
})

test('a refresh by reading is in the next delta, once', () => {
  const state = at(stateOf(kinds(ttl('read-and-write'))), 0)
  write(state, 'a')
  completed(state)
  read(at(state, 5))
  read(at(state, 5))
  read(at(state, 6))
  const delta = completed(state)
  assert.equal(entriesOf(delta).length, 3)
  assert.deepEqual(contentOf(restored(kinds(ttl()), delta)), contentOf(state))
})
