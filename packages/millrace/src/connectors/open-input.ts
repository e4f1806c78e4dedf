import type { Env } from '../core/env.ts'
import { GzipFile } from './gzip-file.ts'
import type { InputFile } from './input-file.ts'

export function isCompressed(path: string): boolean {
  return path.endsWith('.gz')
}

export async function openInput(env: Env, path: string): Promise<InputFile> {
  const handle = await env.files.open(path, 'read')
  if (isCompressed(path)) return new GzipFile(env, handle, path)
  return {
    read: (offset, length) => handle.read(offset, length),
    sizeBytes: async () => (await handle.info()).sizeBytes,
    packed: () => undefined,
    close: () => handle.close(),
  }
}
