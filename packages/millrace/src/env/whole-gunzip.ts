import { gunzipSync } from 'node:zlib'
import type { Gunzip } from '../core/env.ts'
import { checkPadding, joined } from './node-gunzip.ts'

/** Gathers all and gives all at the end, with no wait in between that a simulator could not order. For files that fit in memory. */
export class WholeGunzip implements Gunzip {
  readonly #parts: Uint8Array[] = []

  push(bytes: Uint8Array): Promise<Uint8Array> {
    this.#parts.push(bytes.slice())
    return Promise.resolve(new Uint8Array(0))
  }

  async end(): Promise<Uint8Array> {
    const bytes = joined(this.#parts)
    // `info` makes the result a pair, of which the types know nothing.
    const { buffer, engine } = gunzipSync(bytes, { info: true }) as unknown as {
      readonly buffer: Uint8Array
      readonly engine: { readonly bytesWritten: number }
    }
    checkPadding(bytes.subarray(engine.bytesWritten))
    // A copy in memory of its own, never in Node's pool (J15).
    return new Uint8Array(buffer)
  }

  close(): void {}
}
