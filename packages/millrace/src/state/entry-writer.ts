import { invariant } from '../core/errors.ts'
import { ByteReader, ByteWriter } from '../serde/bytes.ts'
import { decodeKey, encodeKey } from '../serde/key.ts'
import { encodeValue } from '../serde/value.ts'
import type { Key, StateBlock } from './contract.ts'
import { DROP_NAMESPACE, INLINE, NAMESPACE, writeHeader } from './format.ts'
import type { ValueCodec } from './value-codec.ts'

/**
 * Takes the entries of a snapshot in any order of key groups, and at the end deals them out into one block a group by a counting
 * sort. Both in steps of bounded length, whatever the size. The order of the entries of one group is kept.
 */
export class EntryWriter {
  /** Where an entry is written, between `begin` and `end`. */
  readonly out: ByteWriter = new ByteWriter(1024)
  entries: number = 0
  private closed: number = 0
  private readonly maxParallelism: number
  private readonly rowCount: number
  private chunks: Chunk[] = []
  private offsets: number[] = []
  private groups: number[] = []
  private group: number = 0
  /** Between `begin` and `end`. It stays so when a value in between turns out not to be storable: then there is no snapshot. */
  private isOpen: boolean = false
  private isDealing: boolean = false
  private readonly groupBytes: Float64Array
  private readonly groupEntries: Int32Array
  /** One byte for each group and row: the row has an entry there. */
  private readonly used: Uint8Array

  constructor(maxParallelism: number, rowCount: number) {
    this.maxParallelism = maxParallelism
    this.rowCount = rowCount
    this.groupBytes = new Float64Array(maxParallelism)
    this.groupEntries = new Int32Array(maxParallelism)
    this.used = new Uint8Array(maxParallelism * rowCount)
  }

  /** Head, row, namespace (NaN: none) and key of an entry; the rest is written to `out`. */
  begin(group: number, head: number, row: number, namespace: number, key: Key): void {
    this.open(group, head, row, namespace)
    this.key(key)
  }

  /** An entry that drops all that the state of a row has in a namespace. */
  drop(group: number, row: number, namespace: number): void {
    this.open(group, DROP_NAMESPACE, row, namespace)
    this.end()
  }

  private open(group: number, head: number, row: number, namespace: number): void {
    invariant(!this.isOpen && !this.isDealing, 'S2: an entry is added to a snapshot that is complete, or to one with an unfinished entry')
    this.isOpen = true
    const out = this.out
    this.offsets.push(out.position)
    this.groups.push(group)
    this.group = group
    this.used[group * this.rowCount + row] = 1
    const isIn = namespace === namespace
    out.u8(isIn ? head | NAMESPACE : head)
    out.varint(row)
    if (isIn) this.namespace(namespace)
  }

  private namespace(namespace: number): void {
    const out = this.out
    const at = out.position
    out.u8(0)
    out.zigzag(namespace)
    out.bytes[at] = out.position - at - 1
  }

  key(key: Key): void {
    const out = this.out
    const at = out.position
    out.u8(0)
    encodeKey(out, key)
    this.patchLength(at)
  }

  /** A value after its length. The entry is marked when the value brings its own shapes. */
  value(value: unknown, codec: ValueCodec): void {
    const out = this.out
    if (typeof value === 'number') {
      const at = out.position
      out.u8(0)
      encodeValue(out, value)
      out.bytes[at] = out.position - at - 1
      return
    }
    const writer = codec.write(value)
    if (writer !== codec.writer) this.markInline()
    this.bytes(writer)
  }

  /** What the writer holds, after its length. */
  bytes(writer: ByteWriter): void {
    const out = this.out
    const length = writer.position
    out.varint(length)
    if (length > 48) return out.raw(writer.view())
    out.ensure(length)
    const { bytes } = writer
    const target = out.bytes
    let at = out.position
    for (let i = 0; i < length; i++) target[at++] = bytes[i] as number
    out.position = at
  }

  markInline(): void {
    const at = this.offsets[this.offsets.length - 1] as number
    this.out.bytes[at] = (this.out.bytes[at] as number) | INLINE
  }

  /** Puts the length of what came after `at` there; one byte was left for it. */
  private patchLength(at: number): void {
    const out = this.out
    const length = out.position - at - 1
    if (length < 0x80) {
      out.bytes[at] = length
      return
    }
    const shift = Math.floor(Math.log2(length) / 7)
    out.ensure(shift)
    out.bytes.copyWithin(at + 1 + shift, at + 1, out.position)
    const end = out.position + shift
    out.position = at
    out.varint(length)
    out.position = end
  }

