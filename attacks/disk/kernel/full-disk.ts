/** A small file system in memory, where this process may mount one. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, statfsSync } from 'node:fs'

const PAGE_BYTES = 4_096
export const AMPLE_BYTES: number = 64 << 20

export interface SmallDisk {
  readonly usedBytes: number
  /** To what is ample. */
  grow(): void
  remove(): void
}

/** @returns why there is none, where this process may not mount one */
export function mountSmall(path: string, sizeBytes: number): SmallDisk | string {
  if (process.platform !== 'linux') return `a tmpfs is for Linux, this is ${process.platform}`
  mkdirSync(path, { recursive: true })
  const reason = mount(['-t', 'tmpfs', '-o', `size=${PAGE_BYTES * Math.ceil(sizeBytes / PAGE_BYTES)}`, 'tmpfs', path])
  if (reason !== undefined) return `a tmpfs cannot be mounted here (${reason})`
  return {
    get usedBytes() {
      const { blocks, bfree, bsize } = statfsSync(path)
      return (blocks - bfree) * bsize
    },
    grow: () => {
      const failed = mount(['-o', `remount,size=${AMPLE_BYTES}`, path])
      if (failed !== undefined) throw new Error(`the tmpfs cannot grow: ${failed}`)
    },
    remove: () => void spawnSync('umount', [path]),
  }
}

function mount(args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' })
  if (error !== undefined) return error.message
  return status === 0 ? undefined : stderr.trim().replaceAll('\n', ' ')
}
