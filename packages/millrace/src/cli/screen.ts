import type { TextStream } from './world.ts'

/** Where a command reports while it works. */
export interface Screen {
  /** Whether `live` is shown, and so wants to be drawn often. */
  readonly isLive: boolean
  /** Characters that a live line may have. */
  width(): number
  /** A line that stays. */
  line(text: string): void
  /** Replaces the line at the bottom. */
  live(text: string): void
  /** Removes the live line and leaves the streams as they were. */
  close(): void
}

/** For files and pipes: lines that stay, no live line. */
export function plainScreen(stderr: TextStream): Screen {
  return {
    isLive: false,
    width: () => Number.POSITIVE_INFINITY,
    line: (text) => void stderr.write(`${text}\n`),
    live: () => {},
    close: () => {},
  }
}

/** To the beginning of the line, and clears it. */
export const ERASE: string = '\r\u001B[2K'
const NARROWEST = 20

/**
 * A live line at the bottom of a terminal, below whatever the job prints. Everything that is written to the terminal through the
 * given streams erases it first; it comes back with the next `live`, once the output stands at the beginning of a line.
 */
export class TerminalScreen implements Screen {
  readonly isLive = true
  readonly #stderr: TextStream
  readonly #write: (text: string) => void
  readonly #restore: (() => void)[] = []
  #isDrawn = false
  #isAtLineStart = true

  /** `stdout` only if it is the same terminal. */
  constructor(stderr: TextStream, stdout?: TextStream) {
    this.#stderr = stderr
    const write = stderr.write.bind(stderr)
    this.#write = (text) => void write(text)
    for (const stream of stdout === undefined ? [stderr] : [stderr, stdout]) this.#restore.push(this.#watch(stream))
  }

  width(): number {
    // A line that fills the last column would wrap on some terminals.
    return Math.max(NARROWEST, (this.#stderr.columns ?? 80) - 1)
  }

  line(text: string): void {
    this.#erase()
    this.#write(`${this.#isAtLineStart ? '' : '\n'}${text}\n`)
    this.#isAtLineStart = true
  }

  live(text: string): void {
    if (!this.#isAtLineStart) return
    this.#write(`${ERASE}${text}`)
    this.#isDrawn = true
  }

  close(): void {
    this.#erase()
    for (const restore of this.#restore) restore()
  }

  #erase(): void {
    if (this.#isDrawn) this.#write(ERASE)
    this.#isDrawn = false
  }

  #watch(stream: TextStream): () => void {
    const original = stream.write
    const write = (...args: readonly unknown[]): unknown => {
      this.#erase()
      const [chunk] = args
      const isText = typeof chunk === 'string' || chunk instanceof Uint8Array
      if (isText && chunk.length > 0) this.#isAtLineStart = endsLine(chunk)
      return Reflect.apply(original, stream, args)
    }
    Object.assign(stream, { write })
    return () => Object.assign(stream, { write: original })
  }
}

function endsLine(chunk: string | Uint8Array): boolean {
  return typeof chunk === 'string' ? chunk.endsWith('\n') : chunk.at(-1) === 10
}
