/**
 * A job from its start to its end: claims it, runs epochs, restarts after failures, stops on request.
 *
 *   waiting ─claimed─► restoring ─► running ─┬─► ended
 *      ▲                 ▲                   │ failed, and the strategy allows it
 *      │                 └──── restarting ◄──┘
 *      └─ the ownership was given up (LG9) ┘
 */
import { startRestarts, decideRestart, type RestartState } from '../checkpoint/restart.ts'
import { StreamError } from '../core/errors.ts'
import type { StateComparison } from '../plan/summary.ts'
import type { CheckpointInfo, JobHandle, JobObserver, JobOutcome, JobPhase, JobStatus, StopOptions } from './monitor.ts'
import { Underway } from '../task/underway.ts'
import { openEpoch } from './open-epoch.ts'
import type { EpochRun } from './epoch-run.ts'
import { openStore } from './job-store.ts'
import { HURRIED_CLOSE_MS, Patience } from './patience.ts'
import type { Claimed, JobStore } from './checkpoint-store.ts'
import { afterEarlier, NO_PROGRESS } from './progress.ts'
import type { JobRunOptions } from './run-settings.ts'

/** What is closed at the end: the checkpoint directory. */
const CLOSE_MS = 10_000
/** Whether the job is still ours: a storage that does not answer is no answer. */
const LOOK_MS = 10_000
/** After the deadline of a stop: longer than what then is closed in turn may take. */
const ABANDON_MS = 5 * HURRIED_CLOSE_MS

export class JobRun implements JobHandle {
  readonly finished: Promise<JobOutcome>
  readonly #options: JobRunOptions
  readonly #observer: JobObserver
  #begin!: () => void
  #phase: JobPhase = 'waiting'
  #epoch: EpochRun | undefined
  #store: JobStore | undefined
  #restarts = 0
  /** Of the attempts before the one that runs. */
  #earlier = NO_PROGRESS
  #longestTurnMs = 0
  #isStopping = false
  #isClaiming = false
  #hasRun = false
  readonly #patience: Patience
  readonly #underway = new Underway()
  /** What ends a job that does not end by itself. */
  #cancelAbandon: (() => void) | undefined
  readonly #abandoned = Promise.withResolvers<never>()
  #commitMs: number | undefined
  #wakeRestart: (() => void) | undefined
  /** Why the log is not ours at the moment: for good when another process has it, else until it has been searched anew. */
  #lost: StreamError | undefined
  #newest: CheckpointInfo | undefined
  #restored: StateComparison | undefined

