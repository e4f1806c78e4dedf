import type { Committable, CommitOutcome, Committer, SinkContext } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { ignore, makeDurableDirectory, readFile, removeFile, systemCodeOf } from './durable.ts'
import { epochOf, hiddenFolderOf, isFinalName, OTHER_PATH, sinkError, type OpenPart, type Part } from './file-sink-names.ts'
import { joinPath } from './path.ts'

/** What to do; the sentences that end an error's message. */
const START_AGAIN = 'start again with an empty folder and new checkpoints'
const GO_ON = `Go on with the checkpoints that wrote it, or ${START_AGAIN}.`
const PUT_BACK = `Put it back as it was, or ${START_AGAIN}.`

/**
 * Gives sealed parts their final names.
 *
 * ```
 * hidden   final              what it means                      outcome
 * there    missing            not committed yet                  link, sync the directory, unlink hidden → committed
 * there    the same file      died between link and unlink       sync the directory, unlink hidden → already-committed
 * missing  same size + crc32  committed before                   already-committed
 * there    another file       somebody else has that name        failed
 * missing  missing, other     cannot be proven                   failed
 * ```
 *
 * C1  EXACTLY-ONCE: the hidden name goes only after the final one is durable.
 * C2  A final name is never overwritten (`link`, not `rename`).
 * C3  EXACTLY-ONCE: what is withdrawn was staged under the same log of checkpoints, by an older epoch of it: epochs of two logs cannot
 *     be compared, and what another log has staged may be in a checkpoint of it.
 * C4  While no checkpoint of the log holds the sink, its directory has no parts. This is looked at in every epoch, so that a start
 *     that was refused is refused again.
 */
export class PartCommitter implements Committer<Part, OpenPart> {
  readonly #context: SinkContext
  readonly #directory: string
  readonly #folder: string

  static async open(context: SinkContext, directory: string): Promise<PartCommitter> {
    try {
      await makeDurableDirectory(context.env, directory)
    } catch (cause) {
      throw sinkError(context, directory, cause)
    }
    return new PartCommitter(context, directory)
  }

  private constructor(context: SinkContext, directory: string) {
    this.#context = context
    this.#directory = directory
    this.#folder = hiddenFolderOf(directory, context)
  }

