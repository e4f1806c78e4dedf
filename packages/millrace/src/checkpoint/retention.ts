/**
 * What of a job's storage may be deleted. Pure; only an owner asks, and only after an entry of its own counts.
 *
 * R1  The newest entry is never deleted, nor what it needs (`kept`): LG3 and LG5 rest on it.
 * R2  A chunk that a retained manifest names is never deleted.
 * R3  A chunk that no retained manifest names is deleted when it is
 *       of a lower epoch (whoever wrote it is fenced; what it may still write is the next owner's to delete), or
 *       one's own, written to the end, and of a checkpoint that is complete or aborted, or a merge that was given up.
 *     Chunks of the own epoch in the making, of higher epochs and of unknown names are left alone.
 *     After the last entry of an owner no manifest of its epoch can name anything any more.
 * R4  While an entry that is needed cannot be read, nothing is deleted at all (D6): nobody knows what it names.
 * R5  Entries are deleted before the chunks that only they name, oldest first; so no entry that is left misses a chunk.
 * R6  Work is bounded: one decision gives at most `limit` deletions and keeps the rest for the next.
 */
import { chunkOriginOf } from './chunk-name.ts'
import type { Manifest } from './manifest.ts'

export interface RetentionState {
  readonly epoch: number
  /** R4. */
  readonly mayDelete: boolean
  /** Deletions in one decision. */
  readonly limit: number
  /** Retained checkpoints, ascending. */
  readonly retained: readonly RetainedCheckpoint[]
  /** How many retained checkpoints name a chunk. */
  readonly references: Readonly<Record<string, number>>
  /** Chunks of this epoch that no retained checkpoint has named so far, by name. */
  readonly own: Readonly<Record<string, 'writing' | 'written'>>
  /** The newest complete checkpoint of this epoch, -1 before the first. */
  readonly complete: number
  /** The last entry of this owner counts. */
  readonly hasEnded: boolean
  /** To be deleted, entries before chunks. */
  readonly entries: readonly number[]
  readonly chunks: readonly string[]
}
export interface RetainedCheckpoint {
  readonly number: number
  readonly chunks: readonly string[]
}

export type RetentionEvent =
  /** Before the first byte of a chunk is written. */
  | { readonly kind: 'writing'; readonly chunk: string }
  /** `writeChunk` has resolved or failed: nothing of it comes later. */
  | { readonly kind: 'written'; readonly chunk: string }
  /** A merge that will not be in any manifest; after `written`. */
  | { readonly kind: 'discarded'; readonly chunk: string }
  /**
   * An entry counts: `kept` is what it needs, `numbers` the whole log when it was looked up, `manifest` that of a checkpoint.
   */
  | {
      readonly kind: 'appended'
      readonly number: number
      readonly kept: readonly number[]
      readonly numbers: readonly number[]
      readonly manifest: Manifest | undefined
    }
  /** `finished` or `release` counts: what of this epoch is not named now never will be. After `appended`. */
  | { readonly kind: 'ended' }
  /** Chunks that exist, in any number of pieces: after a restore, to find what dead attempts left. */
  | { readonly kind: 'listed'; readonly chunks: readonly string[] }
  | { readonly kind: 'continue' }

export interface RetentionDecision {
  readonly state: RetentionState
  /** In this order; then feed `continue` for as long as `isMore`. */
  readonly deleteEntries: readonly number[]
  readonly deleteChunks: readonly string[]
  readonly isMore: boolean
}

export interface RetentionOptions {
  readonly epoch: number
  readonly mayDelete: boolean
  readonly retained: readonly { readonly number: number; readonly manifest: Manifest }[]
  readonly limit?: number
}

/** For an owner that begins an epoch (`Ownership`). */
export function startRetention(options: RetentionOptions): RetentionState {
  const retained = options.retained.map(({ number, manifest }) => ({ number, chunks: manifest.chunks.map((chunk) => chunk.name) }))
  const references: Record<string, number> = {}
  for (const { chunks } of retained) for (const chunk of chunks) references[chunk] = (references[chunk] ?? 0) + 1
  return {
    epoch: options.epoch,
    mayDelete: options.mayDelete,
    limit: options.limit ?? 64,
    retained,
    references,
    own: {},
    complete: -1,
    hasEnded: false,
    entries: [],
    chunks: [],
  }
}

export function decideRetention(state: RetentionState, event: RetentionEvent): RetentionDecision {
  return release(apply(state, event))
}

