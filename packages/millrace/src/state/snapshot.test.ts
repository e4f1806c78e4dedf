import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StreamError } from '../core/errors.ts'
import type { KeyedState, StateBlock, StateDeclaration } from './contract.ts'
import { completed, contentOf, endless, entriesOf, oneStep, restored, sealed, seed, stateOf } from './state-kit.test.ts'

const declarations: Record<string, StateDeclaration> = {
  v: { kind: 'value', version: 1 },
  l: { kind: 'list', version: 1 },
  m: { kind: 'map', version: 1 },
  a: { kind: 'accumulator', version: 1 },
  t: { kind: 'timer', version: 1, domain: 'event' },
  ts: { kind: 'timers', version: 1, domain: 'event' },
}

/** Does one thing to one key: all kinds of writes by number. */
function act(state: KeyedState, key: number, what: number): void {
  state.setKey(key)
  const column = state.accumulator('a')
  switch (what % 18) {
    case 0:
      return state.value('v').set(what)
    case 1:
      return state.value('v').set({ what })
    case 2:
      return state.value('v').clear()
    case 3:
      return state.list('l').add(what)
    case 4:
      return state.list('l').replace([what, { what }])
    case 5:
      return state.list('l').clear()
    case 6:
      return state.map('m').set(what % 5, what)
    case 7:
      return state.map('m').set('x', { what })
    case 8:
      return state.map('m').delete(what % 5)
    case 9:
      return state.map('m').clear()
    case 10:
      return column.put(state.slotOf(state.key as never), [what])
    case 11:
      return change(column.get(state.slotOf(state.key as never)), what)
    case 12:
      return column.clear(state.slotOf(state.key as never))
    case 13:
      return state.timer('t').set(what)
    case 14:
      return state.timer('t').clear()
    case 15:
      return state.timers('ts').add(what % 7)
    case 16:
      return state.timers('ts').delete(what % 7)
    default:
      return state.timers('ts').clear()
  }
  function change(accumulator: unknown, item: number): void {
    if (accumulator === undefined) return
    column.touch(state.slotOf(state.key as never))
    ;(accumulator as number[]).push(item)
  }
}

const actions = (maxLength: number) => fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.nat(400)), { maxLength })

test('S2, TS-5: a snapshot is what was sealed, whatever is written between its steps, of every kind', () => {
  fc.assert(
    fc.property(actions(150), actions(250), fc.constantFrom('delta', 'full'), fc.nat(6), (before, meanwhile, mode, ahead) => {
      const state = stateOf(declarations)
      for (const [key, what] of before) act(state, key, what)
      const expected = contentOf(state)
      state.snapshots.seal(1, mode as 'delta')
      let written = 0
      for (let isDone = false; !isDone;) {
        for (let i = 0; i <= ahead && written < meanwhile.length; i++, written++) act(state, ...(meanwhile[written] as [number, number]))
        isDone = state.snapshots.encode(oneStep)
      }
      for (; written < meanwhile.length; written++) act(state, ...(meanwhile[written] as [number, number]))
      const first = state.snapshots.takeBlocks()
      state.snapshots.complete(1)
      assert.deepEqual(contentOf(restored(declarations, first)), expected)
      assert.deepEqual(contentOf(restored(declarations, first, completed(state))), contentOf(state))
    }),
    { seed, numRuns: 150 },
  )
})

test('S3 what an aborted snapshot covered joins the next, aborted at any step, again and again', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(actions(40), actions(20), fc.nat(25), fc.boolean(), fc.boolean()), { maxLength: 10 }), (rounds) => {
      const state = stateOf(declarations)
      const chain: (readonly StateBlock[])[] = []
      for (const [i, [before, meanwhile, steps, isComplete, isFull]] of rounds.entries()) {
        for (const [key, what] of before) act(state, key, what)
        const expected = contentOf(state)
        state.snapshots.seal(100 + i, isFull && !isComplete ? 'full' : 'delta')
        for (let step = 0; step < steps; step++) {
          state.snapshots.encode(oneStep)
          const next = meanwhile[step]
          if (next !== undefined) act(state, ...next)
        }
        if (!isComplete) {
          state.snapshots.abort(100 + i)
          continue
        }
        state.snapshots.encode(endless)
        chain.push(state.snapshots.takeBlocks())
        state.snapshots.complete(100 + i)
        assert.deepEqual(contentOf(restored(declarations, ...chain)), expected)
      }
      chain.push(completed(state))
      assert.deepEqual(contentOf(restored(declarations, ...chain)), contentOf(state))
    }),
    { seed, numRuns: 150 },
  )
})

