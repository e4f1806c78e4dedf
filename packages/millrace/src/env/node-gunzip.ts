import { createGunzip } from 'node:zlib'
import type { Gunzip } from '../core/env.ts'

/** Zero bytes after the end are padding, as for `gzip`; anything else is an error, also what zlib would pass over. */
export class NodeGunzip implements Gunzip {
  readonly #stream = createGunzip()
  #takenBytes = 0
  #error: Error | undefined
  #hasEnded = false
  #settle: () => void = () => {}

  constructor() {
    this.#stream.on('error', (error) => {
      this.#error = error
      this.#settle()
    })
    this.#stream.on('end', () => {
      this.#hasEnded = true
      this.#settle()
    })
  }

  async push(bytes: Uint8Array): Promise<Uint8Array> {
    this.#takenBytes += bytes.length
    const given = this.#hasEnded ? new Uint8Array(0) : await this.#collect((done) => void this.#stream.write(bytes, done))
    if (this.#hasEnded) this.#checkPadding(bytes)
    return given
  }

  async end(): Promise<Uint8Array> {
    if (this.#takenBytes === 0) throw new Error('unexpected end of file')
    return this.#hasEnded ? new Uint8Array(0) : this.#collect(() => void this.#stream.end())
  }

  close(): void {
    this.#stream.destroy()
  }

  /** What comes out until the work is done, fails or ends all. zlib goes on only while it is read. */
  async #collect(work: (done: () => void) => void): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    const take = (): void => {
      for (let part: Uint8Array | null; (part = this.#stream.read() as Uint8Array | null) !== null;) parts.push(part)
    }
    this.#stream.on('readable', take)
    await new Promise<void>((resolve) => {
      this.#settle = resolve
      work(resolve)
      take()
    })
    take()
    this.#stream.off('readable', take)
    if (this.#error !== undefined) throw this.#error
    return joined(parts)
  }

  #checkPadding(bytes: Uint8Array): void {
    checkPadding(bytes.subarray(Math.max(0, bytes.length - (this.#takenBytes - this.#stream.bytesWritten))))
  }
}

/** What follows the end of all members. */
export function checkPadding(rest: Uint8Array): void {
  if (rest.some((byte) => byte !== 0)) throw new Error('there is something else after its end')
}

/** In memory of its own, never in Node's pool (J15). */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