function apply(state: RetentionState, event: RetentionEvent): RetentionState {
  switch (event.kind) {
    case 'writing':
      return { ...state, own: { ...state.own, [event.chunk]: 'writing' } }
    case 'written':
      return onWritten(state, event.chunk)
    case 'discarded':
      return dropOwn(state, [event.chunk])
    case 'listed':
      return { ...state, chunks: [...state.chunks, ...event.chunks.filter((chunk) => isOrphan(state, chunk))] }
    case 'appended':
      return onAppended(state, event)
    case 'ended':
      return dropOwn(
        { ...state, hasEnded: true },
        Object.keys(state.own).filter((chunk) => state.own[chunk] === 'written'),
      )
    case 'continue':
      return state
  }
}

/** R3: of a lower epoch, and named by nobody. */
function isOrphan(state: RetentionState, chunk: string): boolean {
  const origin = chunkOriginOf(chunk)
  return origin !== undefined && origin.epoch < state.epoch && !Object.hasOwn(state.references, chunk)
}

/** R3: own chunks that no checkpoint will name any more. */
function isSuperseded(state: RetentionState, chunk: string): boolean {
  const origin = chunkOriginOf(chunk)
  return origin?.kind === 'checkpoint' && origin.checkpoint <= state.complete
}

function onWritten(state: RetentionState, chunk: string): RetentionState {
  // Named while its writer had not reported yet, or of a checkpoint that was given up meanwhile.
  if (!Object.hasOwn(state.own, chunk)) return state
  const next: RetentionState = { ...state, own: { ...state.own, [chunk]: 'written' } }
  return state.hasEnded || isSuperseded(next, chunk) ? dropOwn(next, [chunk]) : next
}

function dropOwn(state: RetentionState, chunks: readonly string[]): RetentionState {
  const unnamed = chunks.filter((chunk) => !Object.hasOwn(state.references, chunk))
  const own = Object.fromEntries(Object.entries(state.own).filter(([name]) => !chunks.includes(name)))
  return { ...state, own, chunks: [...state.chunks, ...unnamed] }
}

function onAppended(state: RetentionState, event: RetentionEvent & { readonly kind: 'appended' }): RetentionState {
  const { number, kept, numbers, manifest } = event
  const needed = new Set(kept)
  const gone = state.retained.filter((checkpoint) => !needed.has(checkpoint.number))
  const references = { ...state.references }
  const named = manifest?.chunks.map((chunk) => chunk.name) ?? []
  for (const chunk of named) references[chunk] = (references[chunk] ?? 0) + 1
  const unnamed: string[] = []
  for (const chunk of gone.flatMap((checkpoint) => checkpoint.chunks)) {
    const count = (references[chunk] ?? 0) - 1
    if (count > 0) references[chunk] = count
    else {
      delete references[chunk]
      unnamed.push(chunk)
    }
  }
  const left = state.retained.filter((checkpoint) => needed.has(checkpoint.number))
  const next: RetentionState = {
    ...state,
    references,
    retained: manifest === undefined ? left : [...left, { number, chunks: named }],
    own: Object.fromEntries(Object.entries(state.own).filter(([chunk]) => !Object.hasOwn(references, chunk))),
    complete: manifest?.epoch === state.epoch ? manifest.checkpoint : state.complete,
    entries: numbers.filter((entry) => entry < number && !needed.has(entry)),
    chunks: [...state.chunks, ...unnamed],
  }
  return dropOwn(
    next,
    Object.keys(next.own).filter((chunk) => next.own[chunk] === 'written' && isSuperseded(next, chunk)),
  )
}

/** R4, R6. */
function release(state: RetentionState): RetentionDecision {
  if (!state.mayDelete) return { state: { ...state, entries: [], chunks: [] }, deleteEntries: [], deleteChunks: [], isMore: false }
  const deleteEntries = state.entries.slice(0, state.limit)
  // R5: chunks wait until no entry is left to be deleted.
  const deleteChunks = deleteEntries.length < state.entries.length ? [] : state.chunks.slice(0, state.limit - deleteEntries.length)
  const next: RetentionState = {
    ...state,
    entries: state.entries.slice(deleteEntries.length),
    chunks: state.chunks.slice(deleteChunks.length),
  }
  return { state: next, deleteEntries, deleteChunks, isMore: next.entries.length > 0 || next.chunks.length > 0 }
}
