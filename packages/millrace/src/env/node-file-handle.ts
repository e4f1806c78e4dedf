import type { FileHandle as NodeHandle } from 'node:fs/promises'
import type { FileHandle, FileInfo } from '../core/env.ts'
import { infoOf } from './node-file-info.ts'

/** Fewer parts than any system's IOV_MAX. */
const MAX_PARTS = 512

/**
 * An open file.
 *
 * F1  Appends that overlap land in the order of their calls: each takes its place in the file when it is called.
 * F2  After an error of `append` or `sync` every further one fails with that error: what the file holds is no longer known,
 *     and a repeated fsync would report a success that means nothing (D14).
 * F3  After `close` every call fails with EBADF, also `close`.
 */
export class NodeFileHandle implements FileHandle {
  readonly #handle: NodeHandle
  readonly #path: string
  #endBytes = 0
  #broken: unknown
  #isClosed = false

  constructor(handle: NodeHandle, path: string) {
    this.#handle = handle
    this.#path = path
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#checkOpen('read')
    // A buffer of its own, never a view of Node's shared pool (J15).
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, offset + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled === length ? bytes : bytes.subarray(0, filled)
  }

  async append(parts: readonly Uint8Array[]): Promise<void> {
    this.#checkOpen('append')
    let at = this.#endBytes
    for (const part of parts) this.#endBytes += part.length
    try {
      for (let first = 0; first < parts.length; first += MAX_PARTS) {
        at = await this.#writeAll(parts.slice(first, first + MAX_PARTS), at)
      }
    } catch (error) {
      throw this.#break(error)
    }
  }

  async sync(): Promise<void> {
    this.#checkOpen('sync')
    try {
      await this.#handle.sync()
    } catch (error) {
      throw this.#break(error)
    }
  }

  async info(): Promise<FileInfo> {
    this.#checkOpen('info')
    return infoOf(await this.#handle.stat({ bigint: true }))
  }

  async close(): Promise<void> {
    this.#checkOpen('close')
    this.#isClosed = true
    await this.#handle.close()
  }

  /** Writes may be short: what is left is written again until nothing is. Returns the place after the last byte. */
  async #writeAll(parts: readonly Uint8Array[], from: number): Promise<number> {
    let rest = parts.filter((part) => part.length > 0)
    let at = from
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest, at)
      if (bytesWritten === 0) throw fileError('EIO', 'append', this.#path, 'nothing was written')
      at += bytesWritten
      rest = after(rest, bytesWritten)
    }
    return at
  }

  #checkOpen(operation: 'read' | 'append' | 'sync' | 'info' | 'close'): void {
    if (this.#isClosed) throw fileError('EBADF', operation, this.#path, 'the file is closed')
    if (this.#broken !== undefined && (operation === 'append' || operation === 'sync')) throw this.#broken
  }

  #break(error: unknown): unknown {
    this.#broken ??= error
    return error
  }
}

function after(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as Uint8Array
    if (left < part.length) return [part.subarray(left), ...parts.slice(index + 1)]
    left -= part.length
  }
  return []
}

function fileError(code: string, operation: string, path: string, reason: string): Error {
  return Object.assign(new Error(`${code}: ${reason}, ${operation} '${path}'`), { code, path })
}
