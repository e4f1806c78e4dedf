/**
 * Everything by which the engine touches the world. Node's implementation is `env/`, the simulator has its own. Nothing else
 * in the engine may read a clock, draw a random number, arm a timer, touch a file or look at a process.
 *
 * E1  `monotonic` never goes back; `now` (wall clock) may jump either way.
 * E2  A budget is time for a real host and a drawn count of steps in the simulator, whose clock stands still inside a turn.
 * E3  `crashPoint(name)` marks a durable step; in production it does nothing, a test may end the process there.
 */
export interface Env {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly files: Files
  readonly processes: Processes
  readonly digest: Digest
  readonly log: Log
  readonly output: Output
  /** For one file. */
  gunzip(): Gunzip
  /** `slice`: at most 1 ms of background work between batches; `turn`: at most 4 ms before others of the thread run. */
  budget(kind: 'slice' | 'turn'): Budget
  crashPoint(name: string): void
  /** What JavaScript's heap may grow to in this process; Infinity where nobody can tell. */
  readonly heapLimitBytes: number
}

/** Time as the engine sees it. */
export interface Clock {
  /** Wall clock, ms since the epoch, whole. */
  now(): number
  /** Ms since some fixed moment, with fractions. */
  monotonic(): number
}

/** Calls at a later time. */
export interface Timers {
  /** Calls once after at least `delayMs` (any finite length); returns what cancels it. Does not keep a process alive if `idle`. */
  after(delayMs: number, callback: () => void, options?: { readonly idle?: boolean }): () => void
  /** Calls once after pending I/O had its chance. */
  soon(callback: () => void): void
}

/** Randomness, from a seed where a test brings one. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** 16 lower-case hex digits. */
  id(): string
}

/** True while there is time left. Cheap enough to be asked every few records. */
export interface Budget {
  hasLeft(): boolean
}

/** What is known of a path. */
export interface FileInfo {
  readonly kind: 'file' | 'directory' | 'other'
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Changes when a name is given to another file: device and inode. */
  readonly identity: string
}

/**
 * Paths are absolute or relative to the process, with `/`. Errors carry Node's `code` (ENOENT, EEXIST, ENOSPC, EIO, …).
 * Written data is durable only after `sync`, a name only after `syncDirectory` of its folder.
 */
export interface Files {
  open(path: string, how: 'read' | 'create-new'): Promise<FileHandle>
  /** Gives the file a second name; false when that name exists (rules 1.3: never overwrites). */
  link(from: string, to: string): Promise<boolean>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Names in a directory, sorted by code unit. */
  list(path: string): Promise<readonly { readonly name: string; readonly kind: FileInfo['kind'] }[]>
  /** Undefined when there is nothing of that name. Follows links. */
  info(path: string): Promise<FileInfo | undefined>
  /** With its parents; no error when it exists. */
  makeDirectory(path: string): Promise<void>
  removeDirectory(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
}

/** An open file. */
export interface FileHandle {
  /** At most `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Appends all of it. The caller leaves the bytes alone until it resolves. */
  append(parts: readonly Uint8Array[]): Promise<void>
  /** After an error of `sync` the file is to be abandoned, never synced again (D14). */
  sync(): Promise<void>
  info(): Promise<FileInfo>
  close(): Promise<void>
}

/** Names a process beyond the reuse of pids: boot id, pid namespace, pid, start time. */
export interface ProcessIdentity {
  readonly boot: string
  readonly namespace: string
  readonly pid: number
  readonly startedAt: string
}

/** Who this process is, and whether another one lives. */
export interface Processes {
  self(): ProcessIdentity
  /** False only when it certainly is gone and was of this machine; undefined when this machine cannot tell. */
  isAlive(identity: ProcessIdentity): boolean | undefined
}

/** Checksums. */
export interface Digest {
  crc32(bytes: Uint8Array, seed?: number): number
  /** 64 lower-case hex digits over all parts in turn. */
  sha256(parts: readonly Uint8Array[]): string
}

/** Decompresses gzip data (RFC 1952), also of several members, piece by piece; one call at a time. An error says what is wrong with the data. */
export interface Gunzip {
  /** What these bytes give, perhaps nothing yet. */
  push(bytes: Uint8Array): Promise<Uint8Array>
  /** There are no more bytes: the rest. Fails when the data ends in the middle. */
  end(): Promise<Uint8Array>
  close(): void
}

/** Where warnings of the engine go. */
export interface Log {
  (level: 'debug' | 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Standard output of the process, for the print sink. Resolves when taken. */
export interface Output {
  write(text: string): Promise<void>
}
