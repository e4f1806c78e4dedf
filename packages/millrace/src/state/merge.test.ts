import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StreamError } from '../core/errors.ts'
import { readBlock } from './block.ts'
import type { KeyedState, StateBlock, StateDeclaration } from './contract.ts'
import { mergeBlocks } from './merge.ts'
import { completed, contentOf, KEY_GROUPS, restored, seed, stateOf } from './state-kit.test.ts'

const ttl = { afterMs: 100, refreshOn: 'write', expired: 'never-returned' } as const
const declarations: Record<string, StateDeclaration> = {
  v: { kind: 'value', version: 1 },
  l: { kind: 'list', version: 1 },
  lt: { kind: 'list', version: 1, ttl },
  m: { kind: 'map', version: 1 },
  t: { kind: 'timer', version: 1, domain: 'event' },
  ts: { kind: 'timers', version: 1, domain: 'event' },
}

function act(state: KeyedState, key: number, what: number): void {
  state.setKey(key)
  state.now = what
  const shaped = { [`f${what % 30}`]: what }
  switch (what % 13) {
    case 0:
      return state.value('v').set(shaped)
    case 1:
      return state.value('v').set(what)
    case 2:
      return state.value('v').clear()
    case 3:
      return state.list('l').add(shaped)
    case 4:
      return state.list('lt').add(what)
    case 5:
      return state.list('l').replace([what, shaped])
    case 6:
      return state.list(what % 2 === 0 ? 'l' : 'lt').clear()
    case 7:
      return state.map('m').set(what % 4, shaped)
    case 8:
      return state.map('m').delete(what % 4)
    case 9:
      return state.map('m').clear()
    case 10:
      return state.timer('t').set(what)
    case 11:
      return state.timers('ts').add(what % 5)
    default:
      return state.timers('ts').clear()
  }
}

/** Merges `[first, end)` of each group's blocks. */
function merged(snapshots: readonly (readonly StateBlock[])[], base: boolean): StateBlock[] {
  const blocks: StateBlock[] = []
  for (let group = 0; group < KEY_GROUPS; group++) {
    const own = snapshots.flatMap((snapshot) => snapshot.filter((block) => block.group === group))
    if (own.length > 0)
      blocks.push(
        mergeBlocks(
          own.map(({ bytes }) => bytes),
          { base },
        ),
      )
  }
  return blocks
}

const rounds = fc.array(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat(600)), { maxLength: 60 }), { minLength: 1, maxLength: 8 })

test('G1 G2 G3 restoring what was merged is restoring each in turn, also when merged in two steps, also from an older state', () => {
  fc.assert(
    fc.property(rounds, fc.nat(7), (writes, cut) => {
      const state = stateOf(declarations)
      const snapshots = writes.map((round) => {
        for (const [key, what] of round) act(state, key, what)
        return completed(state)
      })
      const expected = contentOf(state)
      assert.deepEqual(contentOf(restored(declarations, ...snapshots)), expected)
      assert.deepEqual(contentOf(restored(declarations, merged(snapshots, true))), expected)
      const [older, newer] = [snapshots.slice(0, cut), snapshots.slice(cut)]
      assert.deepEqual(contentOf(restored(declarations, ...older, merged(newer, false))), expected)
      assert.deepEqual(contentOf(restored(declarations, merged([merged(older, true), merged(newer, false)], true))), expected)
    }),
    { seed, numRuns: 300 },
  )
})

test('G3 a list that grew for long is one entry in a base; a base has no word of what is gone', () => {
  const state = stateOf(declarations)
  const snapshots: (readonly StateBlock[])[] = []
  for (let i = 0; i < 50; i++) {
    state.setKey(1)
    state.list('l').add(i)
    state.map('m').set(i, i)
    state.map('m').delete(i - 1)
    state.value('v').set(i)
    snapshots.push(completed(state))
  }
  state.setKey(1)
  state.value('v').clear()
  snapshots.push(completed(state))
  const [base] = merged(snapshots, true)
  assert.deepEqual([...readBlock((base as StateBlock).bytes)].map(({ state: name, op }) => `${name} ${op}`).sort(), [
    'l replace',
    'm entry-put',
  ])
  assert.equal(base?.entries, 2)
})

test('merging refuses blocks of two groups and lists with a gap', () => {
  const state = stateOf(declarations)
  for (let key = 0; key < 50; key++) act(state, key, 3)
  const first = completed(state)
  const isCorrupt = (error: unknown): boolean => StreamError.is(error) && error.code === 'CHECKPOINT_CORRUPT'
  assert.throws(
    () =>
      mergeBlocks(
        first.slice(0, 2).map(({ bytes }) => bytes),
        { base: true },
      ),
    isCorrupt,
  )
  for (let key = 0; key < 50; key++) act(state, key, 3)
  completed(state)
  for (let key = 0; key < 50; key++) act(state, key, 3)
  const third = completed(state)
  const group = (first[0] as StateBlock).group
  const other = third.find((block) => block.group === group) as StateBlock
  assert.throws(() => mergeBlocks([(first[0] as StateBlock).bytes, other.bytes], { base: true }), isCorrupt)
})

test('merging nothing gives an empty block', () => {
  const block = mergeBlocks([], { base: true })
  assert.equal(block.entries, 0)
  assert.deepEqual([...readBlock(block.bytes)], [])
})
