import { putUtf8, sliceAscii } from './ascii.ts'

/**
 * Characters to bytes and back. STATE FORMAT: a text is a header, a varint of `byteLength << 2 | form`, and its bytes.
 *
 *     form 0  ASCII    one byte a character, all below 128
 *     form 1  UTF-8    well-formed and not ASCII
 *     form 2  UTF-16   little-endian code units, for texts with a lone surrogate: those have no UTF-8 (J2)
 *
 * There is exactly one encoding of a text, so equal bytes and equal texts are the same thing.
 */
export const ASCII: number = 0
export const UTF8: number = 1
export const UTF16: number = 2

/** Longer texts go through the platform's coder, whose calls cost more and whose characters cost less. */
const SHORT = 24
/** V8 cannot make a longer one. */
const MAX_LENGTH = 2 ** 29 - 24

// Without ignoreBOM a text that begins with U+FEFF would lose it.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Writes an ASCII text at `at`, where there is room for 3 bytes a character; false, with bytes written, when it is not ASCII. */
export function putAscii(text: string, into: Uint8Array, at: number): boolean {
  const length = text.length
  // Whatever is not ASCII needs more than one byte a character.
  if (length > SHORT) return putUtf8(text, into, at) === length
  let seen = 0
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    seen |= code
    into[at + i] = code
  }
  return seen < 128
}

/** Bytes of the UTF-8 form, or -1 when the text has a lone surrogate. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) bytes += 1
    else if (code < 0x800) bytes += 2
    else if (code < 0xd800 || code > 0xdfff) bytes += 3
    else {
      const next = text.charCodeAt(i + 1)
      if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return -1
      bytes += 4
      i++
    }
  }
  return bytes
}

export function putUtf16(text: string, into: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    into[at + 2 * i] = code & 0xff
    into[at + 2 * i + 1] = code >>> 8
  }
}

/** Reads `bytes[start, end)` as a text of the given form; undefined when they are none, or one of another form. */
export function getText(form: number, bytes: Uint8Array, start: number, end: number): string | undefined {
  if ((form === ASCII ? end - start : (end - start) / 4) > MAX_LENGTH) return undefined
  if (form === ASCII) return getAscii(bytes, start, end)
  if (form === UTF8) {
    const text = getUtf8(bytes, start, end)
    return text === undefined || text.length === end - start ? undefined : text
  }
  if (form !== UTF16 || (end - start) % 2 !== 0) return undefined
  const text = getUtf16(bytes, start, end)
  return utf8Length(text) === -1 ? text : undefined
}

function getAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let seen = 0
  for (let at = start; at < end; at++) seen |= bytes[at] as number
  return seen < 128 ? sliceAscii(bytes, start, end) : undefined
}

function getUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return utf8.decode(bytes.subarray(start, end))
  } catch {
    return undefined
  }
}

function getUtf16(bytes: Uint8Array, start: number, end: number): string {
  const units: string[] = []
  for (let at = start; at < end;) {
    let part = ''
    for (const stop = Math.min(at + 2048, end); at < stop; at += 2)
      part += String.fromCharCode((bytes[at] as number) | ((bytes[at + 1] as number) << 8))
    units.push(part)
  }
  return units.join('')
}
