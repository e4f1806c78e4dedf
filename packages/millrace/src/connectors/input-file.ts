import type { Env } from '../core/env.ts'

/** A file of records, opened to be read forwards. */
export interface InputFile {
  /** At most `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Only known for sure when the end has been read. */
  sizeBytes(): Promise<number>
  close(): Promise<void>
}

export function isCompressed(path: string): boolean {
  return path.endsWith('.gz')
}

export async function openInput(env: Env, path: string): Promise<InputFile> {
  const handle = await env.files.open(path, 'read')
  return {
    read: (offset, length) => handle.read(offset, length),
    sizeBytes: async () => (await handle.info()).sizeBytes,
    close: () => handle.close(),
  }
}
