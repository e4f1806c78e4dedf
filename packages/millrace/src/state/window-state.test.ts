import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyIdentity } from '../serde/key.ts'
import { mergeBlocks } from './merge.ts'
import type { Key, OperatorState, StateBlock, StateDeclaration } from './contract.ts'
import { endless, entriesOf, KEY_GROUPS, oneStep, seed } from './state-kit.test.ts'
import type { Pane } from './pane-table.ts'
import { createPaneState, createSessionState, type PaneState, type SessionState } from './window-state.ts'

const declarations: Record<string, StateDeclaration> = {
  n: { kind: 'accumulator', version: 1 },
  o: { kind: 'accumulator', version: 1 },
  l: { kind: 'list', version: 1 },
}
const options = { declarations, maxParallelism: KEY_GROUPS, freeze: 'always', domain: 'event' } as const
const keys: readonly Key[] = [1, 2, 3, 'a', 'b', 1.5, ['t', 1], 7n]

interface Snapshots {
  readonly taken: StateBlock[][]
  at: number
  isOpen: boolean
}

/** One of the things that may happen to a snapshot beside writes. */
function snapshotStep(state: OperatorState, of: Snapshots, what: number): void {
  const { snapshots } = state
  if (!of.isOpen) {
    snapshots.seal(++of.at, 'delta')
    of.isOpen = true
  } else if (what % 3 === 0) {
    snapshots.abort(of.at)
    of.isOpen = false
  } else if (snapshots.encode(what % 3 === 1 ? oneStep : endless)) {
    of.taken.push([...snapshots.takeBlocks()])
    snapshots.complete(of.at)
    of.isOpen = false
    while (!state.free(endless));
  }
}

/** A last one that completes. */
function complete(state: OperatorState, of: Snapshots): void {
  if (of.isOpen) state.snapshots.abort(of.at)
  state.snapshots.seal(++of.at, 'delta')
  state.snapshots.encode(endless)
  of.taken.push([...state.snapshots.takeBlocks()])
  state.snapshots.complete(of.at)
}

function restore(state: OperatorState, taken: readonly (readonly StateBlock[])[], merges: boolean): void {
  if (merges) {
    for (let group = 0; group < KEY_GROUPS; group++) {
      const own = taken.flatMap((blocks) => blocks.filter((block) => block.group === group)).map(({ bytes }) => bytes)
      if (own.length > 0) state.snapshots.restore(mergeBlocks(own, { base: true }).bytes, () => true)
    }
  } else for (const blocks of taken) for (const { bytes } of blocks) state.snapshots.restore(bytes, () => true)
  state.snapshots.endRestore()
}

function paneContent(state: PaneState): Map<string, unknown> {
  const content = new Map<string, unknown>()
  for (const pane of state.table.panes.values()) {
    for (let slot = pane.head; slot >= 0; slot = state.table.after(slot)) {
      const key = state.table.keyOf(slot)
      assert.equal(state.table.find(pane, key), slot)
      content.set(`${pane.start} ${String(key)}`, [
        state.accumulator('n').get(slot),
        state.accumulator('o').get(slot),
        [...state.list('l').valuesOf(slot)],
      ])
    }
  }
  return new Map([...content].sort((a, b) => (a[0] < b[0] ? -1 : 1)))
}

function addTo(state: PaneState | SessionState, slot: number, value: number): void {
  const n = state.accumulator('n')
  if (!n.replaceNumber(slot, value)) n.put(slot, value)
  const o = state.accumulator('o')
  const before = o.get(slot) as number[] | undefined
  if (before !== undefined) {
    o.touch(slot)
    before.push(value)
  }
  o.put(slot, before ?? [value])
  state.list('l').addTo(slot, value)
}

/** As the operator does. */
function drop(state: SessionState, slot: number): void {
  if (state.table.dropUnseen(slot)) return
  state.accumulator('n').clear(slot)
  state.accumulator('o').clear(slot)
  state.list('l').replaceAt(slot, [])
}

const steps = fc.array(fc.tuple(fc.nat(11), fc.nat(7), fc.nat(3)), { maxLength: 150 })

test('N1, S2 to S5 panes: what is restored is what there was when the snapshot was sealed, whatever was added, dropped and aborted', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (all, merges) => {
      const state = createPaneState(options)
      const model = new Map<string, [number, number[], number[]]>()
      const snapshots: Snapshots = { taken: [], at: 0, isOpen: false }
      let oldest = 0
      for (const [index, [what, key, ahead]] of all.entries()) {
        if (what < 7) {
          const start = oldest + ahead * 10
          const pane = state.table.panes.get(start) ?? state.table.open(start)
          addTo(state, state.table.slotIn(pane, keys[key] as Key), index)
          const name = `${start} ${String(keys[key])}`
          const before = model.get(name)
          model.set(name, [index, [...(before?.[1] ?? []), index], [...(before?.[2] ?? []), index]])
        } else if (what === 7) {
          const pane = state.table.panes.get(oldest)
          if (pane !== undefined) state.table.drop(pane)
          for (const name of [...model.keys()]) if (name.startsWith(`${oldest} `)) model.delete(name)
          oldest += 10
        } else snapshotStep(state, snapshots, key)
      }
      const expected = new Map([...model].sort((a, b) => (a[0] < b[0] ? -1 : 1)))
      assert.deepEqual(paneContent(state), expected)
      assert.equal(state.keyCount, model.size)
      complete(state, snapshots)
      const again = createPaneState(options)
      restore(again, snapshots.taken, merges)
      assert.deepEqual(paneContent(again), expected)
      assert.equal(again.keyCount, model.size)
    }),
    { seed, numRuns: 400 },
  )
})

