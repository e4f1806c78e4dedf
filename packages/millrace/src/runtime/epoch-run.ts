/**
 * One epoch of a job: performs what the checkpoint coordinator decides, from the commit of what was restored to the end of the
 * attempt. Everything an attempt says carries the epoch by construction: an epoch has one attempt, and both end together.
 */
import { decideCheckpoint, startCoordinator } from '../checkpoint/coordinator.ts'
import type {
  CoordinatorAction,
  CoordinatorDecision,
  CoordinatorEvent,
  CoordinatorOptions,
  CoordinatorState,
} from '../checkpoint/coordinator-types.ts'
import type { Manifest, TaskReport } from '../checkpoint/manifest.ts'
import { CLOSING_FAILED, CLOSING_LASTS } from '../core/close-all.ts'
import type { Env } from '../core/env.ts'
import { StreamError, fromWire, messageOf, tame, toWire } from '../core/errors.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import type { BarrierReason, TaskSnapshot } from '../task/messages.ts'
import type { Underway } from '../task/underway.ts'
import type { Attempt, AttemptEvents } from './attempt.ts'
import type { Progress } from './progress.ts'
import type { Committers } from './committers.ts'
import type { CheckpointInfo, JobObserver } from './monitor.ts'
import type { CheckpointStore } from './checkpoint-store.ts'
import { HURRIED_CLOSE_MS, type Patience } from './patience.ts'

/** What has ended well waits so long for those that cannot be closed; the process ends anyway. */
const CLOSE_MS = 10_000
/** A failed attempt waits longer: the next one opens the same again. As Flink's task.cancellation.timeout. */
const CANCEL_MS = 180_000

export type EpochOutcome = 'finished' | 'stopped'

type EventBody = CoordinatorEvent extends infer E ? (E extends CoordinatorEvent ? Omit<E, 'nowMs' | 'epoch'> : never) : never

export interface EpochRunOptions {
  readonly coordinator: CoordinatorOptions
  readonly env: Env
  readonly patience: Patience
  readonly underway: Underway
  readonly store: CheckpointStore
  readonly committers: Committers
  readonly createAttempt: (events: AttemptEvents) => Attempt
  /** Undefined: checkpoints are taken only at the end, on stop, and when a sink is full until a commit. */
  readonly everyMs: number | undefined
  readonly timeoutMs: number
  /** There is storage: a stop may leave commits to the next run. */
  readonly mayLeaveCommits: boolean
  readonly observer: JobObserver
}

export class EpochRun {
  readonly #options: EpochRunOptions
  readonly #attempt: Attempt
  #state: CoordinatorState | undefined
  #settle: { readonly resolve: (outcome: EpochOutcome) => void; readonly reject: (error: unknown) => void } | undefined
  #cancelTick: (() => void) | undefined
  #cancelTimeout: (() => void) | undefined
  #flight: { readonly checkpoint: number; readonly beganMs: number } | undefined
  /** The commit or withdrawal under way. */
  #committing: Promise<void> | undefined
  #hasBegun = false
  #isOver = false
  /** It has come to its end, rather than failed. */
  #hasEnded = false
  #isTickDue = false
  #isLeaving = false
  #commitMs: number | undefined
  #cancelLeaving: (() => void) | undefined

