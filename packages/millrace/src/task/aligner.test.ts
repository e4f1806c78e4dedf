import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BarrierAligner } from './aligner.ts'

test('A1: channels are held back until all have delivered, and stay so until released', () => {
  const aligner = new BarrierAligner(3)
  assert.equal(aligner.onBarrier(1, 5), undefined)
  assert.equal(aligner.onBarrier(0, 5), undefined)
  assert.deepEqual(
    [0, 1, 2].map((channel) => aligner.isBlocked(channel)),
    [true, true, false],
  )
  assert.equal(aligner.onBarrier(2, 5), 5)
  assert.equal(aligner.isBlocked(0), true)
  aligner.release(5)
  assert.equal(aligner.isBlocked(0), false)
})

test('A1: a single channel is aligned at once', () => assert.equal(new BarrierAligner(1).onBarrier(0, 1), 1))

test('A2, TS-2: a finished channel counts as aligned, before and during', () => {
  const aligner = new BarrierAligner(3)
  assert.equal(aligner.onEndOfInput(0), undefined)
  assert.equal(aligner.onBarrier(1, 2), undefined)
  assert.equal(aligner.onEndOfInput(2), 2)
})

test('A2: what comes on a channel that has ended is nobody’s barrier', () => {
  const aligner = new BarrierAligner(2)
  aligner.onEndOfInput(0)
  assert.equal(aligner.onBarrier(0, 1), undefined)
  assert.equal(aligner.isBlocked(0), false)
  assert.equal(aligner.onEndOfInput(1), undefined)
})

test('A3, TS-2: a newer barrier gives up an older alignment, an obsolete one is ignored', () => {
  const aligner = new BarrierAligner(2)
  aligner.onBarrier(0, 1)
  assert.equal(aligner.onBarrier(1, 2), undefined)
  assert.deepEqual([aligner.isBlocked(0), aligner.isBlocked(1)], [false, true])
  assert.equal(aligner.onBarrier(0, 1), undefined)
  assert.equal(aligner.isBlocked(0), false)
  assert.equal(aligner.onBarrier(0, 2), 2)
})

test('A3: after an abort late barriers hold nobody back', () => {
  const aligner = new BarrierAligner(2)
  aligner.onBarrier(0, 3)
  aligner.abort(3)
  assert.equal(aligner.onBarrier(1, 3), undefined)
  assert.deepEqual([aligner.isBlocked(0), aligner.isBlocked(1)], [false, false])
  aligner.onBarrier(1, 4)
  aligner.abort(3)
  assert.equal(aligner.isBlocked(1), true)
})

test('whatever the order, each checkpoint that is not aborted is taken once, after every live channel has delivered it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.nat(999)),
      fc.array(fc.boolean(), { maxLength: 6 }),
      (count, picks, aborts) => {
        const aligner = new BarrierAligner(count)
        const pick = (below: number): number => (picks.next().value as number) % below
        const ended = new Set<number>()
        for (const [index, isAborted] of aborts.entries()) {
          const checkpoint = index + 1
          const waiting = new Set(Array.from({ length: count }, (_, channel) => channel).filter((channel) => !ended.has(channel)))
          if (waiting.size === 0) return
          const abortAt = isAborted ? pick(waiting.size) : -1
          let taken: number | undefined
          while (waiting.size > 0) {
            if (waiting.size === abortAt) break
            const channel = [...waiting][pick(waiting.size)] as number
            assert.equal(taken, undefined)
            assert.equal(aligner.isBlocked(channel), false)
            const isEnd = pick(8) === 0
            const isAnyHeld = waiting.size + ended.size < count
            taken = isEnd ? aligner.onEndOfInput(channel) : aligner.onBarrier(channel, checkpoint)
            waiting.delete(channel)
            if (isEnd) ended.add(channel)
            if (waiting.size === 0 && isEnd && !isAnyHeld) assert.equal(taken, undefined)
          }
          if (waiting.size > 0) aligner.abort(checkpoint)
          else if (taken !== undefined) {
            assert.equal(taken, checkpoint)
            aligner.release(checkpoint)
          } else assert.equal(ended.size, count)
        }
      },
    ),
  )
})
