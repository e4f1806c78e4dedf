/** An Env whose files are a Map and whose time is virtual, so that half a million directories can be opened in a minute or two. */
import type { Env, FileHandle, Files } from '../../packages/millrace/src/core/env.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { turn } from '../../packages/millrace/src/env/turn.ts'
import { WholeGunzip } from '../../packages/millrace/src/env/whole-gunzip.ts'
import { WALL_MS } from './build.ts'

const SELF = { boot: 'restore', namespace: 'flip', pid: 1, startedAt: '0' }
const MOST_TIMERS = 1_000

/** What a restore never settles within: no timer is left, or it waits for ever. */
export class Hang extends Error {}

export interface MemoryEnv extends Env {
  /** Paths of the directory that were removed; names of temporary files do not count. */
  readonly removed: string[]
  /** Lets virtual time pass until the promise settles. @throws Hang */
  settle<T>(promise: Promise<T>): Promise<T>
}

/** `damage`: paths that have other bytes than the directory, or none. */
export function memoryEnv(directory: ReadonlyMap<string, Uint8Array>, damage: ReadonlyMap<string, Uint8Array | undefined>): MemoryEnv {
  const changed = new Map(damage)
  const removed: string[] = []
  const timers: { readonly atMs: number; readonly call: () => void }[] = []
  let nowMs = 0
  let ids = 0
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false
    const note = (): void => void (isSettled = true)
    promise.then(note, note)
    for (let fired = 0; ; fired++) {
      await turn()
      if (isSettled) return promise
      const next = timers.sort((a, b) => a.atMs - b.atMs).shift()
      if (next === undefined || fired > MOST_TIMERS) throw new Hang(`it does not end: ${timers.length} timers are pending`)
      nowMs = Math.max(nowMs, next.atMs)
      next.call()
    }
  }
  const after = (delayMs: number, call: () => void): (() => void) => {
    const timer = { atMs: nowMs + delayMs, call }
    timers.push(timer)
    return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1))
  }
  return {
    clock: { now: () => WALL_MS + 60_000 + Math.floor(nowMs), monotonic: () => nowMs },
    timers: { after, soon: (call) => void after(0, call) },
    random: { next: () => 0.5, id: () => (++ids).toString(16).padStart(16, '0') },
    files: memoryFiles(directory, changed, removed),
    processes: { self: () => SELF, isAlive: (identity) => identity.boot === SELF.boot },
    digest: nodeDigest,
    log: () => undefined,
    output: { write: async () => undefined },
    gunzip: () => new WholeGunzip(),
    budget: () => ({ hasLeft: () => true }),
    crashPoint: () => undefined,
    heapLimitBytes: Number.POSITIVE_INFINITY,
    removed,
    settle,
  }
}

function memoryFiles(directory: ReadonlyMap<string, Uint8Array>, changed: Map<string, Uint8Array | undefined>, removed: string[]): Files {
  const at = (path: string): Uint8Array | undefined => (changed.has(path) ? changed.get(path) : directory.get(path))
  const present = (path: string, call: string): Uint8Array => {
    const bytes = at(path)
    if (bytes === undefined) throw Object.assign(new Error(`ENOENT: ${call} ${path}`), { code: 'ENOENT' })
    return bytes
  }
  const info = async (
    path: string,
  ): Promise<{ kind: 'file' | 'directory'; sizeBytes: number; modifiedMs: number; identity: string } | undefined> => {
    const bytes = at(path)
    if (bytes !== undefined) return { kind: 'file', sizeBytes: bytes.length, modifiedMs: WALL_MS, identity: path }
    return namesBelow(path).length > 0 ? { kind: 'directory', sizeBytes: 0, modifiedMs: WALL_MS, identity: path } : undefined
  }
  const namesBelow = (folder: string): string[] => {
    const prefix = folder === '/' ? '/' : `${folder}/`
    const paths = new Set([...directory.keys(), ...changed.keys()].filter((path) => path.startsWith(prefix) && at(path) !== undefined))
    return [...new Set([...paths].map((path) => path.slice(prefix.length).split('/')[0] as string))].sort()
  }
  const handle = (path: string): FileHandle => ({
    read: async (offset, length) => present(path, 'read').slice(offset, offset + length),
    append: async (parts) => void changed.set(path, Uint8Array.from([...present(path, 'append'), ...parts.flatMap((part) => [...part])])),
    sync: async () => undefined,
    info: async () => (await info(path)) as { kind: 'file'; sizeBytes: number; modifiedMs: number; identity: string },
    close: async () => undefined,
  })
  return {
    open: async (path, how) => {
      if (how === 'read') present(path, 'open')
      else changed.set(path, new Uint8Array(0))
      return handle(path)
    },
    link: async (from, to) => {
      if (at(to) !== undefined) return false
      changed.set(to, present(from, 'link'))
      return true
    },
    rename: async (from, to) => {
      changed.set(to, present(from, 'rename'))
      changed.set(from, undefined)
    },
    unlink: async (path) => {
      present(path, 'unlink')
      if (!path.slice(path.lastIndexOf('/') + 1).startsWith('.')) removed.push(path)
      changed.set(path, undefined)
    },
    list: async (path) => namesBelow(path).map((name) => ({ name, kind: 'file' as const })),
    info,
    makeDirectory: async () => undefined,
    removeDirectory: async () => undefined,
    syncDirectory: async () => undefined,
  }
}
