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
const SHORT = 64

const encoder = new TextEncoder()
// Without ignoreBOM a text that begins with U+FEFF would lose it.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Node's native reader of one-byte characters (2 to 3 times a TextDecoder); elsewhere the TextDecoder does.
type Latin1Slice = (this: Uint8Array, start: number, end: number) => string
const node = globalThis as { Buffer?: { prototype: { latin1Slice?: Latin1Slice } } }
const latin1Slice: Latin1Slice | undefined = node.Buffer?.prototype.latin1Slice

/** Writes an ASCII text at `at`, where there is room; false (and some bytes written) when it is not ASCII. */
export function putAscii(text: string, into: Uint8Array, at: number): boolean {
  const length = text.length
  if (length > SHORT) {
    // Whatever is not ASCII needs two bytes or more a character, a lone surrogate three: it does not fit.
    return encoder.encodeInto(text, into.subarray(at, at + length)).read === length
  }
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

/** Writes a well-formed text whose UTF-8 form has `byteLength` bytes. */
export function putUtf8(text: string, byteLength: number, into: Uint8Array, at: number): void {
  encoder.encodeInto(text, into.subarray(at, at + byteLength))
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
  if (start === end) return ''
  let seen = 0
  for (let at = start; at < end; at++) seen |= bytes[at] as number
  if (seen > 127) return undefined
  const length = end - start
  // Up to 12 characters a concatenation is copied flat at once; above, V8 would keep it as a tree.
  if (length <= 4) return getFew(bytes, start, length)
  if (length <= 8) return getFew(bytes, start, 4) + getFew(bytes, start + 4, length - 4)
  if (length <= 12) return getEight(bytes, start) + (length === 8 ? '' : getFew(bytes, start + 8, length - 8))
  return latin1Slice === undefined ? utf8.decode(bytes.subarray(start, end)) : latin1Slice.call(bytes, start, end)
}

function getEight(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(
    bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number, bytes[at + 3] as number,
    bytes[at + 4] as number, bytes[at + 5] as number, bytes[at + 6] as number, bytes[at + 7] as number,
  )
}

function getFew(bytes: Uint8Array, at: number, length: number): string {
  if (length === 4) return String.fromCharCode(bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number, bytes[at + 3] as number)
  if (length === 3) return String.fromCharCode(bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number)
  if (length === 2) return String.fromCharCode(bytes[at] as number, bytes[at + 1] as number)
  return String.fromCharCode(bytes[at] as number)
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
  for (let at = start; at < end; ) {
    let part = ''
    for (const stop = Math.min(at + 2048, end); at < stop; at += 2) part += String.fromCharCode((bytes[at] as number) | ((bytes[at + 1] as number) << 8))
    units.push(part)
  }
  return units.join('')
}
