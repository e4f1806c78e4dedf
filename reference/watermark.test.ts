import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InputWatermark, SourceWatermark, type Signal } from './watermark.ts'

const wm = (at: number): Signal => ({ kind: 'watermark', at })
const IDLE: Signal = { kind: 'idle' }
const ACTIVE: Signal = { kind: 'active' }
const END: Signal = { kind: 'end' }

function batchOf(clock: SourceWatermark, split: string, ...timestamps: number[]): Signal[] {
  return [...clock.batchBegan(split, timestamps), ...clock.batchEnded()]
}

test('WM-2, WM-3: one split stands at max - outOfOrderness - 1', () => {
  assert.deepEqual(batchOf(new SourceWatermark(['a'], 0), 'a', 10), [wm(9)])
  assert.deepEqual(batchOf(new SourceWatermark(['a'], 5), 'a', 10, 7), [wm(4)])
})

test('WM-1, rules 1.2d: a batch that does not advance the watermark sends none', () => {
  const clock = new SourceWatermark(['a'], 0)
  batchOf(clock, 'a', 10)
  assert.deepEqual(batchOf(clock, 'a', 10), [])
  assert.deepEqual(batchOf(clock, 'a', 3), [])
  assert.deepEqual(batchOf(clock, 'a', 11), [wm(10)])
})

test('WM-7: the source stands at the minimum over its splits', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  batchOf(clock, 'a', 100)
  assert.deepEqual(batchOf(clock, 'b', 20), [wm(19)])
  assert.deepEqual(batchOf(clock, 'b', 200), [wm(99)])
})

test('rules 1.13: a split holds the source until its first batch', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  assert.deepEqual(batchOf(clock, 'a', 100), [])
  assert.deepEqual(batchOf(clock, 'a', 200), [])
  assert.deepEqual(batchOf(clock, 'b', 50), [wm(49)])
})

test('rules 1.13: an empty batch is no first batch', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  batchOf(clock, 'a', 100)
  assert.deepEqual(batchOf(clock, 'b'), [])
})

test('WM-7: a split that ended leaves the minimum, an empty one too', () => {
  const clock = new SourceWatermark(['a', 'b', 'c'], 0)
  batchOf(clock, 'a', 100)
  assert.deepEqual(clock.splitEnded('c'), [])
  assert.deepEqual(batchOf(clock, 'b', 20), [wm(19)])
  assert.deepEqual(clock.splitEnded('b'), [wm(99)])
})

test('ID-1, ID-2: an idle split does not hold the source, before its first batch or after', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  batchOf(clock, 'a', 100)
  assert.deepEqual(clock.splitWentIdle('b'), [wm(99)])
  const other = new SourceWatermark(['a', 'b'], 0)
  batchOf(other, 'a', 100)
  batchOf(other, 'b', 10)
  assert.deepEqual(other.splitWentIdle('b'), [wm(99)])
})

test('WM-7: a split that comes back behind freezes the source and never takes it back', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  batchOf(clock, 'a', 100)
  clock.splitWentIdle('b')
  assert.deepEqual(batchOf(clock, 'b', 10), [])
  assert.deepEqual(batchOf(clock, 'a', 300), [])
  assert.deepEqual(batchOf(clock, 'b', 200), [wm(199)])
})

test('ID-4: when the last split goes idle the source sends no maximum, only that it is idle, once', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  batchOf(clock, 'a', 100)
  batchOf(clock, 'b', 10)
  assert.deepEqual(clock.splitWentIdle('a'), [])
  assert.deepEqual(clock.splitWentIdle('b'), [IDLE])
  assert.deepEqual(clock.splitWentIdle('b'), [])
  assert.deepEqual(clock.batchBegan('b', [50]), [ACTIVE])
})

test('ID-3, WM-7: the last split that is not idle ends: the source is idle', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  batchOf(clock, 'a', 100)
  clock.splitWentIdle('b')
  assert.deepEqual(clock.splitEnded('a'), [IDLE])
})

test('WM-9: a step stands at the minimum of its inputs and only moves on', () => {
  const inputs = new InputWatermark([true, true])
  assert.deepEqual(inputs.receive(0, wm(10)), [])
  assert.deepEqual(inputs.receive(1, wm(4)), [wm(4)])
  assert.deepEqual(inputs.receive(1, wm(4)), [])
  assert.deepEqual(inputs.receive(1, wm(3)), [])
  assert.deepEqual(inputs.receive(1, wm(20)), [wm(10)])
})

