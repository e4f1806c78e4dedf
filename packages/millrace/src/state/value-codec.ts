import { ByteReader, ByteWriter } from '../serde/bytes.ts'
import { kindOf } from '../serde/kind.ts'
import { decodeValue, encodeValue } from '../serde/value.ts'

/**
 * Writes the values of one state so that each can be moved between blocks unread, and yet does not repeat the names of its
 * fields: the shapes of the state's objects stand once in each block, in the row of the state (block.ts).
 *
 * V1  The bytes of a value refer to shapes by their number in the row. A value with a shape that finds no room there is
 *     `inline`: complete in itself, and marked so in its entry.
 * V2  Numbers are given once and for all, so the rows of all snapshots of one run agree as far as they go.
 */
export class ValueCodec {
  /** The bytes of the value written last are `writer.bytes[0, writer.position)`. */
  readonly writer: ByteWriter = new ByteWriter(256)
  /** Knows the same shapes by the same numbers. */
  private readonly reader: ByteReader = new ByteReader(this.writer.bytes, 0, 0)
  private full: boolean = false
  /** Values in a row whose shape was not in the row: such a state rarely has one that is. */
  private misses: number = 0
  private readonly inlined: ByteWriter = new ByteWriter(256)
  /** Called for objects whose fields are new here, until it returns true. */
  onNewShape: ((fields: readonly string[]) => boolean) | undefined = undefined

  /** Field names of the shapes, by number. */
  get shapes(): readonly { readonly names: readonly string[] }[] {
    return this.reader.shapes.list
  }

  /** Begins with the shapes of a restored row, unless there are some already. */
  seed(shapes: readonly (readonly string[])[]): void {
    if (this.shapes.length > 0) return
    for (const names of shapes) {
      this.writer.shapes.add(names)
      this.reader.shapes.add(names)
    }
  }

  /**
   * Writes a value; the writer that holds it is returned: `writer`, or another one for an inline value (V1).
   * @throws {UNSUPPORTED_VALUE}
   */
  write(value: unknown): ByteWriter {
    const writer = this.writer
    if (this.full) return this.writeFull(value)
    writer.position = 0
    const known = writer.shapes.count
    encodeValue(writer, value)
    return writer.shapes.count === known ? writer : this.learn(value, known)
  }

  /** The bytes written define shapes in passing: take the definitions out, and write the value anew. */
  private learn(value: unknown, known: number): ByteWriter {
    const { writer, reader } = this
    this.tell(value)
    if (writer.shapes.count > MAX_ROW_SHAPES) {
      this.full = true
      writer.shapes.truncate(known)
      return this.writeFull(value)
    }
    const seen = new ByteReader(writer.bytes, 0, writer.position)
    for (const { names } of this.shapes) seen.shapes.add(names)
    decodeValue(seen)
    for (const { names } of seen.shapes.list.slice(known)) reader.shapes.add(names)
    writer.position = 0
    encodeValue(writer, value)
    return writer
  }

  /** The value itself is meant, not what is in it: a field that is there now and then is no other form. */
  private tell(value: unknown): void {
    if (this.onNewShape === undefined || kindOf(value as object) !== 'plain') return
    if (this.onNewShape(Object.keys(value as object))) this.onNewShape = undefined
  }

  /** The row has all the shapes it will ever have. */
  private writeFull(value: unknown): ByteWriter {
    const { writer, inlined } = this
    if (this.misses < 8 || this.misses % 16 === 0) {
      writer.position = 0
      const known = writer.shapes.count
      encodeValue(writer, value)
      if (writer.shapes.count === known) {
        this.misses = 0
        return writer
      }
      writer.shapes.truncate(known)
    }
    this.misses++
    inlined.reset()
    encodeValue(inlined, value)
    return inlined
  }
}

/** STATE FORMAT: so many shapes a row has at most; further ones are written with their values. */
export const MAX_ROW_SHAPES: number = 16

/** Reads values of one row of a block (V1). */
export class ValueReader {
  private readonly known: ByteReader
  private readonly inlined: ByteReader

  constructor(bytes: Uint8Array, shapes: readonly (readonly string[])[]) {
    this.known = new ByteReader(bytes, 0, 0)
    this.inlined = new ByteReader(bytes, 0, 0)
    for (const names of shapes) if (this.known.shapes.add(names) === undefined) this.known.corrupt('a shape has two fields of one name')
  }

  /** The value in `bytes[start, end)`, all of it. @throws {CHECKPOINT_CORRUPT} */
  read(start: number, end: number, isInline: boolean): unknown {
    const reader = isInline ? this.inlined : this.known
    if (isInline) reader.shapes.clear()
    const shapes = reader.shapes.list.length
    reader.position = start
    reader.end = end
    const value = decodeValue(reader)
    reader.expectEnd()
    if (!isInline && reader.shapes.list.length !== shapes) reader.corrupt('a value has a shape that its row does not name')
    return value
  }
}
