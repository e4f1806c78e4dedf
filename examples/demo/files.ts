/** Lines of big files, read and written in large pieces. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

const PIECE_BYTES = 1 << 20
const NEWLINE = 0x0a

/** What a line without its newline at the end of a file is told apart by. */
export type LineEnd = 'whole' | 'torn'

/** Calls `onLine` for each line of a file of ASCII or UTF-8 text, in order; `number` counts from 1. */
export function forEachLine(path: string, onLine: (line: string, number: number, end: LineEnd) => void): void {
  const file = openSync(path, 'r')
  try {
    let piece = Buffer.allocUnsafe(PIECE_BYTES)
    let filled = 0
    let number = 0
    for (;;) {
      if (filled === piece.length) piece = Buffer.concat([piece, Buffer.allocUnsafe(piece.length)])
      const read = readSync(file, piece, filled, piece.length - filled, null)
      if (read === 0) break
      filled += read
      const end = piece.lastIndexOf(NEWLINE, filled - 1)
      if (end < 0) continue
      for (const line of piece.toString('utf8', 0, end).split('\n')) onLine(line, ++number, 'whole')
      piece.copy(piece, 0, end + 1, filled)
      filled -= end + 1
    }
    if (filled > 0) onLine(piece.toString('utf8', 0, filled), ++number, 'torn')
  } finally {
    closeSync(file)
  }
}

/** A joined string costs little while it is short; long ones outlive the young generation and then cost ten times as much. */
const JOINED_LENGTH = 4_096

/** Writes ASCII lines to one file and knows how long it became and its CRC-32. */
export class LineFile {
  readonly #file: number
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES)
  #filled = 0
  #joined = ''
  #bytes = 0
  #crc = 0

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  write(line: string): void {
    this.#joined += line
    if (this.#joined.length >= JOINED_LENGTH) this.#encode()
  }

  close(): { readonly bytes: number; readonly crc: number } {
    this.#encode()
    this.#flush()
    closeSync(this.#file)
    return { bytes: this.#bytes, crc: this.#crc }
  }

  #encode(): void {
    if (this.#filled + this.#joined.length > this.#piece.length) this.#flush()
    this.#filled += this.#piece.write(this.#joined, this.#filled, 'latin1')
    this.#joined = ''
  }

  #flush(): void {
    const piece = this.#piece.subarray(0, this.#filled)
    for (let done = 0; done < piece.length;) done += writeSync(this.#file, piece, done)
    this.#crc = crc32(piece, this.#crc)
    this.#bytes += piece.length
    this.#filled = 0
  }
}

/** The length and CRC-32 of a file; `undefined` if it cannot be read. */
export function measure(path: string): { readonly bytes: number; readonly crc: number } | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES)
    let bytes = 0
    let crc = 0
    for (;;) {
      const read = readSync(file, piece, 0, piece.length, null)
      if (read === 0) return { bytes, crc }
      crc = crc32(piece.subarray(0, read), crc)
      bytes += read
    }
  } finally {
    closeSync(file)
  }
}
