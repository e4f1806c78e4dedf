import type { BigIntStats } from 'node:fs'
import type { FileInfo } from '../core/env.ts'

export function infoOf(stats: BigIntStats): FileInfo {
  return {
    kind: kindOf(stats),
    sizeBytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs / 1000n) / 1000,
    identity: `${stats.dev}:${stats.ino}`,
  }
}

export function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): FileInfo['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other'
}

/** The `code` of a system error; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
