/** Lines that stay, and one line that changes in place; without a terminal that line becomes a plain one every few seconds. */
import { type WriteStream } from 'node:tty'
import { stripVTControlCharacters, styleText } from 'node:util'

const PLAIN_EVERY_MS = 3_000
const LIVE_EVERY_MS = 100

export class Screen {
  readonly #out: WriteStream
  #isLive = false
  #shownAt = -Infinity

  constructor(out: WriteStream = process.stdout) {
    this.#out = out
  }

  line(text = ''): void {
    this.#clear()
    this.#out.write(`${text}\n`)
    this.#shownAt = performance.now()
  }

  /** Shown at most ten times a second; replaces the one before it. */
  live(text: string): void {
    const now = performance.now()
    if (now - this.#shownAt < (this.#out.isTTY ? LIVE_EVERY_MS : PLAIN_EVERY_MS)) return
    if (!this.#out.isTTY) return this.line(text)
    this.#clear()
    this.#out.write(cut(text, this.#out.columns))
    this.#isLive = true
    this.#shownAt = now
  }

  #clear(): void {
    if (this.#isLive) this.#out.write('\r\x1b[2K')
    this.#isLive = false
  }
}

/** Longer lines would wrap, and then not be replaced. */
function cut(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text)
  return plain.length < columns ? text : plain.slice(0, columns - 1)
}

export const bold = (text: string): string => styleText('bold', text, { stream: process.stdout })
export const dim = (text: string): string => styleText('dim', text, { stream: process.stdout })
export const red = (text: string): string => styleText('red', text, { stream: process.stdout })
export const green = (text: string): string => styleText('green', text, { stream: process.stdout })

const wholeNumbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** `3,000,000` */
export const count = (value: number): string => wholeNumbers.format(value)
/** `281.7 MB` */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
/** `4.3 s` */
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
/** `41%` */
export const percent = (share: number): string => `${(share * 100).toFixed(0)}%`
