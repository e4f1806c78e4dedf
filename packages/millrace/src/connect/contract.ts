import type { Env } from '../core/env.ts'
import type { Timestamp } from '../core/time.ts'

/** Data that survives a restart: encoded by the engine's own codec. */
export type Plain = string | number | bigint | boolean | null | Uint8Array | readonly Plain[] | { readonly [name: string]: Plain }

// ---------------------------------------------------------------- sources

/** What a job's `from` takes. Opaque to jobs; made by `defineSource`. */
export interface Source<out T> {
  readonly '~millrace': 'source'
  readonly '~out'?: T
}
/** What `defineSource` makes a source from: what it says of itself, and how it is opened. */
export interface SourceDefinition<T, P extends Plain> {
  /** Shown by explain(): 'files', 'postgres', … */
  readonly kind: string
  readonly bounded: boolean
  /** False: no path from here is called exactly-once. */
  readonly replayable: boolean
  /** Its batches carry event time. */
  readonly timestamps: boolean
  /** Whether what a sink of its kind `writes` would be input: a job with both is refused. */
  reads?(output: string): boolean
  open(context: SourceContext<P>): Promise<Reader<T, P>>
}
/** What a source is told when it is opened for one subtask. */
export interface SourceContext<P extends Plain> {
  /** The source's address, for messages. */
  readonly source: string
  readonly env: Env
  /** Positions of the owned splits in the checkpoint. A split without one starts where the options say; "latest" and the like are resolved in `open`, before the first checkpoint. */
  readonly restored: ReadonlyMap<string, P>
  /** Owned splits that the restored checkpoint saw to their end, with the position of that: they are not to be announced again. */
  readonly ended: ReadonlyMap<string, P>
  /** True in exactly one reader of this source. */
  owns(split: string): boolean
  readonly signal: AbortSignal
}
/** Reads the splits of one subtask. The engine calls it on the task's thread, one call at a time. */
export interface Reader<T, P extends Plain> {
  /** Every owned split that has not ended, opened or not, with the position at which it starts: resolved, so that checkpoint 0 can hold it. Grows as splits are discovered; the engine holds the watermark for each until its first batch. */
  readonly splits: ReadonlyMap<string, P>
  /** Never blocks, never throws for a broken record. One split per batch, with the position after its last record. `first` is the split that holds back this reader's watermark: it is served if it has data, else any other. With idleness, one that was asked for so and had nothing is silent from then on; so others are asked for too, also while `ready` is awaited. */
  poll(first: string | undefined): Batch<T, P> | 'wait' | 'end'
  /** Only awaited after 'wait'; may be called again before it has resolved. */
  ready(): Promise<void>
  /** For people: how much of all its input this reader has given, in a unit of the source's own, such as bytes; undefined where nobody knows. Asked several times a second, and once more after `close`. If it throws, a warning says so once, and nobody knows. */
  progress?(): SourceProgress | undefined
  /** These positions are in a durable checkpoint: upstream may forget what lies before. Never early, may be skipped, never twice with less; one call at a time, awaited before `close`. */
  acknowledge?(positions: ReadonlyMap<string, P>): Promise<void>
  close(): Promise<void>
}
/** `done` never goes back and is at most `total`; equal at the end. */
export interface SourceProgress {
  readonly done: number
  readonly total: number
}
/** A record that could not be read: the engine makes a dead letter of it, or ends the job. */
export interface BrokenRecord {
  /** Where in `values` it would have stood: it comes before the value of that index. */
  readonly index: number
  readonly code: string
  readonly message: string
  readonly input: unknown
  readonly position: string
}
/** Records of one split, in their order, with the position after the last of them. */
export interface Batch<T, P extends Plain> {
  readonly split: string
  /** The engine owns the array from here on. */
  readonly values: readonly T[]
  /** Where the source knows them: of the length of `values`, whole milliseconds, NaN for a record without one. Others make the record invalid. */
  readonly timestamps?: Float64Array
  /** For messages: what the position of value `index` is called, e.g. `flights.jsonl:17`. */
  positionOf?(index: number): string
  readonly next: P
  readonly broken?: readonly BrokenRecord[]
  readonly splitEnded?: boolean
}

const sourceDefinitions = new WeakMap<object, SourceDefinition<unknown, Plain>>()

