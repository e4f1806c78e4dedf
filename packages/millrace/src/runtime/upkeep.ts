/**
 * Work behind the checkpoints of one epoch: deletes what may go (checkpoint/retention.ts decides) and merges runs
 * (checkpoint/compaction.ts decides). One thing at a time, in the background, in slices; a failure of either never hurts the
 * job: files stay, or runs stay as they are.
 */
import { chunkName } from '../checkpoint/chunk-name.ts'
import { applyMerge, COMPACTION_LIMITS, planMerge, type CompactionLimits, type Merge, type MergeTask } from '../checkpoint/compaction.ts'
import type { Ownership } from '../checkpoint/log-types.ts'
import type { ChunkRef, Manifest, Run } from '../checkpoint/manifest.ts'
import { decideRetention, startRetention, type RetentionEvent, type RetentionState } from '../checkpoint/retention.ts'
import type { OpenStorage } from '../connect/contract.ts'
import type { Budget, Env } from '../core/env.ts'
import { messageOf } from '../core/errors.ts'
import { mergeBlocks } from '../state/merge.ts'
import { buildChunk, type ChunkPart, type ReadBlock } from '../state/chunk.ts'
import type { ChunkReader } from './chunk-reader.ts'
import type { Appended } from './log-actor.ts'

export interface UpkeepOptions {
  readonly ownership: Ownership
  readonly storage: OpenStorage
  readonly env: Env
  readonly chunks: ChunkReader
  readonly limits?: CompactionLimits | undefined
  /** Of whoever knows what becomes of chunks that are still on their way when this epoch is over. */
  readonly write: (chunk: string, bytes: readonly Uint8Array[]) => Promise<void>
}

const LISTED_AT_ONCE = 256

export class Upkeep {
  readonly #options: UpkeepOptions
  #retention: RetentionState
  #deleting: Promise<void> = Promise.resolve()
  #merging: Promise<void> | undefined
  /** Merges that are done and wait for a manifest. */
  #waiting: readonly Merge[] = []
  /** What was merged last. */
  #turn: Range | undefined
  #newest: Newest | undefined
  #hasLooked = false
  #isResting = false
  #isOver = false

  constructor(options: UpkeepOptions) {
    this.#options = options
    this.#retention = startRetention(options.ownership)
  }

