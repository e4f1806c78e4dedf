import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KeyedState, StateBlock, StateDeclaration } from './contract.ts'
import { mergeBlocks } from './merge.ts'
import { completed, KEY_GROUPS, seed, stateOf } from './state-kit.test.ts'

const ttl = { afterMs: 100, refreshOn: 'write', expired: 'never-returned' } as const
const declarations: Record<string, StateDeclaration> = {
  v: { kind: 'value', version: 1 },
  vt: { kind: 'value', version: 1, ttl },
  m: { kind: 'map', version: 1 },
  t: { kind: 'timer', version: 1, domain: 'event' },
  ts: { kind: 'timers', version: 1, domain: 'processing' },
}

function act(state: KeyedState, key: number, what: number): void {
  // Keys and values of more than 127 bytes have lengths of two.
  state.setKey(key % 3 === 0 ? 'k'.repeat(key * 60) : key)
  state.now = what
  switch (what % 8) {
    case 0:
      return state.value('v').set({ [`f${what % 5}`]: 'x'.repeat(what) })
    case 1:
      return state.value('v').set(what)
    case 2:
      return state.value('v').clear()
    case 3:
      return state.value('vt').set(what)
    case 4:
      return state.map('m').set(what % 4, what)
    case 5:
      return state.map('m').delete(what % 4)
    case 6:
      return state.timer('t').set(what)
    default:
      return state.timers('ts').add(what % 5)
  }
}

const rounds = fc.array(fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.nat(600)), { maxLength: 40 }), { minLength: 1, maxLength: 8 })

function snapshotsOf(writes: readonly (readonly (readonly [number, number])[])[]): (readonly StateBlock[])[] {
  const state = stateOf(declarations)
  return writes.map((round) => {
    for (const [key, what] of round) act(state, key, what)
    return completed(state)
  })
}

test('G1 the short way for single cells gives the bytes that the general merge gives', () => {
  fc.assert(
    fc.property(rounds, fc.boolean(), fc.subarray(Object.keys(declarations)), (writes, base, ignoredByOldest) => {
      const snapshots = snapshotsOf(writes)
      for (let group = 0; group < KEY_GROUPS; group++) {
        const own = snapshots
          .map((snapshot) => snapshot.find((block) => block.group === group)?.bytes)
          .filter((bytes) => bytes !== undefined)
        const options = { base, ignored: [ignoredByOldest] }
        const [short, general] = [mergeBlocks(own, { ...options, way: 'short' }), mergeBlocks(own, { ...options, way: 'general' })]
        assert.equal(short.entries, general.entries)
        assert.deepEqual(Buffer.from(short.bytes), Buffer.from(general.bytes))
      }
    }),
    { seed },
  )
})
