import type { Plain, Writer } from '../connect/contract.ts'
import type { TaskOptions } from './task-spec.ts'

type AnyWriter = Writer<unknown, Plain, Plain>

/** Which sink writers of a task have no room, and what they wait for: time, or a commit (T6). By number of their node. */
export class FullWriters {
  readonly #options: Pick<TaskOptions, 'spec' | 'underway' | 'host'>
  readonly #failed: (error: unknown) => void
  readonly #full = new Set<number>()
  readonly #uncommitted = new Set<number>()

  constructor(options: Pick<TaskOptions, 'spec' | 'underway' | 'host'>, failed: (error: unknown) => void) {
    this.#options = options
    this.#failed = failed
  }

  get areFull(): boolean {
    return this.#full.size > 0
  }

  get awaitCommit(): boolean {
    return this.#uncommitted.size > 0
  }

  add(node: number, writer: AnyWriter | undefined): void {
    const isForCommit = writer?.awaitsCommit === true
    const full = isForCommit ? this.#uncommitted : this.#full
    if (full.has(node)) return
    full.add(node)
    if (writer !== undefined) this.#whenReady(full, node, writer)
    if (isForCommit) this.#options.host.checkpointWanted?.()
  }

  #whenReady(full: Set<number>, node: number, writer: AnyWriter): void {
    const { spec, underway, host } = this.#options
    underway
      .wait(`${spec.plan.nodes[node]?.address} to have room`, () => writer.ready())
      .then(() => {
        full.delete(node)
        host.wake()
      }, this.#failed)
  }

  /** A checkpoint that was under way when a writer became full has not taken all that it holds. */
  askForCheckpoint(writers: ReadonlyMap<number, AnyWriter> | undefined): void {
    for (const node of this.#uncommitted) if (writers?.get(node)?.awaitsCommit === true) return this.#options.host.checkpointWanted?.()
  }
}