  constructor(options: JobRunOptions) {
    this.#options = options
    this.#observer = options.observer ?? (() => undefined)
    this.#patience = new Patience(options.env)
    this.#abandoned.promise.catch(() => undefined)
    this.finished = new Promise<void>((resolve) => {
      this.#begin = resolve
    }).then(() => Promise.race([this.#run(), this.#abandoned.promise]))
  }

  begin(): void {
    this.#begin()
  }

  async stop(options: StopOptions = {}): Promise<void> {
    const { env } = this.#options
    this.#isStopping = true
    this.#commitMs = options.commitMs ?? this.#commitMs
    if (this.#phase !== 'ended') this.#phase = 'stopping'
    // Once the job is claimed its log is needed to the end: for the last checkpoint and the release.
    if (this.#isClaiming) this.#store?.cancel()
    this.#epoch?.stop(this.#commitMs)
    this.#wakeRestart?.()
    const cancel = options.deadlineMs === undefined ? undefined : env.timers.after(options.deadlineMs, () => this.#hurry())
    try {
      await this.finished
    } finally {
      cancel?.()
    }
  }

  checkpoint(): void {
    this.#epoch?.checkpoint()
  }

  look(...at: Parameters<JobHandle['look']>): ReturnType<JobHandle['look']> {
    return this.#epoch?.look(...at)
  }

  status(): JobStatus {
    const { sources, sinks, late } = afterEarlier(this.#earlier, this.#epoch?.progress() ?? NO_PROGRESS)
    return {
      phase: this.#phase,
      records: sources.reduce((sum, { records }) => sum + records, 0),
      invalid: sources.reduce((sum, { invalid }) => sum + invalid, 0),
      late,
      sources,
      sinks: sinks.map((sink) => ({ ...sink, place: this.#placeOf(sink.address) })),
      watermark: this.#epoch?.watermark ?? Number.NEGATIVE_INFINITY,
      restarts: this.#restarts,
      newestCheckpoint: this.#newest,
      restored: this.#restored,
    }
  }

  #placeOf(address: string): string | undefined {
    const node = this.#options.plan.nodes.find((each) => each.address === address)
    return node?.kind === 'sink' ? node.sink.place : undefined
  }

  /** Of all epochs, ms: for benches. */
  get longestTurnMs(): number {
    return Math.max(this.#longestTurnMs, this.#epoch?.longestTurnMs ?? 0)
  }

  async #run(): Promise<JobOutcome> {
    try {
      const outcome = await this.#runEpochs()
      this.#observer({ kind: 'ended', outcome })
      return outcome
    } finally {
      this.#phase = 'ended'
      await this.#patience.wait(CLOSE_MS, this.#store?.close())
      this.#cancelAbandon?.()
    }
  }

  async #runEpochs(): Promise<JobOutcome> {
    const { settings, env, plan } = this.#options
    const store = await openStore({
      settings: settings.checkpoints,
      restore: settings.restore,
      job: plan.job,
      env,
      observer: this.#observer,
      limits: this.#options.tuning?.compaction,
      lost: (error) => this.#onLost(error),
    })
    this.#store = store
    if (this.#isStopping) return 'stopped'
    const started = await this.#claim(() => store.claim())
    if (started === 'stopped') return started
    if (started.kind === 'finished') {
      this.#observer({ kind: 'already-finished', checkpoint: started.checkpoint })
      return 'already-finished'
    }
    if (this.#isStopping) return this.#release(store)
    let restarts = startRestarts(settings.restart)
    for (let isFirst = true; ; isFirst = false) {
      try {
        const again = isFirst ? started : await this.#claimAgain(store)
        if (again === 'stopped') return again
        // Its own last entry, of which it was not told; or another process has gone on meanwhile.
        if (again.kind === 'finished') return 'finished'
        return await this.#runEpoch(store)
      } catch (error) {
        restarts = await this.#restart(error, restarts)
        if (!this.#isStopping) continue
        const outcome = await this.#release(store)
        // Stopped in good order is what has run: this had failed, and did not come that far.
        if (!this.#hasRun) throw error
        return outcome
      }
    }
  }

  /** Where the ownership was given up there is nothing to be released: others wait for the lease. */
  async #release(store: JobStore): Promise<JobOutcome> {
    if (this.#lost === undefined) await store.release()
    return 'stopped'
  }

  #claimAgain(store: JobStore): Promise<Claimed | 'stopped'> {
    if (this.#lost !== undefined) this.#setPhase('waiting')
    this.#lost = undefined
    return this.#claim(() => store.claimAgain())
  }

  async #claim(claim: () => Promise<Claimed>): Promise<Claimed | 'stopped'> {
    this.#isClaiming = true
    try {
      return await claim()
    } catch (error) {
      if (this.#isStopping && StreamError.is(error) && error.code === 'STOPPED') return 'stopped'
      throw error
    } finally {
      this.#isClaiming = false
    }
  }

  async #runEpoch(store: JobStore): Promise<JobOutcome> {
    this.#setPhase('restoring')
    const epoch = await openEpoch({
      ...this.#options,
      observer: (event) => this.#onEvent(event),
      store,
      patience: this.#patience,
      underway: this.#underway,
    })
    if (this.#lost !== undefined) {
      await epoch.close()
      throw this.#lost
    }
    this.#epoch = epoch
    const running = epoch.run()
    if (this.#isStopping) epoch.stop(this.#commitMs)
    try {
      return await running
    } finally {
      store.usedTo = epoch.usedTo
      this.#earlier = afterEarlier(this.#earlier, epoch.progress())
      this.#longestTurnMs = this.longestTurnMs
      this.#epoch = undefined
    }
  }

  #onEvent(event: Parameters<JobObserver>[0]): void {
    if (event.kind === 'running') {
      this.#hasRun = true
      this.#setPhase('running')
    }
    if (event.kind === 'restoring' && event.checkpoint !== undefined) this.#restored = comparisonOf(event)
    if (event.kind === 'checkpoint') this.#newest = event.info
    this.#observer(event)
  }

  /** Waits as the strategy says; throws the error when it gives up. */
  async #restart(error: unknown, state: RestartState): Promise<RestartState> {
    const { settings, env } = this.#options
    const failure = await this.#causeOf(error)
    const retry = StreamError.is(failure) ? failure.retry : 'restart-job'
    const decided = decideRestart(settings.restart, state, { atMs: env.clock.monotonic(), retry, random: env.random.next() })
    const restartInMs = decided.decision.kind === 'restart' && !this.#isStopping ? decided.decision.afterMs : undefined
    this.#observer({ kind: 'attempt-failed', error: failure, restartInMs })
    if (restartInMs === undefined) throw failure
    this.#setPhase('restarting')
    this.#restarts++
    await new Promise<void>((resolve) => {
      const cancel = env.timers.after(restartInMs, resolve)
      this.#wakeRestart = () => {
        cancel()
        resolve()
      }
    })
    this.#wakeRestart = undefined
    if (this.#lost?.retry === 'never') throw this.#lost
    return decided.state
  }

  /**
   * LG7: once another process has taken the job over, what fails here may be its doing: it has deleted what its checkpoints do not need,
   * and its output is there. Only an owner says that a job has failed for good.
   */
  async #causeOf(error: unknown): Promise<unknown> {
    const isFinal = StreamError.is(error) && error.retry === 'never'
    if (this.#lost === undefined && this.#store !== undefined) {
      try {
        await this.#patience.wait(LOOK_MS, this.#store.checkOwned())
      } catch (looked) {
        if (isFinal) return this.#lost ?? looked
      }
    }
    return this.#lost ?? error
  }

  /** The deadline of a stop has passed. */
  #hurry(): void {
    this.#patience.hurry()
    this.#epoch?.hurry(this.#tooLate())
    if (this.#epoch === undefined) this.#store?.abandon(this.#tooLate())
    // What still waits then waits for something that nobody can end: a storage, or a sink whose committer is being opened.
    this.#cancelAbandon = this.#options.env.timers.after(ABANDON_MS, () => this.#abandon())
  }

  #abandon(): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#store?.abandon(this.#tooLate())
    this.#abandoned.reject(this.#tooLate())
  }

  #tooLate(): StreamError {
    const { names } = this.#underway
    const waiting = names.length === 0 ? '' : ` It was still waiting for ${names.join(', ')}: what never ends there is to be mended.`
    return new StreamError(
      'STOPPED',
      `The deadline of stop() has passed before the last checkpoint was complete and the commit under way had ended.${waiting} What came after the newest checkpoint is done again by the next run.`,
      { details: { waitingFor: names } },
    )
  }

  /** Nothing more may be committed; after a failure of the storage (LG9) not before the log has been searched anew. */
  #onLost(error: StreamError): void {
    this.#lost = error
    this.#epoch?.fail(error)
    if (this.#wakeRestart === undefined) return
    // RS-2: what fails while a restart is pending belongs to that restart. But for whom the job is lost there is nothing to wait for.
    if (error.retry === 'never') return this.#wakeRestart()
    this.#options.env.log('warn', 'the checkpoint storage failed while a restart was pending', { cause: error.message })
  }

  #setPhase(phase: JobPhase): void {
    if (!this.#isStopping) this.#phase = phase
  }
}

function comparisonOf({ kept, migrated, added, dropped }: StateComparison): StateComparison {
  return { kept, migrated, added, dropped }
}
