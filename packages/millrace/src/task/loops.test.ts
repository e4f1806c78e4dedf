import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Gate } from '../operator/contract.ts'
import { inputLoop, paced, sampling, shared, type Loop } from './loops.ts'

interface Taken {
  readonly value: unknown
  readonly timestamp: number
  readonly way: 'fast' | 'inspecting'
}

function lab(inspectAll = false): { readonly loop: Loop; readonly taken: Taken[]; readonly gate: Gate; closeAfter: number } {
  const taken: Taken[] = []
  const gate: Gate = { isClosed: false }
  const made = { taken, gate, closeAfter: Number.POSITIVE_INFINITY }
  const way = (way: Taken['way']): Loop =>
    inputLoop(
      shared,
      (value, timestamp) => {
        taken.push({ value, timestamp, way })
        if (taken.length % made.closeAfter === 0) gate.isClosed = true
      },
      gate,
    )
  return Object.assign(made, { loop: sampling({ fast: way('fast'), inspecting: way('inspecting') }, inspectAll) })
}

const count = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)
const inspected = (taken: readonly Taken[]): unknown[] => taken.filter(({ way }) => way === 'inspecting').map(({ value }) => value)
const SAMPLE = [...count(0, 100), 1_123, 2_147, 3_171]

test('the first hundred records are inspected and then one in 1,024, however they are batched', () => {
  for (const size of [1, 7, 512, 4_000]) {
    const { loop, taken } = lab()
    for (let from = 0; from < 4_000; from += size) {
      const values = count(from, Math.min(4_000, from + size))
      assert.equal(loop(values, undefined, 0, values.length), values.length)
    }
    assert.deepEqual(inspected(taken), SAMPLE)
    assert.deepEqual(
      taken.map(({ value }) => value),
      count(0, 4_000),
      'in order, each once',
    )
  }
})

test('a gate that closes in the middle: the loop says where it was, goes on there, and counts nothing twice', () => {
  const made = lab()
  made.closeAfter = 13
  const values = count(0, 4_000)
  let at = 0
  for (let calls = 0; at < values.length; calls++) {
    assert.ok(calls < 400)
    const reached = made.loop(values, undefined, at, values.length)
    assert.ok(reached - at <= 13)
    at = reached
    assert.equal(made.loop(values, undefined, at, values.length), at, 'nothing passes a closed gate')
    made.gate.isClosed = false
  }
  assert.deepEqual(
    made.taken.map(({ value }) => value),
    values,
  )
  assert.deepEqual(inspected(made.taken), SAMPLE)
})

test('in test mode all records are inspected; timestamps come along, NaN where there are none', () => {
  const { loop, taken } = lab(true)
  assert.equal(loop(['a', 'b'], Float64Array.of(5, Number.NaN), 0, 2), 2)
  assert.equal(loop(['c'], undefined, 0, 1), 1)
  assert.deepEqual(taken, [
    { value: 'a', timestamp: 5, way: 'inspecting' },
    { value: 'b', timestamp: Number.NaN, way: 'inspecting' },
    { value: 'c', timestamp: Number.NaN, way: 'inspecting' },
  ])
})

test('a piece of work ends with its budget, within a batch too; where records are slow that is after one', () => {
  const taken: unknown[] = []
  const plain: Loop = (values, _stamps, from, to) => {
    taken.push(...values.slice(from, to))
    return to
  }
  // Time as a count: a record costs `cost`, a budget is ten.
  const run = (cost: number, count: number): { readonly pieces: number; readonly longest: number } => {
    taken.length = 0
    const loop = paced(plain, () => {
      const until = taken.length * cost + 10
      return { hasLeft: () => taken.length * cost < until }
    })
    const values = Array.from({ length: count }, (_, index) => index)
    let longest = 0
    let pieces = 0
    for (let at = 0; at < count; pieces++) {
      const reached = loop(values, undefined, at, count)
      // The first pieces find out how slow records are.
      if (pieces > 6) longest = Math.max(longest, reached - at)
      at = reached
    }
    assert.deepEqual(taken, values)
    return { pieces, longest }
  }
  assert.deepEqual(run(0.001, 512), { pieces: 1, longest: 0 })
  assert.equal(run(20, 512).longest, 1)
  assert.ok(run(1, 5_120).longest <= 24)
})
