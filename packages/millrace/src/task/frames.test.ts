import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeFrame, encodeFrame, FRAME_VERSION, FrameSplitter, MAX_FRAME_BYTES, type HostFrame, type TaskFrame } from './frames.ts'

const time = { now: 1_700_000_000_000, monotonic: 12.5 }
const frames: readonly (HostFrame | TaskFrame)[] = [
  { type: 'open', version: FRAME_VERSION, restored: {}, time },
  {
    type: 'open',
    version: FRAME_VERSION,
    time,
    restored: {
      'source/s': { kind: 'source', splits: { a: { position: { line: 3 }, maxTimestamp: Number.NEGATIVE_INFINITY, ended: false } } },
      'sink/t': { kind: 'sink', writerStates: ['x', 1] },
    },
  },
  { type: 'begin' },
  {
    type: 'element',
    channel: 3,
    element: { kind: 'batch', values: [{ a: 1 }, 'x', undefined], timestamps: Float64Array.of(1, Number.NaN, -5) },
  },
  { type: 'element', output: 0, target: 2, element: { kind: 'batch', values: [], timestamps: new Float64Array(0) } },
  { type: 'element', channel: 0, element: { kind: 'watermark', at: Number.POSITIVE_INFINITY } },
  { type: 'element', channel: 0, element: { kind: 'barrier', checkpoint: 7, reason: 'checkpoint' } },
  { type: 'element', output: 1, target: 0, element: { kind: 'idle' } },
  { type: 'barrier', checkpoint: 1, reason: 'end' },
  { type: 'resume', checkpoint: 1 },
  { type: 'credit', output: 1, target: 2, credits: 1 },
  { type: 'time', time },
  { type: 'quiet', wakeInMs: undefined },
  { type: 'failed', error: { code: 'USER_CODE', domain: 'user', retry: 'restart-job', message: 'm' } },
  {
    type: 'snapshot',
    snapshot: {
      checkpoint: 1,
      blocks: [{ operator: 'step/p', block: { group: 5, bytes: Uint8Array.of(1, 2, 3), entries: 1 } }],
      operators: {},
      isFinal: false,
    },
  },
  { type: 'close' },
  { type: 'closed' },
]

test('every frame comes back as it was', () => {
  for (const frame of frames) assert.deepEqual(decodeFrame(encodeFrame(frame).slice(4)), frame)
})

test('frames come out whole, however the bytes are cut', () => {
  const all = Buffer.concat(frames.map((frame) => encodeFrame(frame)))
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 20 }), (cuts) => {
      const splitter = new FrameSplitter()
      const found: Uint8Array[] = []
      for (let at = 0, i = 0; at < all.length; i++) {
        const length = cuts[i % cuts.length] as number
        const piece = Uint8Array.from(all.subarray(at, at + length))
        found.push(...splitter.push(piece))
        piece.fill(255)
        at += length
      }
      assert.deepEqual(
        found.map((bytes) => decodeFrame(bytes)),
        frames,
      )
    }),
  )
})

test('a frame of 64 MiB in pieces of 4 KiB takes time in proportion', () => {
  const frame = new Uint8Array(64 * 1024 * 1024)
  new DataView(frame.buffer).setUint32(0, frame.length - 4, true)
  frame[frame.length - 1] = 9
  const splitter = new FrameSplitter()
  const began = performance.now()
  const found: Uint8Array[] = []
  for (let at = 0; at < frame.length; at += 4_096) found.push(...splitter.push(frame.subarray(at, at + 4_096)))
  assert.equal(found.length, 1)
  assert.equal(found[0]?.at(-1), 9)
  assert.ok(performance.now() - began < 5_000)
})

test('a length that cannot be is refused before anything is kept for it', () => {
  const length = (bytes: number): Uint8Array => new Uint8Array(Uint32Array.of(bytes).buffer)
  assert.throws(() => new FrameSplitter().push(length(MAX_FRAME_BYTES + 1)), { code: 'CONTRACT' })
  assert.throws(() => new FrameSplitter().push(length(0)), { code: 'CONTRACT' })
})