test('S3 snapshots aborted before they encode anything do not pile up, and lose nothing', () => {
  const state = stateOf({ v: { kind: 'value', version: 1 }, m: { kind: 'map', version: 1 } }, 'sampled')
  const touch = (round: number): void => {
    for (let key = 0; key < 50; key++) {
      state.setKey(key)
      state.value('v').set(round)
      state.map('m').set('x', round)
      if (round % 10 === 0 && key % 2 === 0) state.map('m').clear()
    }
  }
  for (let round = 1; round <= 500; round++) {
    touch(round)
    state.snapshots.seal(round, 'delta')
    if (round % 7 === 0) state.snapshots.encode(oneStep)
    state.snapshots.abort(round)
  }
  // 500 rounds of 50 slots would be 25,000 entries to look at, at 32 a step.
  state.snapshots.seal(501, 'delta')
  let steps = 1
  while (!state.snapshots.encode(oneStep)) steps++
  assert.ok(steps < 300, `${steps} steps`)
  const blocks = state.snapshots.takeBlocks()
  state.snapshots.complete(501)
  assert.deepEqual(contentOf(restored({ v: { kind: 'value', version: 1 }, m: { kind: 'map', version: 1 } }, blocks)), contentOf(state))
  assert.deepEqual(completed(state), [])
})

test('S5, CP-10: a delta holds exactly what changed since the last completed snapshot', () => {
  const state = stateOf(declarations)
  for (let key = 0; key < 5; key++) for (const what of [0, 3, 6, 7, 10, 13, 15]) act(state, key, what)
  completed(state)
  assert.deepEqual(completed(state), [])
  state.setKey(3)
  state.value('v').get()
  state.list('l').add('more')
  state.map('m').delete('x')
  state.map('m').delete('not there')
  state.value('v').set('new')
  state.timers('ts').delete(99)
  assert.deepEqual(entriesOf(completed(state)).sort(), ['l append 3 1 "more"', 'm entry-delete 3 x', 'v put 3 new'])
  state.setKey(3)
  state.map('m').clear()
  state.map('m').set('y', 1)
  state.list('l').replace([])
  assert.deepEqual(entriesOf(completed(state)), ['l replace 3 ', 'm clear 3', 'm entry-put 3 y 1'])
})

test('S5 rules 1.24: a savepoint changes nothing about the next delta', () => {
  const state = stateOf(declarations)
  for (let key = 0; key < 40; key++) act(state, key, key)
  const first = completed(state)
  for (let key = 0; key < 40; key++) act(state, key, key + 1)
  const before = contentOf(state)
  const savepoint = sealed(state, 'full')
  state.snapshots.abort(savepoint.checkpoint)
  assert.deepEqual(contentOf(restored(declarations, savepoint.blocks)), before)
  assert.deepEqual(contentOf(restored(declarations, first, completed(state))), before)
})

test('DR, KG-5: blocks ascend by group, each key stands in the block of its group, and wrong ones are refused', () => {
  const state = stateOf({ v: { kind: 'value', version: 1 } })
  for (let key = 0; key < 200; key++) act2(state, key)
  const blocks = completed(state)
  const groups = blocks.map(({ group }) => group)
  assert.deepEqual(
    groups,
    [...groups].sort((a, b) => a - b),
  )
  assert.equal(new Set(groups).size, groups.length)
  assert.equal(
    blocks.reduce((sum, { entries }) => sum + entries, 0),
    200,
  )
  const bytes = (blocks[0] as StateBlock).bytes.slice()
  bytes[3] = (blocks[1] as StateBlock).group
  assert.throws(() => stateOf({ v: { kind: 'value', version: 1 } }).snapshots.restore(bytes, () => true), isCorrupt)
})
function act2(state: KeyedState, key: number): void {
  state.setKey(key)
  state.value('v').set(key)
}
const isCorrupt = (error: unknown): boolean => StreamError.is(error) && error.code === 'CHECKPOINT_CORRUPT'