test('rules 1.13: an untimed input takes no part in the minimum', () => {
  const inputs = new InputWatermark([true, false])
  assert.deepEqual(inputs.receive(0, wm(10)), [wm(10)])
  assert.deepEqual(inputs.receive(1, IDLE), [])
})

test('ID-3: an input that goes idle while others are active leaves the minimum', () => {
  const inputs = new InputWatermark([true, true])
  inputs.receive(0, wm(10))
  assert.deepEqual(inputs.receive(1, IDLE), [wm(10)])
  assert.deepEqual(inputs.receive(0, wm(12)), [wm(12)])
})

test('ID-4: when the last input goes idle and it held, the maximum leaves, then idle', () => {
  const inputs = new InputWatermark([true, true])
  inputs.receive(0, wm(50))
  inputs.receive(1, wm(10)) // out: 10
  inputs.receive(0, IDLE)
  assert.deepEqual(inputs.receive(1, IDLE), [wm(50), IDLE])
})

test('ID-4: when the last input did not hold, no maximum leaves', () => {
  const inputs = new InputWatermark([true, true, true])
  inputs.receive(0, wm(100))
  inputs.receive(1, wm(60))
  inputs.receive(2, wm(30)) // out: 30
  inputs.receive(0, IDLE)
  assert.deepEqual(inputs.receive(2, IDLE), [wm(60)])
  inputs.receive(2, ACTIVE) // behind: not aligned
  inputs.receive(1, IDLE)
  assert.deepEqual(inputs.receive(2, IDLE), [IDLE])
})

test('ID-5: an input that comes back behind is out of the minimum until it has caught up', () => {
  const inputs = new InputWatermark([true, true])
  inputs.receive(0, wm(10))
  inputs.receive(1, wm(5))
  inputs.receive(1, IDLE) // out: 10
  assert.deepEqual(inputs.receive(1, ACTIVE), [])
  assert.deepEqual(inputs.receive(1, wm(7)), [])
  assert.deepEqual(inputs.receive(0, wm(20)), [wm(20)])
  assert.deepEqual(inputs.receive(1, wm(21)), [])
  assert.deepEqual(inputs.receive(0, wm(30)), [wm(21)])
})

test('ID-5: a watermark of an idle input is ignored', () => {
  const inputs = new InputWatermark([true, true])
  inputs.receive(0, wm(10))
  inputs.receive(1, wm(5))
  inputs.receive(0, IDLE)
  assert.deepEqual(inputs.receive(0, wm(99)), [])
  assert.deepEqual(inputs.receive(1, wm(50)), [wm(50)])
  inputs.receive(0, ACTIVE)
  assert.deepEqual(inputs.receive(0, wm(55)), [])
  assert.deepEqual(inputs.receive(1, wm(70)), [wm(55)])
})

test('ID-1: an empty batch does not wake a split', () => {
  const clock = new SourceWatermark(['a', 'b'], 0)
  batchOf(clock, 'a', 100)
  clock.splitWentIdle('b')
  batchOf(clock, 'b')
  assert.deepEqual(batchOf(clock, 'a', 200), [wm(199)])
})

test('ID-2, ID-5: a step whose inputs were all idle says so when one is active again', () => {
  const inputs = new InputWatermark([true])
  assert.deepEqual(inputs.receive(0, IDLE), [IDLE])
  assert.deepEqual(inputs.receive(0, ACTIVE), [ACTIVE])
  assert.deepEqual(inputs.receive(0, wm(3)), [wm(3)])
})

test('WM-11: +Infinity leaves when all timed inputs have ended, the end when all have', () => {
  const inputs = new InputWatermark([true, true, false])
  inputs.receive(0, wm(10))
  inputs.receive(1, wm(5))
  assert.deepEqual(inputs.receive(1, END), [wm(10)])
  assert.deepEqual(inputs.receive(0, END), [wm(Infinity)])
  assert.deepEqual(inputs.receive(2, END), [END])
})

test('WM-11: an input that ended does not let the others jump to +Infinity when they go idle', () => {
  const inputs = new InputWatermark([true, true])
  inputs.receive(0, wm(10))
  inputs.receive(1, wm(5))
  inputs.receive(0, END)
  assert.deepEqual(inputs.receive(1, IDLE), [IDLE])
  assert.deepEqual(inputs.receive(1, ACTIVE), [ACTIVE])
  assert.deepEqual(inputs.receive(1, wm(8)), [wm(8)])
  assert.deepEqual(inputs.receive(1, END), [wm(Infinity), END])
})

test('WM-11: without a timed input the end of all is +Infinity, too', () => {
  assert.deepEqual(new InputWatermark([false]).receive(0, END), [wm(Infinity), END])
})