test('N1: a pane that was dropped after the seal is in that snapshot, and its drop in the next', () => {
  const state = createPaneState(options)
  const pane = state.table.open(100)
  addTo(state, state.table.slotIn(pane, 'a'), 1)
  state.snapshots.seal(1, 'delta')
  state.table.drop(pane)
  addTo(state, state.table.slotIn(state.table.open(200), 'a'), 2)
  state.snapshots.encode(endless)
  assert.deepEqual(entriesOf(state.snapshots.takeBlocks()), ['n put a 1', 'o put a [1]', 'l append a 0 1'])
  state.snapshots.complete(1)
  state.snapshots.seal(2, 'delta')
  state.snapshots.encode(endless)
  const entries = entriesOf(state.snapshots.takeBlocks())
  assert.deepEqual(entries, ['n drop-namespace', 'o drop-namespace', 'l drop-namespace', 'n put a 2', 'o put a [2]', 'l append a 0 2'])
})

test('N1: a pane that no snapshot has seen leaves nothing behind, and its slots are used again at once', () => {
  const state = createPaneState(options)
  for (let i = 0; i < 20_000; i++) {
    const pane = state.table.open(i)
    addTo(state, state.table.slotIn(pane, i % 5), i)
    state.table.drop(pane)
  }
  assert.ok(state.statistics.slots < 10, `${state.statistics.slots} slots`)
  state.snapshots.seal(1, 'delta')
  state.snapshots.encode(endless)
  assert.deepEqual(entriesOf(state.snapshots.takeBlocks()), [])
})

test('a window that begins again after its drop, as with a longer lateness, is restored with what came since', () => {
  const state = createPaneState(options)
  const snapshots: Snapshots = { taken: [], at: 0, isOpen: false }
  addTo(state, state.table.slotIn(state.table.open(100), 'a'), 1)
  complete(state, snapshots)
  state.table.drop(state.table.panes.get(100) as Pane)
  complete(state, snapshots)
  addTo(state, state.table.slotIn(state.table.open(100), 'a'), 2)
  complete(state, snapshots)
  for (const merges of [false, true]) {
    const again = createPaneState(options)
    restore(again, snapshots.taken, merges)
    assert.deepEqual([...paneContent(again)], [['100 a', [2, [2], [2]]]])
  }
})

test('a pane finds keys of every kind, few or many, and refuses what is no key', () => {
  const { table } = createPaneState(options)
  const array: Key = ['t', 1]
  const every: Key[] = [Number.NaN, 0, array, keyIdentity(array), '1', 1, 1n, true, 'true', 1.5, [], [array], '']
  for (let count = 1; count <= every.length; count++) {
    const pane = table.open(count)
    const slots = every.slice(0, count).map((key) => table.slotIn(pane, key))
    assert.equal(new Set(slots).size, count)
    for (const [i, key] of every.entries()) assert.equal(table.find(pane, Array.isArray(key) ? [...key] : key), slots[i] ?? -1)
    assert.equal(table.find(pane, -0), slots[1] ?? -1)
    for (const none of [null, undefined, {}, Symbol('s')]) assert.throws(() => table.slotIn(pane, none as never), { code: 'INVALID_KEY' })
  }
})

test('texts that come and go from window to window have one slot in each', () => {
  const { table } = createPaneState(options)
  fc.assert(
    fc.property(fc.array(fc.nat(999), { minLength: 300, maxLength: 600 }), (numbers) => {
      const pane = table.open(0)
      const slots = new Map(numbers.map((n) => [n, table.slotIn(pane, `customer-${n}`)]))
      assert.equal(pane.count, slots.size)
      for (const [n, slot] of slots) {
        assert.equal(table.find(pane, `customer-${n}`), slot)
        assert.equal(table.keyOf(slot), `customer-${n}`)
      }
      table.drop(pane)
    }),
    { seed, numRuns: 50 },
  )
})

test('a pane of many keys is dropped by one entry for each state and key group', () => {
  const state = createPaneState(options)
  const snapshots: Snapshots = { taken: [], at: 0, isOpen: false }
  const pane = state.table.open(0)
  for (let key = 0; key < 5_000; key++) addTo(state, state.table.slotIn(pane, key), key)
  complete(state, snapshots)
  state.table.drop(pane)
  complete(state, snapshots)
  assert.equal(entriesOf(snapshots.taken[1] as StateBlock[]).length, 3 * KEY_GROUPS)
  while (!state.free(endless));
  assert.equal(state.statistics.slots, 0)
})

