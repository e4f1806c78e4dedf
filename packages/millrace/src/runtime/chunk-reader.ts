/** Reads state from chunks: indexes are kept, blocks are not. */
import type { KeyedRestore } from '../checkpoint/restore-plan.ts'
import type { ChunkRef, Run } from '../checkpoint/manifest.ts'
import type { OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { readChunkIndex, readUnverified, type ChunkIndex, type ReadBlock } from '../state/chunk.ts'
import type { StateBlock } from '../state/contract.ts'
import type { RestoredRun } from '../task/task-spec.ts'

type Groups = Pick<Run, 'first' | 'last'>

export class ChunkReader {
  readonly #storage: OpenStorage
  readonly #env: Env
  readonly #indexes = new Map<string, ChunkIndex>()

  constructor(storage: OpenStorage, env: Env) {
    this.#storage = storage
    this.#env = env
  }

  /** Of a chunk that was just written. */
  add(name: string, index: ChunkIndex): void {
    this.#indexes.set(name, index)
  }

  forget(name: string): void {
    this.#indexes.delete(name)
  }

  /** All blocks that a subtask gets back. @throws {CHECKPOINT_CORRUPT} naming the file */
  async read(operator: string, { runs }: KeyedRestore): Promise<readonly RestoredRun[]> {
    const found: RestoredRun[] = []
    for (const run of runs) {
      this.#env.crashPoint('restore.run')
      const blocks = await this.blocks(operator, run, run.ref)
      this.#env.crashPoint('restore.runRead')
      found.push({ blocks: blocks.map(({ bytes }) => bytes), ignored: run.ignored ?? [] })
    }
    return found
  }

  /** The blocks of an operator in one chunk, for the groups of the run, ascending. */
  async blocks(operator: string, run: Groups, ref: ChunkRef): Promise<readonly StateBlock[]> {
    const blocks = await this.unverified(operator, run, ref)
    return blocks.map(({ group, entries, verified }) => ({ group, entries, bytes: verified() }))
  }

  async unverified(operator: string, { first, last }: Groups, ref: ChunkRef): Promise<readonly ReadBlock[]> {
    const index = await this.#index(ref)
    return readUnverified(index, { operator, first, last }, (start, end) => this.#range(ref, start, end), this.#env.digest)
  }

  async #index(ref: ChunkRef): Promise<ChunkIndex> {
    const known = this.#indexes.get(ref.name)
    if (known !== undefined) return known
    const index = await readChunkIndex(
      { ...ref, file: this.#storage.nameOf({ chunk: ref.name }) },
      (start, end) => this.#upTo(ref, start, end),
      this.#env.digest,
    )
    this.#indexes.set(ref.name, index)
    return index
  }

  /** Asked for bytes beyond the length that was written, to find out whether there are any: a storage refuses where there are none. */
  async #upTo(ref: ChunkRef, start: number, end: number): Promise<Uint8Array> {
    if (end <= ref.sizeBytes) return this.#range(ref, start, end)
    try {
      return await this.#range(ref, start, end)
    } catch (error) {
      if (!StreamError.is(error) || error.code !== 'CHECKPOINT_CORRUPT') throw error
      return this.#range(ref, start, ref.sizeBytes)
    }
  }

  #range(ref: ChunkRef, start: number, end: number): Promise<Uint8Array> {
    return this.#storage.readChunk(ref.name, { start, end })
  }
}
