/**
 * The committers of one attempt, one per sink. EXACTLY-ONCE: they are only ever given what a durable manifest lists.
 *
 * M1  Commits go in ascending order of checkpoints, each checkpoint fully before the next (SK-3).
 * M2  Nothing is begun after `cancel`.
 * M3  An outcome that is neither `committed` nor `already-committed` after the retries stops the job: silent loss is the one
 *     thing that must not happen (rules: KA-8 and SK-5 differ).
 */
import type { Uncommitted, WriterStates } from '../checkpoint/build-manifest.ts'
import type { StoredCommittable } from '../checkpoint/manifest.ts'
import type { CommitOutcome, Committer, Plain } from '../connect/contract.ts'
import { closeAll, CLOSING_FAILED } from '../core/close-all.ts'
import type { Env } from '../core/env.ts'
import { StreamError, messageOf, tame } from '../core/errors.ts'
import type { Plan, SinkNode } from '../plan/nodes.ts'
import type { Underway } from '../task/underway.ts'
import { byConnector, sentence } from '../task/connector-error.ts'

/** As SK-6, but with a pause between the rounds. */
const COMMIT_ROUNDS = 10
const FIRST_PAUSE_MS = 20

export interface CommittersOptions {
  readonly plan: Plan
  readonly env: Env
  readonly log: string
  readonly epoch: number
  readonly keepsCheckpoints: boolean
  /** Whether the restored checkpoint holds the sink of this address. */
  readonly isRestored: (address: string) => boolean
  readonly underway: Underway
}

export class Committers {
  readonly #options: CommittersOptions
  readonly #bySink = new Map<string, Committer<Plain, Plain>>()
  readonly #cancel = new AbortController()

  private constructor(options: CommittersOptions) {
    this.#options = options
  }

  static async open(options: CommittersOptions): Promise<Committers> {
    const committers = new Committers(options)
    try {
      for (const node of options.plan.nodes) if (node.kind === 'sink') await committers.#open(node)
    } catch (error) {
      await committers.close().catch((other: unknown) => options.env.log('warn', CLOSING_FAILED, { cause: messageOf(other) }))
      throw error
    }
    return committers
  }

  async #open(node: SinkNode): Promise<void> {
    const { env, log, epoch, keepsCheckpoints, plan, isRestored, underway } = this.#options
    const { signal } = this.#cancel
    const isNew = !isRestored(node.address)
    const run = { env, job: plan.job, log, epoch, keepsCheckpoints, signal }
    const context = { ...run, sink: node.address, subtask: 0, subtasks: 1, isNew }
    const open = (): Promise<Committer<Plain>> | undefined => node.sink.committer?.(context)
    const committer = await underway.wait(`${node.address} to open its committer`, () => byConnector(node, 'open its committer', open))
    if (committer !== undefined) this.#bySink.set(node.address, committer)
  }

  /** Commits all of a sink's committables that a manifest lists. */
  async commit(sink: string, committables: readonly StoredCommittable[]): Promise<void> {
    if (committables.length === 0) return
    const committer = this.#bySink.get(sink)
    if (committer === undefined)
      throw new StreamError(
        'CONTRACT',
        `${sink} sealed something to be committed but has no committer. A sink whose writers give committables has to define one.`,
      )
    const ordered = [...committables].sort((a, b) => a.checkpoint - b.checkpoint || a.subtask - b.subtask)
    for (let from = 0; from < ordered.length;) {
      const checkpoint = ordered[from]?.checkpoint
      let to = from
      while (to < ordered.length && ordered[to]?.checkpoint === checkpoint) to++
      await this.#commitGroup(sink, committer, ordered.slice(from, to))
      from = to
    }
  }

  /** After a restore and all its commits, before any writer opens. */
  async withdraw(kept: Uncommitted, open: WriterStates): Promise<void> {
    for (const [address, committer] of this.#bySink) {
      const what = 'withdraw what earlier attempts have left'
      const withdraw = (): Promise<void> => committer.withdraw(kept[address] ?? [], open[address] ?? [])
      await this.#options.underway.wait(`${address} to ${what}`, () => byConnector({ kind: 'sink', address }, what, withdraw))
    }
  }

  /** The attempt is over: what is being committed is finished, and nothing is tried again. */
  cancel(): void {
    this.#cancel.abort()
  }

  async close(): Promise<void> {
    this.cancel()
    await closeAll(
      [...this.#bySink].map(
        ([address, committer]) =>
          () =>
            this.#options.underway.wait(`${address} to close its committer`, () =>
              byConnector({ kind: 'sink', address }, 'close its committer', () => committer.close()),
            ),
      ),
    )
  }

  async #commitGroup(sink: string, committer: Committer<Plain, Plain>, group: readonly StoredCommittable[]): Promise<void> {
    let open = group
    let cause: unknown
    for (let round = 0; round <= COMMIT_ROUNDS && open.length > 0; round++) {
      if (round > 0) await this.#pause(FIRST_PAUSE_MS * 2 ** (round - 1))
      if (this.#cancel.signal.aborted) throw stopped(sink)
      const outcomes = await this.#offer(sink, committer, open)
      if (outcomes.length !== open.length)
        throw new StreamError(
          'CONTRACT',
          `The committer of ${sink} gave ${outcomes.length} outcomes for ${open.length} committables. It has to give one for each, in their order.`,
        )
      const failed = outcomes.find((outcome): outcome is Extract<CommitOutcome, { kind: 'failed' }> => outcome.kind === 'failed')
      if (failed !== undefined) throw unproven(sink, failed.cause)
      cause = outcomes.find((outcome): outcome is Extract<CommitOutcome, { kind: 'retry' }> => outcome.kind === 'retry')?.cause
      open = open.filter((_, index) => outcomes[index]?.kind === 'retry')
    }
    if (open.length > 0) throw unavailable(sink, cause)
  }

  /** What is thrown because the signal says so is no failure: nobody knows more or less than before. */
  async #offer(sink: string, committer: Committer<Plain, Plain>, group: readonly StoredCommittable[]): Promise<readonly CommitOutcome[]> {
    try {
      return await this.#options.underway.wait(`${sink} to commit`, () => committer.commit(group))
    } catch (error) {
      if (this.#cancel.signal.aborted) throw stopped(sink)
      if (StreamError.is(error)) throw error
      throw new StreamError('COMMIT_FAILED', `${sink} could not commit its output, and gave no outcome: ${sentence(tame(error))}`, {
        cause: error,
        details: { sink },
      })
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#cancel.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const { signal } = this.#cancel
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#options.env.timers.after(ms, done)
      signal.addEventListener('abort', done)
    })
  }
}

function stopped(sink: string): StreamError {
  return new StreamError('STOPPED', `${sink} was stopped before it had committed everything.`)
}

/** M3: the job ends; only a person can tell what is true. */
function unproven(sink: string, cause: unknown): StreamError {
  return new StreamError('COMMIT_FAILED', `${sink} cannot prove that its output was committed: ${sentence(cause)}`, {
    cause,
    details: { sink },
  })
}

/** Nothing speaks against the commit, but it could not be made: it is offered again by the next attempt, or by the next run (RS-3). */
function unavailable(sink: string, cause: unknown): StreamError {
  const again = StreamError.is(cause) && cause.code === 'SINK' && cause.retry === 'never' ? 'by the next run' : 'after a restart'
  return new StreamError(
    'SINK',
    `${sink} could not commit its output after ${COMMIT_ROUNDS} more tries: ${sentence(cause)} It is tried again ${again}.`,
    {
      cause,
      details: { sink },
    },
  )
}