test('what windows held is no longer counted when they are gone', () => {
  const state = createPaneState(options)
  const bytesOf = (): number => state.sizes().reduce((sum, { bytes }) => sum + bytes, 0)
  const window = (start: number): void => {
    const pane = state.table.open(start)
    for (let i = 0; i < 1_000; i++) state.list('l').addTo(state.table.slotIn(pane, `key ${i % 10}`), `value ${i}`)
    state.table.drop(pane)
    while (!state.free(endless));
  }
  window(0)
  const before = bytesOf()
  for (let start = 1; start < 50; start++) window(start)
  assert.ok(bytesOf() <= before * 1.1, `${before} bytes after one window, ${bytesOf()} after fifty`)
})

interface Session {
  readonly key: Key
  readonly values: number[]
}

test('S2 to S5 sessions: several windows of one key, removed and begun again, come back as they were', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (all, merges) => {
      const state = createSessionState(options)
      const model = new Map<number, Session>()
      const snapshots: Snapshots = { taken: [], at: 0, isOpen: false }
      for (const [index, [what, key, which]] of all.entries()) {
        const own = [...model].filter(([, session]) => session.key === keys[key])
        if (what < 3) {
          const slot = state.table.insert(keys[key] as Key)
          addTo(state, slot, index)
          model.set(slot, { key: keys[key] as Key, values: [index] })
        } else if (what < 6) {
          const [slot, session] = own[which] ?? []
          if (slot === undefined || session === undefined) continue
          addTo(state, slot, index)
          session.values.push(index)
        } else if (what < 8) {
          const [slot] = own[which] ?? []
          if (slot === undefined) continue
          drop(state, slot)
          model.delete(slot)
        } else snapshotStep(state, snapshots, key)
      }
      const contentOf = (of: SessionState): string[] =>
        keys
          .flatMap((key) => {
            const found: string[] = []
            for (let slot = of.table.first(key); slot >= 0; slot = of.table.after(slot))
              found.push(
                `${String(key)} ${of.accumulator('n').get(slot)} ${of.accumulator('o').get(slot)} ${[...of.list('l').valuesOf(slot)]}`,
              )
            return found
          })
          .toSorted()
      const expected = [...model.values()].map(({ key, values }) => `${String(key)} ${values.at(-1)} ${values} ${values}`).toSorted()
      assert.deepEqual(contentOf(state), expected)
      complete(state, snapshots)
      const again = createSessionState(options)
      restore(again, snapshots.taken, merges)
      assert.deepEqual(contentOf(again), expected)
      assert.equal(again.keyCount, model.size)
    }),
    { seed, numRuns: 400 },
  )
})

test('a session that no snapshot has seen leaves nothing behind, and its slot is used again at once', () => {
  const state = createSessionState(options)
  const seen = state.table.insert('seen')
  addTo(state, seen, 1)
  state.snapshots.seal(1, 'delta')
  state.snapshots.encode(endless)
  state.snapshots.takeBlocks()
  drop(state, seen)
  for (let i = 0; i < 20_000; i++) {
    const slot = state.table.insert(i % 5)
    addTo(state, slot, i)
    assert.equal(state.table.first(i % 5), slot)
    drop(state, slot)
  }
  assert.ok(state.statistics.slots < 10, `${state.statistics.slots} slots`)
  assert.equal(state.keyCount, 0)
  state.snapshots.complete(1)
  state.snapshots.seal(2, 'delta')
  state.snapshots.encode(endless)
  assert.deepEqual(entriesOf(state.snapshots.takeBlocks()), ['n delete seen', 'o delete seen', 'l replace seen '])
})

test('sessions of which a checkpoint says only that they are gone leave no slots behind', () => {
  const state = createSessionState(options)
  const snapshots: Snapshots = { taken: [], at: 0, isOpen: false }
  const slots = Array.from({ length: 100 }, (_, key) => state.table.insert(key))
  for (const slot of slots) addTo(state, slot, slot)
  complete(state, snapshots)
  for (const slot of slots) drop(state, slot)
  complete(state, snapshots)
  const again = createSessionState(options)
  restore(again, snapshots.taken.slice(1), false)
  complete(again, { taken: [], at: 2, isOpen: false })
  while (!again.free(endless));
  assert.equal(again.statistics.slots, 0)
})

test('timers of windows are derived: the earliest first, moved by scheduling again, gone with what they are of', () => {
  const state = createSessionState(options)
  const slots = ['a', 'b', 'c'].map((key) => {
    const slot = state.table.insert(key)
    addTo(state, slot, 1)
    return slot
  }) as [number, number, number]
  for (const [i, slot] of slots.entries()) state.schedule(10 + i, slot)
  state.schedule(50, slots[0])
  state.schedule(5, slots[2])
  state.unschedule(slots[1])
  assert.equal(state.nextTimer('event'), 5)
  assert.equal(state.nextTimer('processing'), Number.POSITIVE_INFINITY)
  assert.deepEqual([state.takeDue('event', 4), state.takeDue('event', 5)?.at, state.due], [undefined, 5, slots[2]])
  assert.deepEqual([state.takeDue('event', 100)?.at, state.due], [50, slots[0]])
  assert.equal(state.takeDue('event', 100), undefined)
})
