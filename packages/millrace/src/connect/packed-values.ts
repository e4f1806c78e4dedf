import { StreamError } from '../core/errors.ts'
import { ByteReader, ByteWriter } from '../serde/bytes.ts'
import { checkValue } from '../serde/check.ts'
import { decodeValue, encodeValue } from '../serde/value.ts'

/** Whole blocks are easier to come by than one that grows: from here on the next value begins another. */
const BLOCK_BYTES = 1_048_576

/**
 * Values as bytes, for connectors that keep values in what a checkpoint stores: positions and committables are {@link Plain}, records
 * may also be or hold Date, Map, Set, `undefined` and typed arrays.
 *
 * Each value is as it was when it was added, whatever becomes of it later. STATE FORMAT: blocks of tagged values (serde/value.ts),
 * each block with shapes of its own.
 *
 * @example
 * ```ts
 * import { PackedValues, unpackValues } from 'millrace/connect'
 *
 * const packed = new PackedValues()
 * packed.add({ user: 'ann', at: new Date(0) }, 'a record for sink/rows')
 * const [row] = unpackValues(packed.take())
 * ```
 */
export class PackedValues {
  #count = 0
  #full: Uint8Array[] = []
  #fullBytes = 0
  readonly #writer = new ByteWriter()

  /** Since the last `take`. */
  get count(): number {
    return this.#count
  }

  /** Since the last `take`. */
  get sizeBytes(): number {
    return this.#fullBytes + this.#writer.position
  }

  /**
   * Adds a copy, and says how many bytes it takes.
   * @param what the value in messages: `a record for sink/rows`
   * @throws {UNSUPPORTED_VALUE} with the path of what cannot be stored; nothing is added then
   */
  add(value: unknown, what: string): number {
    const before = this.#writer.position
    try {
      encodeValue(this.#writer, value)
    } catch (error) {
      // It says the same with a better name, if it is about a field.
      if (StreamError.is(error) && error.code === 'UNSUPPORTED_VALUE') checkValue(value, what)
      throw error
    }
    this.#count++
    const bytes = this.#writer.position - before
    if (this.#writer.position >= BLOCK_BYTES) this.#endBlock()
    return bytes
  }

  /** All that was added, as it may be stored; then it is empty. */
  take(): readonly Uint8Array[] {
    if (this.#writer.position > 0) this.#endBlock()
    const blocks = this.#full
    this.#full = []
    this.#fullBytes = 0
    this.#count = 0
    return blocks
  }

  #endBlock(): void {
    const block = this.#writer.take()
    this.#full.push(block)
    this.#fullBytes += block.length
  }
}

/**
 * The values of {@link PackedValues}, one after the other, each a new copy.
 * @throws {CHECKPOINT_CORRUPT} for bytes that are none
 */
export function* unpackValues(blocks: readonly Uint8Array[]): Generator<unknown, void> {
  for (const block of blocks) {
    const reader = new ByteReader(block)
    while (reader.remaining > 0) yield decodeValue(reader)
  }
}
