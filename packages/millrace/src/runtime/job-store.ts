/**
 * A job's checkpoint storage from claim to release: the log, the chunks, what may go and what is merged.
 */
import { chunkName } from '../checkpoint/chunk-name.ts'
import type { CompactionLimits, Merge } from '../checkpoint/compaction.ts'
import type { AppendBody, Ownership, Restore } from '../checkpoint/log-types.ts'
import type { ChunkRef, Manifest, OperatorReport, TaskReport } from '../checkpoint/manifest.ts'
import type { KeyedRestore } from '../checkpoint/restore-plan.ts'
import type { TaskSlot } from '../checkpoint/coordinator-types.ts'
import type { OpenStorage } from '../connect/contract.ts'
import type { Env, Processes } from '../core/env.ts'
import { invariant, type StreamError } from '../core/errors.ts'
import { buildChunk } from '../state/chunk.ts'
import type { TaskSnapshot } from '../task/messages.ts'
import type { RestoredRun } from '../task/task-spec.ts'
import type { Claimed, JobStore } from './checkpoint-store.ts'
import { ChunkReader } from './chunk-reader.ts'
import { LogActor, type Started } from './log-actor.ts'
import type { CheckpointInfo, JobObserver } from './monitor.ts'
import { noStore } from './no-store.ts'
import type { CheckpointSettings, RestoreSettings } from './run-settings.ts'
import { Upkeep } from './upkeep.ts'

export interface OpenStoreOptions {
  readonly settings: CheckpointSettings | undefined
  readonly restore: RestoreSettings
  readonly job: string
  readonly env: Env
  readonly observer: JobObserver
  readonly limits?: CompactionLimits | undefined
  /** Ownership is lost: nothing may be committed any more. */
  readonly lost: (error: StreamError) => void
}

/** By process: tokens of its starts that have ended without a release. Nobody in it has to wait for them (LG10). A simulator has many. */
const abandonedTokens = new WeakMap<Processes, string[]>()

function abandonedBy(processes: Processes): string[] {
  const tokens = abandonedTokens.get(processes) ?? []
  abandonedTokens.set(processes, tokens)
  return tokens
}

const WAIT_POLLS_PER_LEASE = 10
const MAX_POLL_MS = 500

export async function openStore(options: OpenStoreOptions): Promise<JobStore> {
  if (options.settings === undefined) return noStore(options.env.random.id())
  return new StorageStore(options, options.settings, await options.settings.storage.open(options.env))
}

class StorageStore implements JobStore {
  usedTo = -1
  readonly keepsState: boolean = true
  readonly #options: OpenStoreOptions
  readonly #storage: OpenStorage
  readonly #settings: CheckpointSettings
  readonly #chunks: ChunkReader
  #log: LogActor
  #token: string
  /** Heartbeats of ownerships that were given up, still on their way. */
  #beating: Promise<void> = Promise.resolve()
  #ownership: Ownership | undefined
  #upkeep: Upkeep | undefined
  #isReleased = false
  readonly #written = new Map<number, number>()
  /** Chunks on their way, also of attempts that have failed. */
  readonly #writing = new Set<Promise<void>>()
  /** Of the newest entry. */
  #entryBytes = 0
  /** The newest checkpoint of this process. */
  #newest: number | undefined

  constructor(options: OpenStoreOptions, settings: CheckpointSettings, storage: OpenStorage) {
    const { env, restore } = options
    this.#options = options
    this.#settings = settings
    this.#storage = storage
    this.#token = env.random.id()
    this.#chunks = new ChunkReader(storage, env)
    const { mode, from, acceptLoss } = restore
    this.#log = this.#openLog(mode === 'none' ? 'none' : from === undefined ? 'latest' : { from, acceptLoss })
  }

