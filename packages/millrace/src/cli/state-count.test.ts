import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Key, StateDeclaration } from '../state/contract.ts'
import { createHeapState } from '../state/heap-state.ts'
import { GroupCount, type StateCount } from './state-count.ts'

const declarations: Readonly<Record<string, StateDeclaration>> = {
  total: { kind: 'value', version: 1 },
  seen: { kind: 'map', version: 1 },
  last: { kind: 'list', version: 1 },
  due: { kind: 'timers', domain: 'event', version: 1 },
}
/** One group, so that one counter sees everything. */
const OPTIONS = { declarations, maxParallelism: 1, freeze: 'always' } as const

test('what deltas leave of each state, counted without reading values', () => {
  const state = createHeapState(OPTIONS)
  const count = new GroupCount()
  let checkpoint = 0
  const snapshot = (): Readonly<Record<string, Pick<StateCount, 'keys' | 'entries'>>> => {
    state.snapshots.seal(++checkpoint, 'delta')
    assert.ok(state.snapshots.encode({ hasLeft: () => true }))
    for (const block of state.snapshots.takeBlocks()) count.apply(block.bytes, (name) => name === 'ignored')
    state.snapshots.complete(checkpoint)
    const found: Record<string, Pick<StateCount, 'keys' | 'entries'>> = {}
    count.forEach((name, { keys, entries, bytes }) => {
      assert.equal(bytes > 0, entries > 0)
      if (keys > 0) found[name] = { keys, entries }
    })
    return found
  }
  const at = (key: Key): void => state.setKey(key)

  for (const key of ['a', 'b', 3]) {
    at(key)
    state.value('total').set(1)
    state.map('seen').set('x', 1)
    state.map('seen').set('y', 2)
    state.list('last').add(key)
    state.timers('due').add(100)
  }
  assert.deepEqual(snapshot(), {
    total: { keys: 3, entries: 3 },
    seen: { keys: 3, entries: 6 },
    last: { keys: 3, entries: 3 },
    due: { keys: 3, entries: 3 },
  })

  at('a')
  state.value('total').clear()
  state.map('seen').delete('x')
  state.list('last').add('more')
  state.timers('due').add(200)
  at('b')
  state.map('seen').clear()
  state.list('last').replace([])
  state.timers('due').clear()
  assert.deepEqual(snapshot(), {
    total: { keys: 2, entries: 2 },
    seen: { keys: 2, entries: 3 },
    last: { keys: 2, entries: 3 },
    due: { keys: 2, entries: 3 },
  })
})