  constructor(options: EpochRunOptions) {
    this.#options = options
    this.#attempt = options.createAttempt({
      snapshot: (subtask, snapshot) => this.#onSnapshot(subtask, snapshot),
      ended: (subtask) => this.#feed({ kind: 'taskEnded', ...this.#attempt.slot(subtask) }),
      failed: (error) => this.#feed({ kind: 'attemptFailed', error: asStreamError(error, 'USER_CODE') }),
      checkpointWanted: () => this.#tickSoon(),
    })
  }

  /** Runs until the job has finished or was stopped. @throws what made the attempt fail; everything is closed by then */
  async run(): Promise<EpochOutcome> {
    try {
      return await new Promise<EpochOutcome>((resolve, reject) => {
        this.#settle = { resolve, reject }
        this.#follow(startCoordinator(this.#options.coordinator))
      })
    } finally {
      await this.close()
    }
  }

  /** A last checkpoint, its commit, the release. `commitMs`: how long to wait for the commit, once the checkpoint is complete. */
  stop(commitMs?: number): void {
    this.#commitMs = commitMs
    this.#options.store.rest()
    this.#feed({ kind: 'stop' })
    this.#armCommits()
  }

  /** As if the time for one had come. */
  checkpoint(): void {
    this.#feed({ kind: 'tick' })
  }

  /** Ends as soon as what is being committed is committed. */
  fail(error: StreamError): void {
    this.#feed({ kind: 'givenUp', error })
  }

  /** Ends, and waits but a moment for what does not. */
  hurry(error: StreamError): void {
    if (!this.#leaveCommits()) return this.fail(error)
    this.#cancelLeaving?.()
    this.#cancelLeaving = this.#options.env.timers.after(HURRIED_CLOSE_MS, () => this.fail(error))
  }

  #armCommits(): void {
    if (this.#commitMs === undefined || this.#cancelLeaving !== undefined || this.#state?.stage !== 'finishing') return
    this.#cancelLeaving = this.#options.env.timers.after(this.#commitMs, () => void this.#leaveCommits())
  }

  /** The last checkpoint holds all that is not committed: the next owner commits it. False: there is no such checkpoint. */
  #leaveCommits(): boolean {
    if (this.#state?.stage !== 'finishing' || !this.#options.mayLeaveCommits) return false
    this.#isLeaving = true
    this.#options.committers.cancel()
    return true
  }

  #onCommitFailed(upTo: number, error: StreamError): void {
    if (!this.#isLeaving || error.code !== 'STOPPED') return this.#feed({ kind: 'commitFailed', upTo, error })
    this.#options.observer({ kind: 'commits-left' })
    this.#feed({ kind: 'commitsLeft' })
  }

  /** Checkpoint ids of this epoch that were used. */
  get usedTo(): number {
    return this.#state?.usedTo ?? this.#options.coordinator.checkpointFloor
  }

  progress(): Progress {
    return this.#attempt.progress()
  }

  look(...at: Parameters<Attempt['look']>): ReturnType<Attempt['look']> {
    return this.#attempt.look(...at)
  }

  get watermark(): number {
    return this.#attempt.watermark
  }

  get longestTurnMs(): number {
    return this.#attempt.longestTurnMs
  }

  #feed(event: EventBody): void {
    if (this.#isOver || this.#state === undefined) return
    const { env, coordinator } = this.#options
    try {
      this.#follow(decideCheckpoint(this.#state, { ...event, epoch: coordinator.epoch, nowMs: env.clock.now() } as CoordinatorEvent))
    } catch (error) {
      this.#lose(error)
    }
  }

  #follow({ state, actions }: CoordinatorDecision): void {
    this.#state = state
    for (const action of actions) this.#perform(action)
  }

  #perform(action: CoordinatorAction): void {
    const { store, observer } = this.#options
    switch (action.kind) {
      case 'commit':
        return this.#answer(
          this.#commits(this.#commit(action)),
          () => this.#feed({ kind: 'committed', upTo: action.upTo }),
          (error) => this.#onCommitFailed(action.upTo, asStreamError(error, 'COMMIT_FAILED')),
        )
      case 'withdraw':
        return this.#answer(this.#commits(this.#withdraw(action)), () => this.#feed({ kind: 'withdrawn' }))
      case 'start-tasks':
        this.#options.env.crashPoint('restore.open')
        return this.#answer(this.#attempt.open(), () => this.#onOpen(action.needsFirst))
      case 'trigger-barrier':
        return this.#trigger(action)
      case 'store-manifest':
        return this.#answer(
          store.append({ kind: 'checkpoint', manifest: action.manifest }),
          () => this.#onStored(action.manifest),
          (error) => this.#onAppendFailed(error),
        )
      case 'notify-complete':
        this.#attempt.complete(action.checkpoint)
        if (!this.#hasBegun && action.checkpoint === this.#flight?.checkpoint) this.#begin()
        return
      case 'acknowledge-sources':
        return this.#attempt.acknowledge(action.positions)
      case 'abort':
        this.#cancelTimeout?.()
        this.#attempt.abort(action.checkpoint)
        observer({ kind: 'checkpoint-aborted', checkpoint: action.checkpoint, reason: messageOf(action.error) })
        return
      case 'release-files':
        return store.upkeep(action.manifest, (merge) => this.#feed({ kind: 'merged', merge }))
      case 'discard-merge':
        return store.discard(action.merge)
      case 'append-finished':
        return this.#answer(
          store.append({ kind: 'finished', checkpoint: action.checkpoint, usedTo: action.usedTo }),
          () => this.#feed({ kind: 'closed', entry: 'finished' }),
          (error) => this.#onAppendFailed(error),
        )
      case 'append-release':
        return this.#answer(
          store.append({ kind: 'release', usedTo: action.usedTo }),
          () => this.#feed({ kind: 'closed', entry: 'release' }),
          (error) => this.#onAppendFailed(error),
        )
      case 'fail-job':
        return this.#lose(action.error)
      case 'ended':
        this.#isOver = true
        this.#hasEnded = true
        this.#settle?.resolve(action.how)
    }
  }

  #answer<T>(
    work: Promise<T>,
    done: (value: T) => void,
    failed: (error: unknown) => void = (error) => this.#feed({ kind: 'attemptFailed', error: asStreamError(error, 'USER_CODE') }),
  ): void {
    work.then(done, failed).catch((error: unknown) => this.#lose(error))
  }

  /** There is one at a time. */
  #commits(work: Promise<void>): Promise<void> {
    this.#committing = work
    return work
  }

  #onOpen(needsFirst: boolean): void {
    // Stopped meanwhile: no record may flow, for the claim is being released.
    if (this.#isOver || this.#state?.stage !== 'opening') return
    this.#options.env.crashPoint('restore.opened')
    this.#options.store.restored()
    if (!needsFirst) this.#begin()
    this.#feed({ kind: 'tasksRunning' })
    this.#armTick()
  }

  #begin(): void {
    this.#hasBegun = true
    this.#attempt.begin()
    const { observer, coordinator } = this.#options
    observer({ kind: 'running', checkpoint: coordinator.restored?.checkpoint })
  }

  #armTick(): void {
    const { everyMs, env } = this.#options
    if (everyMs === undefined || this.#isOver) return
    this.#cancelTick = env.timers.after(everyMs, () => {
      this.#feed({ kind: 'tick' })
      this.#armTick()
    })
  }

  /** In a turn of its own: tasks ask during their calls, and several at a time. One that is in flight is not the one they want. */
  #tickSoon(): void {
    if (this.#isTickDue) return
    this.#isTickDue = true
    this.#options.env.timers.soon(() => {
      this.#isTickDue = false
      this.#feed({ kind: 'tick' })
    })
  }

  #trigger(action: Extract<CoordinatorAction, { kind: 'trigger-barrier' }>): void {
    const { env, timeoutMs } = this.#options
    const { checkpoint } = action
    if (this.#flight?.checkpoint !== checkpoint) {
      this.#flight = { checkpoint, beganMs: env.clock.monotonic() }
      this.#cancelTimeout?.()
      this.#cancelTimeout = env.timers.after(timeoutMs, () => this.#feed({ kind: 'timedOut', checkpoint }))
    }
    const reason: BarrierReason = action.reason === 'end' || action.reason === 'stop' ? action.reason : 'checkpoint'
    this.#attempt.trigger(checkpoint, reason, action.tasks)
  }

  #onSnapshot(subtask: number, snapshot: TaskSnapshot): void {
    const { env, store } = this.#options
    const slot = this.#attempt.slot(subtask)
    const { checkpoint } = snapshot
    env.crashPoint('task.acknowledge')
    this.#answer(
      store.write(slot, snapshot),
      (report) => this.#onWritten(checkpoint, report),
      (error) => this.#feed({ kind: 'declined', checkpoint, ...slot, error: asStreamError(error, 'CHECKPOINT_FAILED') }),
    )
  }

  #onWritten(checkpoint: number, report: TaskReport): void {
    this.#options.env.crashPoint('task.acknowledged')
    this.#feed({ kind: 'acked', checkpoint, report })
  }

  #onStored(manifest: Manifest): void {
    const { env, observer } = this.#options
    this.#cancelTimeout?.()
    const durationMs = this.#flight === undefined ? undefined : env.clock.monotonic() - this.#flight.beganMs
    const info: CheckpointInfo = { ...this.#options.store.describe(manifest), durationMs }
    env.crashPoint('checkpoint.stored')
    this.#feed({ kind: 'stored', checkpoint: manifest.checkpoint })
    this.#armCommits()
    observer({ kind: 'checkpoint', info })
  }

  #onAppendFailed(error: unknown): void {
    const failure = asStreamError(error, 'STORAGE')
    this.#feed(failure.code === 'FENCED' ? { kind: 'fenced', error: failure } : { kind: 'storeFailed', error: failure })
  }

  /** M1: each checkpoint fully before the next. */
  async #commit(action: Extract<CoordinatorAction, { kind: 'commit' }>): Promise<void> {
    const { env, committers } = this.#options
    env.crashPoint('commit.before')
    for (const group of action.groups)
      for (const [sink, committables] of Object.entries(group.sinks)) await committers.commit(sink, committables)
    env.crashPoint('commit.after')
  }

  async #withdraw(action: Extract<CoordinatorAction, { kind: 'withdraw' }>): Promise<void> {
    const { env, committers } = this.#options
    env.crashPoint('withdraw.before')
    await committers.withdraw(action.kept, action.open)
    env.crashPoint('withdraw.after')
  }

  #lose(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#settle?.reject(error)
  }

  async close(): Promise<void> {
    this.#isOver = true
    this.#cancelTick?.()
    this.#cancelTimeout?.()
    this.#cancelLeaving?.()
    this.#options.committers.cancel()
    const { env, patience, underway } = this.#options
    // EXACTLY-ONCE: the next attempt commits the same again, and a sink may not do both at a time. Only a stop does not wait: it has none.
    const isCommitted = await patience.wait(
      Number.POSITIVE_INFINITY,
      this.#committing?.catch(() => undefined),
    )
    const isClosed = await patience.wait(this.#hasEnded ? CLOSE_MS : CANCEL_MS, this.#closeAll())
    if (!isCommitted || !isClosed) env.log('warn', CLOSING_LASTS, { waitingFor: underway.names.join(', ') })
  }

  async #closeAll(): Promise<void> {
    const { env, committers, store, underway } = this.#options
    for (const error of await this.#attempt.close(this.#hasEnded)) env.log('warn', CLOSING_FAILED, { cause: messageOf(error) })
    await committers.close().catch((error: unknown) => env.log('warn', CLOSING_FAILED, { cause: messageOf(error) }))
    await underway.wait('the checkpoint storage to write', () => store.settle())
  }
}

function asStreamError(thrown: unknown, code: ErrorCode): StreamError {
  const error = tame(thrown)
  if (error instanceof StreamError) return error
  if (StreamError.is(error)) return fromWire(toWire(error))
  return new StreamError(code, messageOf(error), { cause: error })
}