/** Makes a source from what a connector implements. */
export function defineSource<T, P extends Plain>(definition: SourceDefinition<T, P>): Source<T> {
  const source: Source<T> = Object.freeze({ '~millrace': 'source' as const })
  sourceDefinitions.set(source, definition as unknown as SourceDefinition<unknown, Plain>)
  return source
}
/** What `defineSource` was given; undefined for anything else. */
export function sourceDefinitionOf(source: unknown): SourceDefinition<unknown, Plain> | undefined {
  return typeof source === 'object' && source !== null ? sourceDefinitions.get(source) : undefined
}

// ---------------------------------------------------------------- sinks

/** What a stream's `to` takes. Opaque to jobs; made by `defineSink`. */
export interface Sink<in T> {
  readonly '~millrace': 'sink'
  readonly '~in'?: (value: T) => void
}
/** What `defineSink` makes a sink from: what it says of itself, and how its writer and its committer are opened. */
export interface SinkDefinition<T, C extends Plain, S extends Plain = null> {
  readonly kind: string
  /** What explain() may claim. */
  readonly delivery: 'exactly-once' | 'idempotent' | 'at-least-once'
  /** Why, in a few words, for explain(). */
  readonly because?: string
  /** When it shows a record, if that is not with the next checkpoint: a clause for explain(), such as `when its part has ended`. */
  readonly shows?: string
  /** Where the output goes, if two sinks of one job and kind may not share it: a job with two of the same place is refused. */
  readonly place?: string
  /** What is a name of its output, if a source of its kind could read it: it is for `reads`. */
  readonly writes?: string
  /** `restored`: what the writers of the restored checkpoint sealed as `state`, dealt out over the subtasks of now. */
  open(context: SinkContext, restored: readonly S[]): Promise<Writer<T, C, S>>
  committer?(context: SinkContext): Promise<Committer<C, S>>
}
/** What a sink is told when it is opened for one subtask. */
export interface SinkContext {
  readonly env: Env
  readonly job: string
  readonly sink: string
  readonly subtask: number
  readonly subtasks: number
  /**
   * Of the log of checkpoints that this run goes on with: the same in all its epochs, another in every other log and in every run
   * without checkpoints. Letters, digits and dashes. It belongs into the name of whatever is not committed: what another log has
   * staged may be committed yet.
   */
  readonly log: string
  /** Of the attempt. Epochs of different logs say nothing about each other. */
  readonly epoch: number
  /** There is no restored checkpoint, or it does not hold this sink: what its place shows already is not what this job goes on with. */
  readonly isNew: boolean
  /** What is sealed is stored; without it stays in memory until it is committed, and is gone with the process. */
  readonly keepsCheckpoints: boolean
  readonly signal: AbortSignal
}
/** What a writer hands over at a barrier. */
export interface Sealed<C extends Plain, S extends Plain> {
  readonly committables: readonly C[]
  readonly state?: S
}
/** Takes the records of one subtask, and seals what belongs to a checkpoint. */
export interface Writer<T, C extends Plain, S extends Plain = null> {
  /** Synchronous. False: taken, but full; the task waits for `ready` before it writes again. `timestamp` is undefined where the record has none. */
  write(value: T, timestamp: Timestamp | undefined): boolean
  ready(): Promise<void>
  /**
   * True while it is full until a commit, and holds what no seal has taken. The engine then takes a checkpoint soon; until that is
   * sealed it goes on writing what it has begun, although the writer says that it is full.
   */
  readonly awaitsCommit?: boolean
  /**
   * One synchronous turn: what is written next belongs to the next checkpoint. The acknowledgement waits for `durable`, the task
   * does not. What it gives as `state` goes to the writers after a restore. After `end` there is no other: nothing may stay open.
   */
  seal(checkpoint: number, reason: 'checkpoint' | 'end'): { readonly durable: Promise<Sealed<C, S>> }
  close(): Promise<void>
}
/** What a writer has sealed, as it stands in the checkpoint: enough to publish it later, in another process too. */
export interface Committable<C extends Plain> {
  readonly checkpoint: number
  readonly epoch: number
  readonly subtask: number
  readonly data: C
}
/** What became of one committable. */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'already-committed' }
  | { readonly kind: 'retry'; readonly cause: unknown }
  | { readonly kind: 'failed'; readonly cause: unknown }