  /** Links all, syncs the directory once for all, then removes the hidden names. */
  async commit(committables: readonly Committable<Part>[]): Promise<readonly CommitOutcome[]> {
    const outcomes: CommitOutcome[] = []
    for (const { data } of committables) outcomes.push(await this.#link(data))
    if (!outcomes.some(isDone)) return outcomes
    try {
      await this.#context.env.files.syncDirectory(this.#directory)
    } catch (cause) {
      const failed = { kind: 'failed', cause: sinkError(this.#context, this.#directory, cause) } as const
      return outcomes.map((outcome) => (isDone(outcome) ? failed : outcome))
    }
    this.#context.env.crashPoint('files.commit.afterDirectorySync')
    for (const [index, { data }] of committables.entries()) {
      if (isDone(outcomes[index] as CommitOutcome)) await this.#unlink(data)
    }
    return outcomes
  }

  /** C3, C4. Removes what writers of older epochs left that no checkpoint names. */
  async withdraw(kept: readonly Committable<Part>[], open: readonly OpenPart[]): Promise<void> {
    const { env, log, epoch, isNew } = this.#context
    if (isNew) await this.#refuseOlderOutput()
    const isKept = new Set([...kept.map(({ data }) => data), ...open].map(({ hidden }) => hidden))
    for (const { name } of await this.#namesOfFolder()) {
      const partEpoch = epochOf(name, log)
      if (partEpoch === undefined || partEpoch >= epoch || isKept.has(name)) continue
      env.crashPoint('files.withdraw.beforeUnlink')
      env.log('debug', 'files.withdraw', { file: joinPath(this.#folder, name) })
      await this.#failing(joinPath(this.#folder, name), () => removeFile(env.files, joinPath(this.#folder, name)))
      env.crashPoint('files.withdraw.afterUnlink')
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #link(part: Part): Promise<CommitOutcome> {
    const { files, crashPoint } = this.#context.env
    const hidden = joinPath(this.#folder, part.hidden)
    const final = joinPath(this.#directory, part.final)
    try {
      const before = await files.info(hidden)
      if (before === undefined) return await this.#proveCommitted(part, final)
      if (before.sizeBytes !== part.size)
        return this.#failed(`${hidden} has ${before.sizeBytes} bytes instead of ${part.size}: it has been changed. ${PUT_BACK}`, final)
      crashPoint('files.commit.beforeLink')
      const isNew = await files.link(hidden, final)
      crashPoint('files.commit.afterLink')
      if (isNew) return { kind: 'committed' }
      if ((await files.info(final))?.identity === before.identity) return { kind: 'already-committed' }
      return this.#failed(`${final} exists and is another file: the folder holds the output of another run. ${GO_ON}`, final)
    } catch (cause) {
      // Nothing is lost: the part is durable under its hidden name.
      return { kind: 'retry', cause: sinkError(this.#context, final, cause) }
    }
  }

  /** The hidden file is gone: only a commit removes it, so the final one must be the part, byte for byte. */
  async #proveCommitted(part: Part, final: string): Promise<CommitOutcome> {
    const { files, digest } = this.#context.env
    const info = await files.info(final)
    if (info === undefined)
      return this.#failed(
        `neither ${final} nor its hidden file ${joinPath(this.#folder, part.hidden)} exists: its records may be lost. ${PUT_BACK} ${OTHER_PATH}`,
        final,
      )
    const bytes = info.sizeBytes === part.size ? await readFile(files, final) : undefined
    if (bytes !== undefined && digest.crc32(bytes) === part.crc32) return { kind: 'already-committed' }
    return this.#failed(`${final} is not what was written: it has been changed or replaced. ${PUT_BACK}`, final)
  }

  /** What is there belongs to another run, or to a time before the sink was dropped: the rows of both would lie side by side. */
  async #refuseOlderOutput(): Promise<void> {
    const names = await this.#failing(this.#directory, () => this.#context.env.files.list(this.#directory))
    const older = names.find(({ name }) => isFinalName(name))
    if (older === undefined) return
    const { sink } = this.#context
    const file = joinPath(this.#directory, older.name)
    throw new StreamError(
      'OUTPUT_EXISTS',
      `${sink} starts from nothing, but ${file} is the output of another run. Go on with the checkpoints that wrote it, or give the sink an empty folder.`,
      {
        details: { file, sink },
      },
    )
  }

  #failed(what: string, file: string): CommitOutcome {
    const { sink } = this.#context
    return {
      kind: 'failed',
      cause: new StreamError('COMMIT_FAILED', what, { details: { file, sink } }),
    }
  }

  /** A hidden name that stays is removed when its commit is offered again, or withdrawn by a later epoch. */
  async #unlink(part: Part): Promise<void> {
    const { files, crashPoint } = this.#context.env
    await files.unlink(joinPath(this.#folder, part.hidden)).catch(ignore)
    crashPoint('files.commit.afterUnlink')
    if (part.copyOf === null) return
    await files.unlink(joinPath(this.#folder, part.copyOf)).catch(ignore)
    crashPoint('files.commit.afterUnlinkOfCopied')
  }

  async #namesOfFolder(): Promise<readonly { readonly name: string }[]> {
    return this.#failing(this.#folder, async () => {
      try {
        return await this.#context.env.files.list(this.#folder)
      } catch (error) {
        if (systemCodeOf(error) === 'ENOENT') return []
        throw error
      }
    })
  }

  async #failing<T>(path: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (cause) {
      throw sinkError(this.#context, path, cause)
    }
  }
}

function isDone(outcome: CommitOutcome): boolean {
  return outcome.kind === 'committed' || outcome.kind === 'already-committed'
}