  #openLog(restore: Restore): LogActor {
    const { env, job, observer, lost } = this.#options
    const { leaseMs, retain } = this.#settings
    return new LogActor({
      storage: this.#storage,
      env,
      lost,
      waiting: (owner, silentMs) => observer({ kind: 'waiting', owner, silentMs, leaseMs }),
      log: {
        job,
        self: env.processes.self(),
        token: this.#token,
        leaseMs,
        pollMs: Math.min(MAX_POLL_MS, leaseMs / WAIT_POLLS_PER_LEASE),
        retain,
        restore,
        abandoned: [...abandonedBy(env.processes)],
        maxTries: 3,
        nameOf: (entry) => this.#storage.nameOf({ entry }),
      },
    })
  }

  get ownership(): Ownership {
    invariant(this.#ownership !== undefined, 'LG0: the job is claimed before it runs')
    return this.#ownership
  }

  async claim(): Promise<Claimed> {
    this.#options.env.crashPoint('claim.before')
    return this.#claimed(await this.#log.start())
  }

  #claimed(started: Started): Claimed {
    if (started.kind === 'finished') {
      this.#isReleased = true
      // Its last entry, of which an attempt was not told, was this process's own: no checkpoint has come after those that it knows.
      if (started.checkpoint === this.#newest) {
        this.#upkeep?.ended()
        this.restored()
      }
      return started
    }
    this.#own(started.ownership)
    return { kind: 'owner' }
  }

  async claimAgain(): Promise<Claimed> {
    if (this.#log.isLost) return this.#searchAnew()
    this.#options.env.crashPoint('claim.before')
    return this.#claimed(await this.#log.claimAgain(this.#token, this.usedTo))
  }

  /** LG9. What the user asked to be restored was restored by the first claim: now it is what the log says. */
  #searchAnew(): Promise<Claimed> {
    this.#giveUp()
    this.#token = this.#options.env.random.id()
    this.#log = this.#openLog('latest')
    return this.claim()
  }

  #giveUp(): void {
    this.#log.close()
    if (this.#log.hasClaimed && !this.#isReleased) abandonedBy(this.#options.env.processes).push(this.#token)
    this.#beating = Promise.all([this.#beating, this.#log.settle()]).then(() => undefined)
  }

  async append(body: Exclude<AppendBody, { kind: 'claim' }>): Promise<void> {
    const appended = await this.#log.append(body)
    this.#entryBytes = appended.sizeBytes
    this.#options.env.crashPoint('entry.confirmed')
    if (body.kind === 'checkpoint') this.#newest = body.manifest.checkpoint
    else this.#isReleased = true
    this.#upkeep?.appended(appended, body.kind === 'checkpoint' ? body.manifest : undefined)
    if (body.kind !== 'checkpoint') this.#upkeep?.ended()
    // A checkpoint of the end of all input opens no tasks.
    if (body.kind === 'finished') this.restored()
  }

  async release(): Promise<void> {
    await this.append({ kind: 'release', usedTo: this.usedTo })
  }

  async write({ task, subtask }: TaskSlot, snapshot: TaskSnapshot): Promise<TaskReport> {
    const { isFinal } = snapshot
    if (snapshot.blocks.length === 0) return { task, subtask, isFinal, operators: snapshot.operators }
    const { env } = this.#options
    const { epoch } = this.ownership
    const { checkpoint } = snapshot
    const name = chunkName({ epoch, kind: 'checkpoint', checkpoint, task, subtask, random: env.random.id() })
    const built = buildChunk(
      { name, epoch, checkpoint, parts: snapshot.blocks.map(({ operator, block }) => ({ operator, ...block })) },
      env.digest,
    )
    env.crashPoint('chunk.before')
    await this.#writeChunk(this.#upkeep, name, built.bytes)
    env.crashPoint('chunk.after')
    this.#chunks.add(name, built.index)
    this.#written.set(checkpoint, (this.#written.get(checkpoint) ?? 0) + built.sizeBytes)
    const chunk: ChunkRef = { name, sizeBytes: built.sizeBytes, sha256: built.sha256 }
    return { task, subtask, isFinal, chunk, operators: withRuns(snapshot) }
  }

  read(operator: string, from: KeyedRestore): Promise<readonly RestoredRun[]> {
    return this.#chunks.read(operator, from)
  }

  restored(): void {
    this.#upkeep?.restored()
  }

  rest(): void {
    this.#upkeep?.rest()
  }

  upkeep(manifest: Manifest, merged: (merge: Merge) => void): void {
    for (const checkpoint of this.#written.keys()) if (checkpoint < manifest.checkpoint) this.#written.delete(checkpoint)
    this.#upkeep?.compact(manifest, merged)
  }

  checkOwned(): Promise<void> {
    return this.#log.checkOwned()
  }

  discard(merge: Merge): void {
    this.#upkeep?.discard(merge)
  }

  describe(manifest: Manifest): Omit<CheckpointInfo, 'durationMs'> {
    const sizeBytes = manifest.chunks.reduce((sum, chunk) => sum + chunk.sizeBytes, this.#entryBytes)
    const openSinks = Object.entries(manifest.operators).flatMap(([address, part]) =>
      part.kind === 'sink' && part.writerStates.length > 0 ? [address] : [],
    )
    return {
      ...(openSinks.length === 0 ? {} : { openSinks }),
      checkpoint: manifest.checkpoint,
      createdAtMs: manifest.createdAtMs,
      sizeBytes,
      newBytes: (this.#written.get(manifest.checkpoint) ?? 0) + this.#entryBytes,
    }
  }

  async settle(): Promise<void> {
    // Of checkpoints that were given up. After the last entry nobody comes who would look for them.
    if (this.#isReleased) await Promise.allSettled(this.#writing)
    await this.#upkeep?.settle()
  }

  cancel(): void {
    this.#log.cancel()
  }

  abandon(why: StreamError): void {
    this.#log.close(why)
  }

  async close(): Promise<void> {
    this.#giveUp()
    await this.settle()
    await this.#beating
    await this.#storage.close()
  }

  #own(ownership: Ownership): void {
    this.#ownership = ownership
    this.usedTo = Math.max(this.usedTo, ownership.checkpointFloor)
    for (const { error } of ownership.damaged) this.#options.env.log('error', 'an older checkpoint is damaged', { cause: error.message })
    const upkeep: Upkeep = new Upkeep({
      ownership,
      storage: this.#storage,
      env: this.#options.env,
      chunks: this.#chunks,
      limits: this.#options.limits,
      write: (name, bytes) => this.#writeChunk(upkeep, name, bytes),
    })
    this.#upkeep = upkeep
    this.#options.observer({ kind: 'claimed', epoch: ownership.epoch })
    this.#options.env.crashPoint('claim.after')
  }

  async #writeChunk(upkeep: Upkeep | undefined, name: string, bytes: readonly Uint8Array[]): Promise<void> {
    upkeep?.writing(name)
    const writing = this.#storage.writeChunk(name, bytes)
    this.#writing.add(writing)
    try {
      await writing
    } finally {
      this.#writing.delete(writing)
      upkeep?.written(name)
      if (this.#upkeep !== upkeep) this.#upkeep?.outlived(name)
    }
  }
}

/** Adds to the reports of keyed operators how much of the chunk is theirs. */
function withRuns({ blocks, operators }: TaskSnapshot): Readonly<Record<string, OperatorReport>> {
  const runs = new Map<string, { bytes: number; entries: number }>()
  for (const { operator, block } of blocks) {
    const run = runs.get(operator) ?? { bytes: 0, entries: 0 }
    runs.set(operator, { bytes: run.bytes + block.bytes.length, entries: run.entries + block.entries })
  }
  return Object.fromEntries(
    Object.entries(operators).map(([address, report]) => {
      const run = runs.get(address)
      return [address, report.kind === 'keyed' && run !== undefined ? { ...report, run } : report]
    }),
  )
}
