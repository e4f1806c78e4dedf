import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WatermarkCombiner } from './watermark-combiner.ts'

const { POSITIVE_INFINITY: END } = Number
const combiner = (channels = 2): WatermarkCombiner => new WatermarkCombiner(Array.from({ length: channels }, () => true))

test('WM-9, WM-10: the minimum over all channels, only when it advances', () => {
  const input = combiner()
  assert.deepEqual(input.advance(0, 10), {})
  assert.deepEqual(input.advance(1, 5), { watermark: 5 })
  assert.deepEqual(input.advance(1, 5), {})
  assert.deepEqual(input.advance(1, 20), { watermark: 10 })
})

test('WM-1: a smaller watermark is ignored', () => {
  const input = combiner(1)
  assert.deepEqual(input.advance(0, 10), { watermark: 10 })
  assert.deepEqual(input.advance(0, 7), {})
})

test('ID-3: an idle channel is left out of the minimum', () => {
  const input = combiner()
  input.advance(0, 10)
  input.advance(1, 5)
  assert.deepEqual(input.markIdle(1), { watermark: 10 })
  assert.deepEqual(input.advance(0, 30), { watermark: 30 })
})

test('ID-3: one that did not hold the others back changes nothing', () => {
  const input = combiner()
  input.advance(0, 10)
  input.advance(1, 5)
  assert.deepEqual(input.markIdle(0), {})
})

test('ID-4: when the last one goes idle and it was the one that held, the greatest leaves first', () => {
  const input = combiner()
  input.advance(0, 10)
  input.advance(1, 5)
  assert.deepEqual(input.markIdle(0), {})
  assert.deepEqual(input.markIdle(1), { watermark: 10, idle: true })
  assert.deepEqual(input.markIdle(1), {})
})

test('ID-4: when it did not hold, nothing but the idle mark leaves', () => {
  const input = combiner(3)
  for (const [channel, at] of [10, 20, 5].entries()) input.advance(channel, at)
  assert.deepEqual(input.markIdle(2), { watermark: 10 })
  assert.deepEqual(input.markIdle(0), { watermark: 20 })
  assert.deepEqual(input.markIdle(1), { idle: true })
  const other = combiner()
  other.advance(0, 10)
  assert.deepEqual(other.markIdle(1), { watermark: 10 })
  other.advance(1, 3)
  assert.deepEqual(other.markIdle(0), {})
  assert.deepEqual(other.markIdle(1), { idle: true })
})

test('ID-5: active again with an older watermark, a channel stays out until it has caught up', () => {
  const input = combiner()
  input.advance(0, 10)
  input.advance(1, 5)
  input.markIdle(1)
  assert.deepEqual(input.advance(1, 7), {})
  assert.deepEqual(input.advance(0, 20), { watermark: 20 })
  assert.deepEqual(input.advance(1, 20), {})
  assert.deepEqual(input.advance(0, 30), {})
  assert.deepEqual(input.advance(1, 25), { watermark: 25 })
})

test('ID-2: an output that was idle says that it is active, if need be by its last watermark', () => {
  const input = combiner(1)
  input.advance(0, 10)
  assert.deepEqual(input.markIdle(0), { idle: true })
  assert.deepEqual(input.advance(0, 10), { watermark: 10 })
  assert.deepEqual(input.markIdle(0), { idle: true })
  assert.deepEqual(input.advance(0, 12), { watermark: 12 })
})

test('W2: one at the end neither holds nor pulls; the end leaves when all are there', () => {
  const input = combiner()
  input.advance(0, 10)
  assert.deepEqual(input.end(0), {})
  assert.deepEqual(input.advance(1, 3), { watermark: 3 })
  assert.deepEqual(input.markIdle(0), {})
  assert.deepEqual(input.end(1), { watermark: END })
})

test('W2: the end of one while the others are idle is no reason to end', () => {
  const input = combiner()
  input.advance(1, 3)
  input.markIdle(1)
  assert.deepEqual(input.end(0), { idle: true })
  assert.deepEqual(input.advance(1, 8), { watermark: 8 })
})

test('rules 1.13: channels without event time take no part', () => {
  const input = new WatermarkCombiner([true, false])
  assert.deepEqual(input.advance(0, 10), { watermark: 10 })
  assert.deepEqual(input.advance(1, 3), {})
  assert.deepEqual(input.markIdle(1), {})
  assert.deepEqual(input.markIdle(0), { idle: true })
  assert.deepEqual(input.end(1), {})
  assert.deepEqual(input.end(0), { watermark: END })
  assert.deepEqual(new WatermarkCombiner([false]).end(0), {})
})
