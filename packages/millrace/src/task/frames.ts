/**
 * The frames between a task and a foreign host, one for each call of `TaskCore` and `TaskHost`; docs/design/host-frames.md is
 * their specification. STATE FORMAT does not apply: frames live for one connection, both ends are of one version.
 *
 *     u32 LE: length of what follows | u8: type | payload
 */
import { StreamError, type WireError } from '../core/errors.ts'
import { ByteReader, ByteWriter } from '../serde/bytes.ts'
import { decodeBatch, encodeBatch } from '../serde/columns.ts'
import { decodeValue, encodeValue } from '../serde/value.ts'
import type { BarrierReason, StreamElement, TaskSnapshot } from './messages.ts'
import type { HostTime, OperatorRestore } from './task-spec.ts'

export const FRAME_VERSION = 1
/** A frame longer than this is refused. */
export const MAX_FRAME_BYTES: number = 256 * 1024 * 1024

/** From the host to the task. */
export type HostFrame =
  | {
      readonly type: 'open'
      readonly version: number
      readonly restored: Readonly<Record<string, OperatorRestore>>
      readonly time: HostTime
    }
  | { readonly type: 'begin' }
  | { readonly type: 'element'; readonly channel: number; readonly element: StreamElement }
  | { readonly type: 'barrier'; readonly checkpoint: number; readonly reason: BarrierReason }
  | { readonly type: 'expect' | 'resume' | 'complete' | 'abort'; readonly checkpoint: number }
  | { readonly type: 'credit'; readonly output: number; readonly target: number; readonly credits: number }
  | { readonly type: 'time'; readonly time: HostTime }
  | { readonly type: 'close' }

/** From the task to the host. */
export type TaskFrame =
  | { readonly type: 'opened' }
  | { readonly type: 'element'; readonly output: number; readonly target: number; readonly element: StreamElement }
  | { readonly type: 'consumed'; readonly channel: number }
  | { readonly type: 'held'; readonly checkpoint: number; readonly reason: BarrierReason }
  | { readonly type: 'snapshot'; readonly snapshot: TaskSnapshot }
  | { readonly type: 'checkpoint-wanted' }
  | { readonly type: 'ended' }
  | { readonly type: 'failed'; readonly error: WireError }
  /** Nothing is left to do until the next frame or, if given, this many ms have passed. */
  | { readonly type: 'quiet'; readonly wakeInMs: number | undefined }
  | { readonly type: 'closed' }

const BATCH = 1
const PLAIN = 2

/** One frame with its length in front. */
export function encodeFrame(frame: HostFrame | TaskFrame): Uint8Array {
  const writer = new ByteWriter(1024)
  writer.u32(0)
  if (frame.type === 'element' && frame.element.kind === 'batch') {
    const { values, timestamps } = frame.element
    const { element: _element, ...address } = frame
    writer.u8(BATCH)
    encodeValue(writer, address)
    encodeBatch(writer, values, timestamps)
  } else {
    writer.u8(PLAIN)
    encodeValue(writer, frame)
  }
  writer.setU32(0, writer.position - 4)
  return writer.take()
}

/** The frame in `bytes`, without its length. */
export function decodeFrame<F extends HostFrame | TaskFrame>(bytes: Uint8Array): F {
  const reader = new ByteReader(bytes)
  const type = reader.u8()
  const head = decodeValue(reader)
  if (typeof head !== 'object' || head === null || typeof (head as { type?: unknown }).type !== 'string')
    throw new StreamError('CONTRACT', 'A frame from the other end has no type. Both ends must be of one version of Millrace.')
  if (type !== BATCH) {
    reader.expectEnd()
    return head as F
  }
  const batch = decodeBatch(reader)
  reader.expectEnd()
  return { ...head, element: { kind: 'batch', ...batch } } as unknown as F
}

/** Cuts a stream of bytes into frames. `push` gives all that became whole. A byte is copied a fixed number of times, however small the pieces. */
export class FrameSplitter {
  /** What has come and is in no frame yet: the first `#size` bytes. */
  #held: Uint8Array = new Uint8Array(FIRST_BYTES)
  #size = 0

  push(bytes: Uint8Array): Uint8Array[] {
    this.#reserve(this.#size + bytes.length)
    this.#held.set(bytes, this.#size)
    this.#size += bytes.length
    const view = new DataView(this.#held.buffer)
    const frames: Uint8Array[] = []
    let at = 0
    while (this.#size - at >= LENGTH_BYTES) {
      const length = view.getUint32(at, true)
      if (length === 0 || length > MAX_FRAME_BYTES)
        throw new StreamError('CONTRACT', `A frame of ${length} bytes came from the other end; at most ${MAX_FRAME_BYTES} are allowed.`)
      const end = at + LENGTH_BYTES + length
      if (end > this.#size) break
      frames.push(this.#held.slice(at + LENGTH_BYTES, end))
      at = end
    }
    this.#drop(at)
    return frames
  }

  #drop(count: number): void {
    if (count === 0) return
    const rest = this.#size - count
    // One huge frame does not keep its room for ever.
    if (this.#held.length > KEPT_BYTES && rest < FIRST_BYTES) {
      const held = new Uint8Array(FIRST_BYTES)
      held.set(this.#held.subarray(count, this.#size))
      this.#held = held
    } else this.#held.copyWithin(0, count, this.#size)
    this.#size = rest
  }

  #reserve(size: number): void {
    if (size <= this.#held.length) return
    const larger = new Uint8Array(Math.max(size, this.#held.length * 2))
    larger.set(this.#held.subarray(0, this.#size))
    this.#held = larger
  }
}

const LENGTH_BYTES = 4
const FIRST_BYTES = 64 * 1024
const KEPT_BYTES = 1024 * 1024
