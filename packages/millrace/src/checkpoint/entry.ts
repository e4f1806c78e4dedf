/**
 * An entry of the log as bytes.
 *
 *     0   4   magic "MRLG"
 *     4   2   format version, little-endian
 *     6   2   zero
 *     8   4   length of the body, little-endian
 *    12   n   body: number of the entry, then the entry, as tagged values (serde/value.ts)
 *  12+n  32   SHA-256 of everything before
 *
 * E1  Magic, place of the version and the trailing digest hold for every format version, so that damage and a newer version are
 *     told apart: a flipped bit in the version is damage.
 * E2  The entry's own number and its job are inside what the digest covers: an entry under its neighbour's name is found out.
 * E3  Whatever the bytes are, the outcome is an entry of checked structure or CHECKPOINT_CORRUPT or CHECKPOINT_FORMAT with the
 *     name of the file.
 * E4  Nothing is written that E3 would refuse.
 *
 * STATE FORMAT.
 */
import type { Env } from '../core/env.ts'
import { invariant, messageOf, StreamError } from '../core/errors.ts'
import { formatError } from '../core/format-error.ts'
import { ByteReader, ByteWriter } from '../serde/bytes.ts'
import { decodeValue, encodeValue } from '../serde/value.ts'
import { checkEntry, OtherFormat, ShapeError } from './entry-check.ts'
import { checkStorable } from './entry-data.ts'
import { MANIFEST_FORMAT, type Entry, type Manifest } from './manifest.ts'

type Digest = Env['digest']

export const ENTRY_FORMAT = 1
/** Larger ones are refused before anything is allocated for them. */
export const MAX_ENTRY_BYTES = 268_435_456

const MAGIC = 0x474c524d
const HEAD_BYTES = 12
const DIGEST_BYTES = 32

/**
 * The bytes under which entry `number` is created.
 * @throws {STAGED_LIMIT} beyond {@link MAX_ENTRY_BYTES}
 * @throws {UNSUPPORTED_VALUE} when a position, committable or writer state is no plain data, with step and path
 * @throws {INVARIANT} when anything else is not as it may be
 */
export function encodeEntry(number: number, entry: Entry, digest: Digest): Uint8Array {
  checkReadable(number, entry)
  const writer = new ByteWriter(4096)
  writer.u32(MAGIC)
  writer.u16(ENTRY_FORMAT)
  writer.u16(0)
  writer.u32(0)
  encodeValue(writer, number)
  try {
    encodeValue(writer, entry)
  } catch (error) {
    // It ended where blocks end, which is far above.
    if (writer.bytes.length > MAX_ENTRY_BYTES) throw tooLarge(number, entry)
    throw error
  }
  const bytes = new Uint8Array(writer.position + DIGEST_BYTES)
  if (bytes.length > MAX_ENTRY_BYTES) throw tooLarge(number, entry)
  bytes.set(writer.view())
  new DataView(bytes.buffer).setUint32(8, writer.position - HEAD_BYTES, true)
  const covered = bytes.subarray(0, bytes.length - DIGEST_BYTES)
  bytes.set(hexBytes(digest.sha256([covered])), covered.length)
  return bytes
}

function tooLarge(number: number, entry: Entry): StreamError {
  const most = entry.kind === 'checkpoint' ? largestOf(entry.manifest) : undefined
  const what = most === undefined ? '' : ` Most of it is what ${most} wants to have stored until it is committed or read on.`
  return new StreamError(
    'STAGED_LIMIT',
    `Entry ${number} of the log would have more than ${MAX_ENTRY_BYTES} bytes.${what} Let a sink stage so much in files, as fileSink does, or let less come at once.`,
    { details: { entry: number, ...(most === undefined ? {} : { step: most }) } },
  )
}

/** The operator whose part takes most. */
function largestOf({ operators }: Manifest): string | undefined {
  const sizes = Object.entries(operators).map(([address, part]) => [address, encodedBytes(part)] as const)
  return sizes.sort(([, a], [, b]) => b - a)[0]?.[0]
}

function encodedBytes(part: unknown): number {
  try {
    const writer = new ByteWriter(4096)
    encodeValue(writer, part)
    return writer.position
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** E4. */
function checkReadable(number: number, entry: Entry): void {
  if (entry.kind === 'checkpoint') checkStorable(entry.manifest)
  try {
    checkEntry(entry, number)
  } catch (error) {
    invariant(!(error instanceof ShapeError), `E4: entry ${number} could not be read again: ${messageOf(error)}`)
    throw error
  }
}

/**
 * Reads what {@link encodeEntry} wrote.
 * @param expected its number in the log, and what a message calls its file
 * @throws {CHECKPOINT_CORRUPT} for anything else than an intact entry of that number
 * @throws {CHECKPOINT_FORMAT} for an intact one of another format version
 */
export function decodeEntry(bytes: Uint8Array, expected: { readonly number: number; readonly name: string }, digest: Digest): Entry {
  const corrupt = (what: string, cause?: unknown): StreamError =>
    new StreamError(
      'CHECKPOINT_CORRUPT',
      `${expected.name} is damaged: ${what}. Put the file back as it was written, or restore an older checkpoint explicitly.`,
      {
        ...(cause === undefined ? {} : { cause }),
        details: { file: expected.name, entry: expected.number },
      },
    )
  checkEnvelope(bytes, expected, digest, corrupt)
  try {
    const reader = new ByteReader(bytes, HEAD_BYTES, bytes.length - DIGEST_BYTES)
    const number = decodeValue(reader)
    if (number !== expected.number) throw new ShapeError(`it is entry ${String(number)} under the name of entry ${expected.number}`)
    const entry = checkEntry(decodeValue(reader), expected.number)
    reader.expectEnd()
    return entry
  } catch (error) {
    if (error instanceof OtherFormat)
      throw formatError({ what: `The manifest in ${expected.name}`, found: error.found, known: MANIFEST_FORMAT, file: expected.name })
    throw corrupt(messageOf(error).replace(/\.$/, ''), error instanceof ShapeError ? undefined : error)
  }
}

/** Everything that can be said without looking at the body; afterwards the bytes are known to be what somebody wrote. */
function checkEnvelope(
  bytes: Uint8Array,
  expected: { readonly name: string },
  digest: Digest,
  corrupt: (what: string) => StreamError,
): void {
  if (bytes.length < HEAD_BYTES + DIGEST_BYTES) throw corrupt(`it has ${bytes.length} bytes, too few for any entry`)
  if (bytes.length > MAX_ENTRY_BYTES) throw corrupt(`it has ${bytes.length} bytes, too many for any entry`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw corrupt('it does not begin as an entry')
  const covered = bytes.length - DIGEST_BYTES
  const found = hexBytes(digest.sha256([bytes.subarray(0, covered)]))
  if (found.some((byte, i) => byte !== bytes[covered + i])) throw corrupt('its checksum does not hold')
  const version = view.getUint16(4, true)
  if (version !== ENTRY_FORMAT) throw formatError({ what: expected.name, found: version, known: ENTRY_FORMAT, file: expected.name })
  if (view.getUint16(6, true) !== 0 || view.getUint32(8, true) !== covered - HEAD_BYTES)
    throw corrupt('its length is not the one that was written')
}

function hexBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(DIGEST_BYTES)
  for (let i = 0; i < DIGEST_BYTES; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