  /**
   * All that is needed has been read: what dead attempts left may go. Not before: a start that is refused, or finds damage, says
   * that it has changed nothing.
   */
  restored(): void {
    if (this.#hasLooked) return
    this.#hasLooked = true
    this.#deleting = this.#deleting.then(() => this.#findOrphans())
  }

  writing(chunk: string): void {
    this.#decide({ kind: 'writing', chunk })
  }

  written(chunk: string): void {
    this.#decide({ kind: 'written', chunk })
  }

  /** A chunk of an earlier epoch of this process, written only now: the search may have been over by then. */
  outlived(chunk: string): void {
    if (this.#hasLooked) this.#decide({ kind: 'listed', chunks: [chunk] })
  }

  discard(merge: Merge): void {
    this.#waiting = this.#waiting.filter((each) => each !== merge)
    this.#decide({ kind: 'discarded', chunk: merge.chunk.name })
  }

  appended({ number, entry, numbers }: Appended, manifest: Manifest | undefined): void {
    this.#decide({ kind: 'appended', number, kept: entry.kept, numbers, manifest })
  }

  /** The last entry of this owner counts. */
  ended(): void {
    this.#decide({ kind: 'ended' })
  }

  /** Begins with the merges that the newest manifest calls for: one at a time, each range once. */
  compact(manifest: Manifest, merged: (merge: Merge) => void): void {
    this.#newest = { manifest, merged, ranges: rangesOf(manifest) }
    this.#waiting = this.#waiting.filter((merge) => isOpen(merge, manifest))
    this.#mergeNext(this.#newest)
  }

  #mergeNext(newest: Newest): void {
    if (this.#merging !== undefined || this.#isResting || this.#isOver) return
    const { manifest, merged } = newest
    const task = this.#nextTask(newest)
    if (task === undefined) return
    this.#turn = task
    this.#merging = this.#merge(task, manifest)
      .then((merge) => {
        if (merge === undefined || this.#isOver) return
        this.#waiting = [...this.#waiting, merge]
        merged(merge)
      })
      .catch((error: unknown) =>
        this.#options.env.log('warn', 'merging state failed', { operator: task.operator, cause: messageOf(error) }),
      )
      .finally(() => {
        this.#merging = undefined
        if (this.#newest !== undefined) this.#mergeNext(this.#newest)
      })
  }

  /**
   * The ranges take turns: one whose state is small and all new with every checkpoint always needs a merge, and would keep the others
   * from theirs for ever.
   */
  #nextTask(newest: Newest): MergeTask | undefined {
    const next = 1 + newest.ranges.findIndex(({ operator, first }) => operator === this.#turn?.operator && first === this.#turn.first)
    const inTurn = [...newest.ranges.slice(next), ...newest.ranges.slice(0, next)]
    for (const range of inTurn) {
      newest.ranges = newest.ranges.filter((each) => each !== range)
      // Its inputs are still there: planned again, it would be made twice, and read what the first time has made superfluous.
      if (this.#waiting.some((merge) => merge.operator === range.operator && merge.first <= range.last && merge.last >= range.first))
        continue
      const task = planMerge(range.operator, range.runs, range, this.#options.limits ?? COMPACTION_LIMITS)
      if (task !== undefined) return task
    }
    return undefined
  }

  /** No more merges: the job is being stopped, and its last checkpoint shall not wait for them. Another run makes them. */
  rest(): void {
    this.#isResting = true
  }

  async settle(): Promise<void> {
    this.#isOver = true
    await this.#merging
    // What the search finds is deleted after it.
    for (let known: Promise<void> | undefined; known !== this.#deleting; await known) known = this.#deleting
  }

  #decide(event: RetentionEvent): void {
    let decision = decideRetention(this.#retention, event)
    for (;;) {
      this.#retention = decision.state
      const { deleteEntries, deleteChunks } = decision
      if (deleteEntries.length + deleteChunks.length > 0)
        this.#deleting = this.#deleting.then(() => this.#delete(deleteEntries, deleteChunks))
      if (!decision.isMore) return
      decision = decideRetention(this.#retention, { kind: 'continue' })
    }
  }

  async #delete(entries: readonly number[], chunks: readonly string[]): Promise<void> {
    const { storage, env, chunks: reader } = this.#options
    try {
      for (const entry of entries) {
        env.crashPoint('upkeep.deleteEntry')
        await storage.deleteEntry(entry)
        env.crashPoint('upkeep.entryDeleted')
      }
      for (const chunk of chunks) {
        reader.forget(chunk)
        env.crashPoint('upkeep.deleteChunk')
        await storage.deleteChunk(chunk)
        env.crashPoint('upkeep.chunkDeleted')
      }
    } catch (error) {
      // Fail-closed (D6): what is left is found again by the next owner.
      env.log('warn', 'deleting old checkpoint files failed', { cause: messageOf(error) })
    }
  }

  async #findOrphans(): Promise<void> {
    const { storage, env } = this.#options
    try {
      let names: string[] = []
      for await (const name of storage.listChunks()) {
        if (names.push(name) < LISTED_AT_ONCE) continue
        this.#decide({ kind: 'listed', chunks: names })
        names = []
      }
      this.#decide({ kind: 'listed', chunks: names })
    } catch (error) {
      env.log('warn', 'listing old checkpoint files failed', { cause: messageOf(error) })
    }
  }

  async #merge(task: MergeTask, manifest: Manifest): Promise<Merge | undefined> {
    const { env, ownership, chunks, write } = this.#options
    const parts = await this.#mergedParts(task, manifest)
    if (this.#isResting || this.#isOver) return undefined
    const inputs = task.inputs.map((run) => run.chunk)
    const { operator, first, last, level } = task
    const name = chunkName({
      epoch: ownership.epoch,
      kind: 'merged',
      checkpoint: manifest.checkpoint,
      task: operator,
      subtask: first,
      random: env.random.id(),
    })
    const built = buildChunk({ name, epoch: ownership.epoch, checkpoint: manifest.checkpoint, parts }, env.digest)
    if (this.#isOver) return undefined
    env.crashPoint('upkeep.mergeChunk')
    await write(name, built.bytes)
    env.crashPoint('upkeep.chunkMerged')
    chunks.add(name, built.index)
    const run: Run | undefined =
      parts.length === 0
        ? undefined
        : {
            chunk: name,
            first,
            last,
            level,
            bytes: parts.reduce((sum, part) => sum + part.bytes.length, 0),
            entries: parts.reduce((sum, part) => sum + part.entries, 0),
          }
    return { operator, first, last, inputs, run, chunk: { name, sizeBytes: built.sizeBytes, sha256: built.sha256 } }
  }

  /** Group by group, so that only one group's blocks are decoded at a time. */
  async #mergedParts({ operator, inputs, level, first, last }: MergeTask, manifest: Manifest): Promise<ChunkPart[]> {
    const { env, chunks } = this.#options
    const refs = new Map(manifest.chunks.map((chunk) => [chunk.name, chunk]))
    const byGroup = new Map<number, { readonly block: ReadBlock; readonly ignored: readonly string[] }[]>()
    for (const run of inputs) {
      const blocks = await chunks.unverified(
        operator,
        { first: Math.max(first, run.first), last: Math.min(last, run.last) },
        refs.get(run.chunk) as ChunkRef,
      )
      const ignored = run.ignored ?? []
      for (const block of blocks) {
        const own = byGroup.get(block.group)
        if (own === undefined) byGroup.set(block.group, [{ block, ignored }])
        else own.push({ block, ignored })
      }
    }
    const parts: ChunkPart[] = []
    // What has fallen far behind gets as much time as the tasks: else runs would grow without bound.
    const slice = isBehind(inputs) ? 'turn' : 'slice'
    let budget = env.budget(slice)
    for (const group of [...byGroup.keys()].sort((a, b) => a - b)) {
      const blocks = byGroup.get(group) ?? []
      const merged = mergeBlocks(
        blocks.map(({ block }) => block.verified()),
        { base: level === 'base', ignored: blocks.map(({ ignored }) => ignored) },
      )
      if (merged.entries > 0) parts.push({ operator, ...merged, crc32: env.digest.crc32(merged.bytes) })
      if (!budget.hasLeft()) budget = await this.#pause(slice)
      if (this.#isResting || this.#isOver) return []
    }
    return parts
  }

  #pause(slice: 'turn' | 'slice'): Promise<Budget> {
    const { env } = this.#options
    return new Promise((resolve) => env.timers.soon(() => resolve(env.budget(slice))))
  }
}

/** It has not reached this manifest, and may reach the next. */
function isOpen(merge: Merge, manifest: Manifest): boolean {
  const part = manifest.operators[merge.operator]
  return part?.kind === 'keyed' && applyMerge(part.runs, merge) !== undefined
}

interface Range {
  readonly operator: string
  readonly first: number
}
interface Newest {
  readonly manifest: Manifest
  readonly merged: (merge: Merge) => void
  /** Those that have not been looked at. */
  ranges: readonly MergeRange[]
}
interface MergeRange extends Range {
  readonly last: number
  readonly runs: readonly Run[]
}

/** Of all keyed operators and all ranges of their subtasks. */
function rangesOf(manifest: Manifest): readonly MergeRange[] {
  return Object.entries(manifest.operators).flatMap(([operator, part]) =>
    part.kind === 'keyed' ? part.watermarks.map(({ first, last }) => ({ operator, runs: part.runs, first, last })) : [],
  )
}

/** The deltas are twice what the base is: by the rule they were to be merged when they were less than it. */
function isBehind(inputs: readonly Run[]): boolean {
  const bytesOf = (isBase: boolean): number => inputs.reduce((sum, run) => ((run.level === 'base') === isBase ? sum + run.bytes : sum), 0)
  return inputs[0]?.level === 'base' && bytesOf(false) > 2 * bytesOf(true)
}