/** Publishes what checkpoints hold. Each call may come again: after a restart a committable is offered anew. */
export interface Committer<C extends Plain, S extends Plain = null> {
  /** Only after the checkpoint is durable, in order of checkpoints; offered again after a restart, so idempotent. A commit that cannot be proven is 'failed' and stops the job. One outcome per committable, in their order. */
  commit(committables: readonly Committable<C>[]): Promise<readonly CommitOutcome[]>
  /** Once per sink, with what all subtasks kept, after a restore and all its commits and before any writer opens: whatever older epochs of the same log left that is not in `kept`, nor named by what their writers sealed as state (`open`), is withdrawn. The work of other logs, jobs and sinks is never touched. A sink whose output may not stand beside older output refuses it here while it is new (OUTPUT_EXISTS). */
  withdraw(kept: readonly Committable<C>[], open: readonly S[]): Promise<void>
  close(): Promise<void>
}

const sinkDefinitions = new WeakMap<object, SinkDefinition<unknown, Plain, Plain>>()

/** Makes a sink from what a connector implements. */
export function defineSink<T, C extends Plain, S extends Plain = null>(definition: SinkDefinition<T, C, S>): Sink<T> {
  const sink: Sink<T> = Object.freeze({ '~millrace': 'sink' as const })
  sinkDefinitions.set(sink, definition as unknown as SinkDefinition<unknown, Plain, Plain>)
  return sink
}
/** What `defineSink` was given; undefined for anything else. */
export function sinkDefinitionOf(sink: unknown): SinkDefinition<unknown, Plain, Plain> | undefined {
  return typeof sink === 'object' && sink !== null ? sinkDefinitions.get(sink) : undefined
}

// ---------------------------------------------------------------- checkpoint storage

/** Where checkpoints live. Opaque to jobs; made by `defineStorage`. */
export interface CheckpointStorage {
  readonly '~millrace': 'storage'
}
/** What the owner of a job writes while it lives: a count that moves, and the newest entry it made. */
export interface Beat {
  readonly epoch: number
  readonly count: number
  readonly newestEntry: number
}
/** Where a storage writes, in the words of a kind of sources and sinks. */
export interface StorageNames {
  readonly kind: string
  /** As `place` of a sink. */
  readonly place: string
  /** One of each sort, for `reads` of a source. */
  readonly examples: readonly string[]
}
/** What `defineStorage` makes a checkpoint storage from. */
export interface StorageDefinition {
  readonly kind: string
  /** If the sources and sinks of this kind could mean its names: a job that would read them, or write beside them, is refused. */
  readonly writes?: StorageNames
  /** Once, before anything else. */
  open(env: Env): Promise<OpenStorage>
}
/** A place for the log and the chunks of one job. */
export interface OpenStorage {
  /** For messages: the directory, the bucket and prefix, … */
  readonly name: string
  /** The log of manifests and claims. Durable when it resolves, also an entry that exists; of two that create entry n exactly one gets 'created'. */
  createEntry(n: number, bytes: Uint8Array): Promise<'created' | 'exists'>
  readEntry(n: number): Promise<Uint8Array | undefined>
  /** Ascending. */
  entries(): Promise<readonly number[]>
  deleteEntry(n: number): Promise<void>
  /** Chunks: written once, durable when it resolves, named by the engine (letters, digits, dash, dot), immutable. */
  writeChunk(name: string, parts: readonly Uint8Array[]): Promise<void>
  /** `end` is not inside. */
  readChunk(name: string, range?: { readonly start: number; readonly end: number }): Promise<Uint8Array>
  listChunks(): AsyncIterable<string>
  deleteChunk(name: string): Promise<void>
  /** The owner's heartbeat. Whoever waits watches the count on its own clock. */
  beat(beat: Beat): Promise<void>
  lastBeat(): Promise<Beat | undefined>
  /** What a message calls the file behind an entry or a chunk. */
  nameOf(part: { readonly entry: number } | { readonly chunk: string }): string
  close(): Promise<void>
}

const storageDefinitions = new WeakMap<object, StorageDefinition>()

/** Makes a checkpoint storage from what a third party implements. */
export function defineStorage(definition: StorageDefinition): CheckpointStorage {
  const storage: CheckpointStorage = Object.freeze({ '~millrace': 'storage' as const })
  storageDefinitions.set(storage, definition)
  return storage
}
/** What `defineStorage` was given; undefined for anything else. */
export function storageDefinitionOf(storage: unknown): StorageDefinition | undefined {
  return typeof storage === 'object' && storage !== null ? storageDefinitions.get(storage) : undefined
}
