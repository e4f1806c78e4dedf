/** Builds the shim where there is a C compiler, and says which strike a process gets. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { KernelLife } from './life.ts'

export type ShimCall = 'write' | 'fsync' | 'rename' | 'link' | 'read'
export type ShimAction = 'EIO' | 'ENOSPC' | 'short' | 'torn' | 'kill-before' | 'kill-after'

export interface Strike {
  readonly call: ShimCall
  /** From 1; 0 only counts. */
  readonly nth: number
  readonly action: ShimAction
  /** All calls of the kind from then on fail. */
  readonly stays: boolean
}

/** The path of the library; else why there is none. */
export function buildShim(folder: string): { readonly library: string } | { readonly reason: string } {
  if (process.platform !== 'linux') return { reason: `the shim is for Linux, this is ${process.platform}` }
  const library = join(folder, 'shim.so')
  const source = join(import.meta.dirname, 'shim.c')
  const { status, stderr, error } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-o', library, source, '-ldl'], {
    encoding: 'utf8',
  })
  if (error !== undefined) return { reason: `there is no C compiler 'cc' (${error.message})` }
  return status === 0 ? { library } : { reason: `cc could not build the shim: ${stderr}` }
}

export function shimEnvironment(library: string, strike: Strike, life: KernelLife, told: string): NodeJS.ProcessEnv {
  return {
    LD_PRELOAD: library,
    // What it reads is beside it.
    SHIM_FOLDER: strike.call === 'read' ? life.run.path : life.place(),
    SHIM_CALL: strike.call,
    SHIM_NTH: String(strike.nth),
    SHIM_ACTION: strike.action,
    SHIM_STAYS: strike.stays ? '1' : '0',
    SHIM_TOLD: told,
    // Its writes would go by no function of the C library.
    UV_USE_IO_URING: '0',
  }
}
