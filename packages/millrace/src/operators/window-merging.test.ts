/** How many ends of blocks are kept for windows to come; what the windows then hold is a matter of windows.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPaneState } from '../state/window-state.ts'
import { SliceMerging } from './window-merging.ts'

const SLICES = 400
const KEYS = 7

test('a window of many slices keeps about as many copies as twice the root of them, and adds a slice about twice', () => {
  const state = createPaneState({
    declarations: { n: { kind: 'accumulator', version: 1 } },
    maxParallelism: 4,
    freeze: 'always',
    domain: 'event',
  })
  const column = state.accumulator('n')
  let merges = 0
  const n = {
    create: () => 0,
    add: (sum: unknown) => sum,
    merge: (left: unknown, right: unknown) => {
      merges++
      return (left as number) + (right as number)
    },
    result: (sum: unknown) => sum,
  }
  const windows = { kind: 'time', domain: 'event', sizeMs: SLICES, slideMs: 1, offsetMs: 0 } as const
  const merging = new SliceMerging(state, windows, { names: ['n'], columns: [column], aggregates: [n] })
  for (let slice = 0; slice < SLICES; slice++) {
    const pane = state.table.open(slice)
    for (let key = 0; key < KEYS; key++) column.put(state.table.slotIn(pane, key), slice)
  }
  let most = 0
  for (let start = 0; start < SLICES; start++) {
    const steps = merging.front(start)
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    const { count, accumulators } = step.value
    assert.equal(count, KEYS)
    for (const sum of accumulators[0] ?? []) assert.equal(sum, ((start + SLICES - 1) * (SLICES - start)) / 2)
    most = Math.max(most, merging.kept)
  }
  assert.ok(most <= 2 * Math.sqrt(SLICES), `${most} kept`)
  assert.ok(merges <= 2 * SLICES * KEYS, `${merges} merges`)
})
