import type { Batch, Reader, SourceContext } from '../connect/contract.ts'
import type { FilePosition } from './file-position.ts'
import type { FileSplit } from './file-split.ts'

/** Open files of one reader: a cache, since a split can be closed and opened again at its position. */
export const MAX_OPEN_FILES = 64
/** Files not read yet that are opened before they are asked for. */
const OPENED_AHEAD = 4

/**
 * Reads the files of one subtask. Which file comes next is the engine's wish (`first`, whose watermark is lowest); without one
 * the files come in the order of their names, one after the other.
 */
export class FileReader<T> implements Reader<T, FilePosition> {
  readonly splits: Map<string, FilePosition> = new Map()
  readonly #live: Map<string, FileSplit<T>> = new Map()
  /** The open ones; the one served last is last. */
  readonly #open: Map<string, FileSplit<T>> = new Map()
  /** Never opened; in the order of names, next one last. */
  readonly #fresh: FileSplit<T>[]
  readonly #signal: AbortSignal
  readonly #releases = new Set<Promise<void>>()
  #current: string | undefined
  #wake: (() => void)[] = []
  #isClosed = false

  constructor(context: SourceContext<FilePosition>, splits: readonly FileSplit<T>[]) {
    for (const split of splits) {
      this.splits.set(split.name, split.position)
      this.#live.set(split.name, split)
    }
    this.#fresh = [...splits].reverse()
    this.#signal = context.signal
    context.signal.addEventListener('abort', () => this.#wakeAll(), { once: true })
  }

  poll(first: string | undefined): Batch<T, FilePosition> | 'wait' | 'end' {
    if (this.#live.size === 0) return 'end'
    const wanted = this.#wanted(first)
    if (wanted !== undefined) this.#opened(wanted)
    this.#openAhead(first === undefined ? 1 : OPENED_AHEAD)
    const split = wanted?.isReady === true ? wanted : this.#anyReady()
    if (split === undefined) return 'wait'
    return this.#serve(split)
  }

  ready(): Promise<void> {
    if (this.#isClosed || this.#signal.aborted || this.#live.size === 0 || this.#anyReady() !== undefined) return Promise.resolve()
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wakeAll()
    for (const split of this.#open.values()) this.#release(split)
    this.#open.clear()
    await Promise.all(this.#releases)
  }

  #serve(split: FileSplit<T>): Batch<T, FilePosition> {
    const batch = split.take()
    this.#current = split.name
    if (batch.splitEnded === true) {
      this.#live.delete(split.name)
      this.splits.delete(split.name)
      this.#open.delete(split.name)
      this.#release(split)
      return batch
    }
    // Served last: the last to be closed.
    this.#open.delete(split.name)
    this.#open.set(split.name, split)
    this.#fill(split)
    return batch
  }

  /** The split that should be served: the engine's, or the one before, or the next by name. */
  #wanted(first: string | undefined): FileSplit<T> | undefined {
    for (const name of [first, this.#current]) {
      const split = name === undefined ? undefined : this.#live.get(name)
      if (split !== undefined) return split
    }
    return this.#live.values().next().value
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
      if (!this.#live.has(split.name) || this.#open.has(split.name) || split.position.offset > 0) continue
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

  /** One that is being read would have to be waited for: it is passed over, so a few more may be open for a moment. */
  #closeOldest(): void {
    for (const split of this.#open.values()) {
      if (split.isReading) continue
      this.#open.delete(split.name)
      this.#release(split)
      return
    }
  }

  #fill(split: FileSplit<T>): void {
    if (this.#isClosed) return
    split.fill(() => {
      if (this.#open.get(split.name) === split) this.#fill(split)
      this.#wakeAll()
    })
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
