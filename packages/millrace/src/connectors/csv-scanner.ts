import type { RecordScanner } from './format.ts'

const QUOTE = 34
const NEWLINE = 10

/**
 * Finds where records end, as bytes: a newline inside quotes ends none. A quote opens only at the start of a field, so one inside a
 * field that is not quoted is a character like others. Where the next quote is is kept, so that what has none is only looked
 * through once.
 */
export function csvScanner(delimiter: string): RecordScanner {
  const delimiterByte = delimiter.charCodeAt(0)
  let seen: Uint8Array | undefined
  let seenFrom = 0
  let quote = 0
  return (bytes, from) => {
    if (bytes !== seen || from < seenFrom || (quote >= 0 && quote < from)) {
      seen = bytes
      seenFrom = from
      quote = bytes.indexOf(QUOTE, from)
    }
    const newline = bytes.indexOf(NEWLINE, from)
    if (quote < 0 || (newline >= 0 && newline < quote)) return newline + 1
    return endOfQuoted(bytes, from, delimiterByte)
  }
}

function endOfQuoted(bytes: Uint8Array, from: number, delimiter: number): number {
  let isFieldStart = true
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === NEWLINE) return at + 1
    if (isFieldStart && byte === QUOTE) {
      at = closingQuote(bytes, at + 1)
      if (at < 0) return 0
    }
    isFieldStart = byte === delimiter
  }
  return 0
}

/** -1 when it is not here, or when only what follows can tell whether it is doubled. */
function closingQuote(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(QUOTE, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(QUOTE, at + 2))
    if (bytes[at + 1] !== QUOTE) return at
  return -1
}
