import type { Batch, Reader, SourceContext, SourceProgress } from '../connect/contract.ts'
import type { FoundFile } from './file-discovery.ts'
import { changed, type FilePosition } from './file-position.ts'
import type { FileSplit } from './file-split.ts'

/** Open files of one reader: a cache, since a split can be closed and opened again at its position. */
export const MAX_OPEN_FILES = 64
/** Files not read yet that are opened before they are asked for. */
const OPENED_AHEAD = 4

/**
 * Reads the files of one subtask. Which file comes next is the engine's wish (`first`, whose watermark is lowest); without one
 * the files come in the order of their names, one after the other.
 *
 * Where files are followed, one that has been read as far as it goes is set aside until `update` says that it has grown.
 */
export class FileReader<T> implements Reader<T, FilePosition> {
  readonly splits: Map<string, FilePosition> = new Map()
  readonly #live: Map<string, FileSplit<T>> = new Map()
  /** Those with more to read, as far as is known; all of them unless they are followed. */
  readonly #unread: Map<string, FileSplit<T>> = new Map()
  /** The open ones; the one served last is last. */
  readonly #open: Map<string, FileSplit<T>> = new Map()
  /** Never opened; in the order of names, next one last. */
  #fresh: FileSplit<T>[] = []
  readonly #ended: Set<string>
  readonly #context: SourceContext<FilePosition>
  readonly #isFollowing: boolean
  readonly #releases = new Set<Promise<void>>()
  readonly #totalBytes: number | undefined
  #doneBytes: number
  #current: string | undefined
  /** Asked for at the last poll, and not read yet. */
  #awaited: FileSplit<T> | undefined
  #wake: (() => void)[] = []
  #failure: unknown
  #look: { close(): Promise<void> } | undefined
  #isClosed = false

