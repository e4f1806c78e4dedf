import { decodeEntry } from '../checkpoint/entry.ts'
import type { LogView, ReadEntry } from '../checkpoint/log.ts'
import { choiceOf, claimOf, damagedEntries, intactCheckpoints, lostEntry, missingEntry, viewOf } from '../checkpoint/log-view.ts'
import type { Entry, Manifest } from '../checkpoint/manifest.ts'
import { OpenDirectory } from '../connectors/directory-storage-open.ts'
import type { Env, ProcessIdentity } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'

/** What the log of a directory says, read without changing anything. */
export interface LogReport {
  readonly storage: OpenDirectory
  /** Undefined: the log is empty. */
  readonly newest: { readonly number: number; readonly entry: Entry | undefined } | undefined
  readonly checkpoints: readonly StoredCheckpoint[]
  /** Entries that are needed and damaged or missing. */
  readonly damaged: readonly { readonly number: number; readonly file: string; readonly message: string }[]
  readonly owner: OwnerReport
}
export interface StoredCheckpoint {
  readonly entry: number
  readonly file: string
  /** Of the entry: what the manifest itself takes, and all that waits in it for its commit. */
  readonly entryBytes: number
  readonly manifest: Manifest
}
/**
 * Who has the job: `alive` and `gone` are certain, `unknown` is a claim of a process that cannot be looked at from here. `damaged`:
 * a run refuses it; `unclaimed`: only the claim is damaged or missing.
 */
export type OwnerReport =
  | { readonly state: 'none' | 'released' | 'finished' | 'damaged' | 'unclaimed' }
  | { readonly state: 'alive' | 'gone' | 'unknown'; readonly process: ProcessIdentity; readonly leaseMs: number }

interface Reading {
  readonly storage: OpenDirectory
  readonly env: Env
  /** Bytes of the entries that were read. */
  readonly sizes: Map<number, number>
}

/** A live owner deletes superseded entries while they are read; so often it is looked at anew. */
const MAX_LOOKS = 10

/**
 * Reads a directory's log as another process would before it claims it, but claims nothing.
 * @throws {COMMAND_LINE} when there is no such directory @throws {CHECKPOINT_NOT_FOUND} @throws {STORAGE}
 */
export async function readLog(env: Env, directory: string): Promise<LogReport> {
  const info = await env.files.info(directory)
  if (info === undefined)
    throw new StreamError(
      'COMMAND_LINE',
      `There is no directory ${directory}. A run makes it: millrace run JOB.ts --checkpoints ${directory}`,
    )
  if (info.kind !== 'directory')
    throw new StreamError('COMMAND_LINE', `${directory} is no directory: name the one that --checkpoints was given.`)
  const storage = new OpenDirectory(env, directory)
  for (let looks = 1; ; looks++) {
    // LG6: the beat first. It names an entry that must still be visible, or a newer one.
    const beaten = (await storage.lastBeat())?.newestEntry ?? 0
    const number = (await storage.entries()).at(-1)
    if (number === undefined) return emptyLog(storage, beaten)
    const sizes = new Map<number, number>()
    const view = await readView({ storage, env, sizes }, beaten > number ? lostEntry(storage.nameOf({ entry: beaten }), beaten) : number)
    const isSettled = (await storage.entries()).at(-1) === number || looks >= MAX_LOOKS
    if (isSettled) return reportOf({ storage, env, sizes }, view)
  }
}

/** Chunks, and the entry of the log with what waits in it for its commit. */
export function sizeOf({ manifest, entryBytes }: StoredCheckpoint): number {
  return manifest.chunks.reduce((sum, { sizeBytes }) => sum + sizeBytes, entryBytes)
}

function emptyLog(storage: OpenDirectory, beaten: number): LogReport {
  const damaged = beaten === 0 ? [] : [damageOf(storage, beaten, missingEntry(storage.nameOf({ entry: beaten }), beaten))]
  return { storage, newest: undefined, checkpoints: [], damaged, owner: { state: beaten === 0 ? 'none' : 'damaged' } }
}

/** The newest entry, and those that it needs; all, when it is damaged. */
async function readView(from: Reading, at: number | ReadEntry): Promise<LogView> {
  const newest = typeof at === 'number' ? await readOne(from, at) : at
  const needed = 'entry' in newest ? newest.entry.kept : (await from.storage.entries()).filter((other) => other < newest.number)
  const others: ReadEntry[] = []
  for (const other of needed) others.push(await readOne(from, other))
  return viewOf(newest, others)
}

async function readOne({ storage, env, sizes }: Reading, number: number): Promise<ReadEntry> {
  const bytes = await storage.readEntry(number)
  if (bytes === undefined) return { number, missing: true }
  sizes.set(number, bytes.length)
  try {
    return { number, entry: decodeEntry(bytes, { number, name: storage.nameOf({ entry: number }) }, env.digest) }
  } catch (error) {
    if (StreamError.is(error)) return { number, error }
    throw error
  }
}

function reportOf({ storage, env, sizes }: Reading, view: LogView): LogReport {
  const nameOf = (entry: number): string => storage.nameOf({ entry })
  const damaged = damagedEntries(view, nameOf).map(({ number, error }) => damageOf(storage, number, error))
  if (view.error !== undefined) damaged.push(damageOf(storage, view.newest, view.error))
  return {
    storage,
    newest: { number: view.newest, entry: view.entry },
    checkpoints: intactCheckpoints(view).map(({ number, manifest }) => ({
      entry: number,
      file: nameOf(number),
      entryBytes: sizes.get(number) ?? 0,
      manifest,
    })),
    damaged,
    owner: ownerOf(env, view, nameOf),
  }
}

function damageOf(storage: OpenDirectory, number: number, error: StreamError): LogReport['damaged'][number] {
  return { number, file: storage.nameOf({ entry: number }), message: error.message }
}

function ownerOf(env: Env, view: LogView, nameOf: (entry: number) => string): OwnerReport {
  // What a run would refuse for its damage it does not continue, whoever has had it.
  if (view.entry === undefined) return { state: 'damaged' }
  if (view.entry.kind === 'finished') return { state: 'finished' }
  if (StreamError.is(choiceOf(view, { job: view.entry.job, restore: 'latest', nameOf }))) return { state: 'damaged' }
  if (view.entry.kind === 'release') return { state: 'released' }
  const claim = claimOf(view)
  if (claim === undefined) return { state: 'unclaimed' }
  const isAlive = env.processes.isAlive(claim.owner)
  return { state: isAlive === undefined ? 'unknown' : isAlive ? 'alive' : 'gone', process: claim.owner, leaseMs: claim.leaseMs }
}