  end(): void {
    const out = this.out
    const group = this.group
    const start = this.offsets[this.offsets.length - 1] as number
    this.groupBytes[group] = (this.groupBytes[group] as number) + out.position - start
    this.groupEntries[group] = (this.groupEntries[group] as number) + 1
    this.entries++
    this.isOpen = false
    if (out.position >= CHUNK_BYTES) this.closeChunk()
  }

  /** Row and key of an entry that was begun and not ended, as a value of it cannot be stored. */
  get unfinished(): { readonly row: number; readonly key: Key } | undefined {
    if (!this.isOpen) return undefined
    const reader = new ByteReader(this.out.bytes, this.offsets[this.offsets.length - 1] as number, this.out.position)
    const head = reader.u8()
    const row = reader.varint()
    if ((head & NAMESPACE) !== 0) reader.advance(reader.varint())
    reader.end = reader.varint() + reader.position
    return { row, key: decodeKey(reader) }
  }

  /** Bytes of all entries so far. */
  get written(): number {
    return this.closed + this.out.position
  }

  private closeChunk(): void {
    const { offsets, groups } = this
    this.closed += this.out.position
    offsets.push(this.out.position)
    this.chunks.push({ bytes: this.out.take(), offsets, groups })
    this.offsets = []
    this.groups = []
  }

  /** Forgets everything. */
  reset(): void {
    this.out.reset()
    this.chunks = []
    this.offsets = []
    this.groups = []
    this.entries = 0
    this.closed = 0
    this.isOpen = false
    this.isDealing = false
    this.groupBytes.fill(0)
    this.groupEntries.fill(0)
    this.used.fill(0)
  }

  /**
   * Deals out the entries: each `next` of the result does a bounded step; at its end it returns the blocks, ascending by group,
   * and this writer is empty. `rowBodies` by row.
   */
  *blocks(rowBodies: readonly Uint8Array[]): Generator<undefined, StateBlock[], undefined> {
    invariant(!this.isOpen, 'an entry of a snapshot was begun and not finished')
    this.isDealing = true
    if (this.out.position > 0) this.closeChunk()
    const { chunks } = this
    const places: Place[] = []
    const blocks: StateBlock[] = []
    yield* this.layOut(rowBodies, places, blocks)
    for (const chunk of chunks) {
      for (let first = 0; first < chunk.groups.length; first += STEP) {
        deal(chunk, first, Math.min(chunk.groups.length, first + STEP), places)
        yield
      }
    }
    this.reset()
    return blocks
  }

  /** A block with its header, and the place of its first entry, for each group that has one. */
  private *layOut(rowBodies: readonly Uint8Array[], places: Place[], blocks: StateBlock[]): Generator<undefined, void, undefined> {
    const header = new ByteWriter(256)
    let slab = new Uint8Array(0)
    let free = 0
    let left = this.groupBytes.reduce((sum, bytes) => sum + bytes, 0)
    for (let group = 0; group < this.maxParallelism; group++) {
      const entries = this.groupEntries[group] as number
      if (group % 64 === 63) yield
      if (entries === 0) continue
      const bodyBytes = this.groupBytes[group] as number
      header.reset()
      writeHeader(
        header,
        { group, entries, bodyBytes },
        rowBodies.map((body, row) => (this.used[group * this.rowCount + row] === 1 ? body : undefined)),
      )
      const size = header.position + bodyBytes
      if (slab.length - free < size) {
        slab = new Uint8Array(Math.max(size, Math.min(SLAB_BYTES, left * 2 + header.position)))
        free = 0
      }
      const bytes = slab.subarray(free, free + size)
      bytes.set(header.view())
      places[group] = { slab, at: free + header.position }
      free += size
      left -= bodyBytes
      blocks.push({ group, bytes, entries })
    }
  }
}

const CHUNK_BYTES = 65536
const SLAB_BYTES = 262144
const STEP = 512

interface Chunk {
  readonly bytes: Uint8Array
  /** Of each entry, and the end of the last. */
  readonly offsets: readonly number[]
  readonly groups: readonly number[]
}

interface Place {
  readonly slab: Uint8Array
  at: number
}

function deal(chunk: Chunk, first: number, end: number, places: readonly Place[]): void {
  const { bytes, offsets, groups } = chunk
  for (let i = first; i < end; i++) {
    const place = places[groups[i] as number] as Place
    const { slab } = place
    const stop = offsets[i + 1] as number
    let from = offsets[i] as number
    let at = place.at
    if (stop - from > 64) {
      slab.set(bytes.subarray(from, stop), at)
      at += stop - from
    } else while (from < stop) slab[at++] = bytes[from++] as number
    place.at = at
  }
}