  /** `totalBytes`: of all files of this reader, those that have been read among them; undefined where nobody knows. */
  constructor(
    context: SourceContext<FilePosition>,
    splits: readonly FileSplit<T>[],
    { isFollowing, totalBytes }: { readonly isFollowing: boolean; readonly totalBytes: number | undefined },
  ) {
    this.#context = context
    this.#isFollowing = isFollowing
    this.#ended = new Set(context.ended.keys())
    this.#totalBytes = totalBytes
    this.#doneBytes = (totalBytes ?? 0) - splits.reduce((sum, { leftBytes }) => sum + leftBytes, 0)
    this.#add(splits)
    context.signal.addEventListener('abort', () => this.#wakeAll(), { once: true })
  }

  /** What there is now of its files; `open` makes the split of a new one. Names may not come again. */
  update(files: readonly FoundFile[], open: (file: FoundFile) => FileSplit<T>): void {
    if (this.#isClosed) return
    const sizes = new Map(files.map((file) => [file.split, file.sizeBytes]))
    for (const split of this.#live.values()) {
      split.update(sizes.get(split.name))
      if (split.hasMore && !this.#unread.has(split.name)) this.#readAgain(split)
    }
    const fresh = files.filter(({ split }) => !this.#live.has(split))
    for (const { split } of fresh)
      if (this.#ended.has(split))
        throw changed(
          this.#context,
          split,
          'it was read to its end before, and a file of its name is there',
          'Take it away, or give it another name.',
        )
    this.#add(fresh.map(open))
    if (fresh.length > 0) this.#wakeAll()
  }

  /** Its work ends with the reader. */
  lookWith(look: { close(): Promise<void> }): void {
    this.#look = look
  }

  /** The next poll throws this. */
  fail(error: unknown): void {
    this.#failure ??= error
    this.#wakeAll()
  }

  poll(first: string | undefined): Batch<T, FilePosition> | 'wait' | 'end' {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#unread.size === 0) return this.#isFollowing ? 'wait' : 'end'
    const wanted = this.#wanted(first)
    if (wanted !== undefined) this.#opened(wanted)
    this.#openAhead(first === undefined ? 1 : OPENED_AHEAD)
    // ORDER: the engine's wish is waited for while it is read. Served instead, the others would get ever farther ahead of it.
    this.#awaited = wanted?.name === first ? wanted : undefined
    const split = wanted?.isReady === true ? wanted : this.#awaited === undefined ? this.#anyReady() : undefined
    if (split === undefined) return 'wait'
    return this.#serve(split)
  }

  progress(): SourceProgress | undefined {
    return this.#totalBytes === undefined ? undefined : { done: this.#doneBytes, total: this.#totalBytes }
  }

  ready(): Promise<void> {
    const isOver =
      this.#isClosed || this.#context.signal.aborted || this.#failure !== undefined || (this.#live.size === 0 && !this.#isFollowing)
    const isReady = this.#awaited === undefined ? this.#anyReady() !== undefined : this.#awaited.isReady
    if (isOver || isReady) return Promise.resolve()
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wakeAll()
    await this.#look?.close()
    for (const split of this.#open.values()) this.#release(split)
    this.#open.clear()
    await Promise.all(this.#releases)
  }

  #add(splits: readonly FileSplit<T>[]): void {
    for (const split of splits) {
      this.splits.set(split.name, split.position)
      this.#live.set(split.name, split)
      if (split.hasMore) this.#unread.set(split.name, split)
    }
    // New ones come after those that have been waiting for longer.
    this.#fresh = [...splits.toReversed(), ...this.#fresh]
  }

  #readAgain(split: FileSplit<T>): void {
    this.#unread.set(split.name, split)
    // What only has to say that it has ended needs no file.
    if (split.isReady) this.#open.set(split.name, split)
    this.#wakeAll()
  }

  #serve(split: FileSplit<T>): Batch<T, FilePosition> {
    const before = split.leftBytes
    const batch = split.take()
    this.#doneBytes += before - (batch.splitEnded === true ? 0 : split.leftBytes)
    this.#current = split.name
    if (batch.splitEnded === true) {
      this.#ended.add(split.name)
      this.#live.delete(split.name)
      this.#unread.delete(split.name)
      this.splits.delete(split.name)
      this.#open.delete(split.name)
      this.#release(split)
      return batch
    }
    // Served last: the last to be closed.
    this.#open.delete(split.name)
    this.#open.set(split.name, split)
    this.#goOn(split)
    return batch
  }

  /** The split that should be served: the engine's, or the one before, or the next by name. */
  #wanted(first: string | undefined): FileSplit<T> | undefined {
    for (const name of [first, this.#current]) {
      const split = name === undefined ? undefined : this.#unread.get(name)
      if (split !== undefined) return split
    }
    return this.#unread.values().next().value
  }

  #anyReady(): FileSplit<T> | undefined {
    for (const split of this.#open.values()) if (split.isReady) return split
    return undefined
  }

  #openAhead(count: number): void {
    let ahead = 0
    for (const split of this.#open.values()) if (split.position.offset === 0) ahead++
    while (ahead < count && this.#open.size < MAX_OPEN_FILES) {
      const split = this.#fresh.pop()
      if (split === undefined) return
      if (!this.#unread.has(split.name) || this.#open.has(split.name) || split.position.offset > 0) continue
      this.#opened(split)
      ahead++
    }
  }

  #opened(split: FileSplit<T>): void {
    if (!this.#open.has(split.name)) {
      if (this.#open.size >= MAX_OPEN_FILES) this.#closeOldest()
      this.#open.set(split.name, split)
    }
    this.#fill(split)
  }

  /**
   * One that is being read would have to be waited for: it is passed over, so a few more may be open for a moment. One that is
   * compressed would have to be read from its start: it stays open until its end.
   */
  #closeOldest(): void {
    for (const split of this.#open.values()) {
      if (split.isReading || split.staysOpen) continue
      this.#open.delete(split.name)
      this.#release(split)
      return
    }
  }

  #fill(split: FileSplit<T>): void {
    if (this.#isClosed) return
    split.fill(() => {
      if (this.#open.get(split.name) === split) this.#goOn(split)
      this.#wakeAll()
    })
  }

  /** Reads on, or sets it aside. It may have grown since the end was seen: then it is opened again when its turn comes. */
  #goOn(split: FileSplit<T>): void {
    if (!split.hasCaughtUp) return this.#fill(split)
    this.#open.delete(split.name)
    if (!split.hasMore) this.#unread.delete(split.name)
    this.#release(split)
  }

  #release(split: FileSplit<T>): void {
    const release = split.release().finally(() => this.#releases.delete(release))
    this.#releases.add(release)
  }

  #wakeAll(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}
