import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InputGate, type Taken } from './input-gate.ts'
import type { StreamElement } from './messages.ts'

const gate = (channels = 2): InputGate => new InputGate(Array.from({ length: channels }, () => ({ node: 0, input: 0, timed: true })))
const batch = (...values: readonly number[]): StreamElement => ({ kind: 'batch', values, timestamps: new Float64Array(values.length) })
const barrier = (checkpoint: number): StreamElement => ({ kind: 'barrier', checkpoint, reason: 'checkpoint' })
const END: StreamElement = { kind: 'end' }

function all(input: InputGate): unknown[] {
  const taken: unknown[] = []
  for (let next = input.next(); next !== undefined; next = input.next()) taken.push(shown(next))
  return taken
}
function shown(taken: Taken): unknown {
  if (taken.kind === 'batch') return [taken.channel, ...taken.batch.values]
  if (taken.kind === 'watermark') return `wm ${taken.at}`
  return taken.kind === 'aligned' ? `aligned ${taken.checkpoint}` : taken.kind
}

test('channels take turns, each in its order', () => {
  const input = gate()
  input.push(0, batch(1))
  input.push(0, batch(2))
  input.push(1, batch(10))
  input.push(0, batch(3))
  assert.deepEqual(all(input), [
    [0, 1],
    [1, 10],
    [0, 2],
    [0, 3],
  ])
})

test('rules 1.18: nothing is taken from a channel that has delivered its barrier, until the checkpoint is taken', () => {
  const input = gate()
  for (const element of [barrier(1), batch(1)]) input.push(0, element)
  input.push(1, batch(10))
  assert.deepEqual(all(input), [[1, 10]])
  input.push(1, barrier(1))
  input.push(1, batch(11))
  assert.deepEqual(all(input), ['aligned 1'])
  input.release(1)
  assert.deepEqual(all(input), [
    [0, 1],
    [1, 11],
  ])
})

test('WM-9: a watermark of one channel waits for the other; the end is the end of all', () => {
  const input = gate()
  input.push(0, { kind: 'watermark', at: 5 })
  assert.deepEqual(all(input), [])
  input.push(1, { kind: 'watermark', at: 3 })
  assert.deepEqual(all(input), ['wm 3'])
  input.push(0, END)
  assert.deepEqual(all(input), [])
  input.push(1, END)
  assert.deepEqual(all(input), ['wm Infinity', 'ended'])
})

test('an end gives its watermark, then the checkpoint that it completes', () => {
  const input = gate()
  input.push(0, { kind: 'watermark', at: 5 })
  input.push(0, barrier(1))
  input.push(1, { kind: 'watermark', at: 3 })
  input.push(1, { kind: 'watermark', at: Number.POSITIVE_INFINITY })
  input.push(1, END)
  assert.deepEqual(all(input), ['wm 3', 'wm 5', 'aligned 1'])
})

test('a checkpoint that is aborted before it was taken out is not taken any more', () => {
  const input = gate()
  input.push(0, { kind: 'watermark', at: 5 })
  input.push(0, barrier(1))
  input.push(1, { kind: 'watermark', at: 3 })
  input.push(1, END)
  assert.equal(shown(input.next() as Taken), 'wm 3')
  assert.equal(shown(input.next() as Taken), 'wm 5')
  input.abort(1)
  assert.deepEqual(all(input), [])
})

test('barriers of an aborted checkpoint that are still on their way hold nobody back', () => {
  const input = gate()
  input.push(0, barrier(1))
  assert.deepEqual(all(input), [])
  input.abort(1)
  for (const element of [barrier(1), batch(1)]) input.push(1, element)
  assert.deepEqual(all(input), [[1, 1]])
})

test('ID-4: when the last channel goes idle the greatest watermark comes before the idle mark', () => {
  const input = gate()
  input.push(0, { kind: 'watermark', at: 5 })
  input.push(1, { kind: 'watermark', at: 3 })
  input.push(0, { kind: 'idle' })
  input.push(1, { kind: 'idle' })
  assert.deepEqual(all(input), ['wm 3', 'wm 5', 'idle'])
})
