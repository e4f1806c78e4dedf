// Node's native reader and writer of characters: two to three times the platform's coders, which serve where there is no Node.
interface NodeCoders {
  readonly latin1Slice?: (this: Uint8Array, start: number, end: number) => string
  readonly utf8Write?: (this: Uint8Array, text: string, offset: number, length: number) => number
}
const node: NodeCoders = (globalThis as { Buffer?: { prototype: NodeCoders } }).Buffer?.prototype ?? {}
const { latin1Slice, utf8Write } = node

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
// A missing byte would become U+0000; callers have checked the range.
const chars: (...codes: (number | undefined)[]) => string = String.fromCharCode as never

/** Writes the UTF-8 form of a text, U+FFFD for lone surrogates, where there is room for 3 bytes a character. Returns the bytes. */
export function putUtf8(text: string, into: Uint8Array, at: number): number {
  if (utf8Write !== undefined) return utf8Write.call(into, text, at, text.length * 3)
  return encoder.encodeInto(text, into.subarray(at, at + text.length * 3)).written
}

/** Characters of `bytes[start, end)`, all of which are below 128: one flat string of its own. */
export function sliceAscii(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 16) return few(bytes, start, end - start)
  return latin1Slice === undefined ? decoder.decode(bytes.subarray(start, end)) : latin1Slice.call(bytes, start, end)
}

/** One character a byte, from U+0000 to U+00FF. */
export function sliceLatin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 16) return few(bytes, start, end - start)
  if (latin1Slice !== undefined) return latin1Slice.call(bytes, start, end)
  let text = ''
  for (let at = start; at < end; at++) text += chars(bytes[at])
  return text
}

/** One call with as many arguments as there are bytes: 40 ns for 16, where the native reader takes 90 and a loop more. */
// oxfmt-ignore
function few(b: Uint8Array, s: number, length: number): string {
  switch (length) {
    case 1: return chars(b[s])
    case 2: return chars(b[s], b[s+1])
    case 3: return chars(b[s], b[s+1], b[s+2])
    case 4: return chars(b[s], b[s+1], b[s+2], b[s+3])
    case 5: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4])
    case 6: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5])
    case 7: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6])
    case 8: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7])
    case 9: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8])
    case 10: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8], b[s+9])
    case 11: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8], b[s+9], b[s+10])
    case 12: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8], b[s+9], b[s+10], b[s+11])
    case 13: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8], b[s+9], b[s+10], b[s+11], b[s+12])
    case 14: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8], b[s+9], b[s+10], b[s+11], b[s+12], b[s+13])
    case 15: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8], b[s+9], b[s+10], b[s+11], b[s+12], b[s+13], b[s+14])
    case 16: return chars(b[s], b[s+1], b[s+2], b[s+3], b[s+4], b[s+5], b[s+6], b[s+7], b[s+8], b[s+9], b[s+10], b[s+11], b[s+12], b[s+13], b[s+14], b[s+15])
    default: return ''
  }
}