test('D12 a block with states that are not to be kept, not declared, or of another kind', () => {
  const state = stateOf({ v: { kind: 'value', version: 1 }, w: { kind: 'value', version: 1 } })
  state.setKey(1)
  state.value('v').set(1)
  state.value('w').set(2)
  const [block] = completed(state)
  const bytes = (block as StateBlock).bytes
  const other = stateOf({ v: { kind: 'value', version: 1 } })
  assert.throws(
    () => other.snapshots.restore(bytes, () => true),
    (error) => StreamError.is(error) && error.code === 'STATE_DROPPED',
  )
  other.snapshots.restore(bytes, (name) => name === 'v')
  other.setKey(1)
  assert.equal(other.value('v').get(), 1)
  const changed = stateOf({ v: { kind: 'list', version: 1 } })
  assert.throws(
    () => changed.snapshots.restore(bytes, (name) => name === 'v'),
    (error) => StreamError.is(error) && error.code === 'STATE_MISMATCH',
  )
})

test('S3 S2 the port refuses calls out of order', () => {
  const state = stateOf({ v: { kind: 'value', version: 1 } })
  const broken = (error: unknown): boolean => StreamError.is(error) && error.code === 'INVARIANT'
  assert.throws(() => state.snapshots.encode(endless), broken)
  assert.throws(() => state.snapshots.takeBlocks(), broken)
  assert.throws(() => state.snapshots.abort(1), broken)
  state.setKey(1)
  state.value('v').set(1)
  state.snapshots.seal(1, 'delta')
  assert.throws(() => state.snapshots.seal(2, 'delta'), broken)
  assert.throws(() => state.snapshots.complete(1), broken)
  state.snapshots.encode(endless)
  assert.equal(state.snapshots.takeBlocks().length, 1)
  assert.throws(() => state.snapshots.takeBlocks(), broken)
  assert.throws(() => state.snapshots.complete(2), broken)
  state.snapshots.complete(1)
})

test('a value that turns out not to be storable fails the snapshot, also when user code catches what it sees of that', () => {
  const state = stateOf({ a: { kind: 'accumulator', version: 1 } }, 'sampled')
  const column = state.accumulator('a')
  const accumulator: unknown[] = [1]
  state.setKey(1)
  column.put(state.slotOf(state.key as never), accumulator)
  accumulator.push(() => 1)
  state.snapshots.seal(1, 'delta')
  assert.throws(() => column.touch(state.slotOf(state.key as never)), StreamError)
  assert.throws(() => state.snapshots.encode(endless), StreamError)
})

test('accumulators written before their slice, a hundred thousand slots, in steps of bounded length', () => {
  const state = stateOf({ a: { kind: 'accumulator', version: 1 } }, 'sampled')
  const column = state.accumulator('a')
  const count = 100_000
  const add = (key: number): void => {
    state.setKey(key)
    const slot = state.slotOf(state.key as never)
    const accumulator = column.get(slot) as { n: number } | undefined
    if (accumulator === undefined) return column.put(slot, { n: 1 })
    column.touch(slot)
    accumulator.n++
  }
  for (let key = 0; key < count; key++) add(key)
  state.snapshots.seal(1, 'delta')
  for (let i = 0, isDone = false; !isDone; i++) {
    isDone = state.snapshots.encode(oneStep)
    for (let j = 0; j < 20; j++) add((i * 7919 + j * 31) % count)
  }
  const copy = restored({ a: { kind: 'accumulator', version: 1 } }, state.snapshots.takeBlocks())
  for (let key = 0; key < count; key++) {
    copy.setKey(key)
    assert.deepEqual(copy.accumulator('a').get(copy.slotOf(copy.key as never)), { n: 1 })
  }
})
