import type { Env } from '../core/env.ts'
import { messageOf } from '../core/errors.ts'
import type { CheckpointInfo, JobEvent, JobStatus } from '../runtime/monitor.ts'
import type { Paint } from '../core/text-layout.ts'
import { eventText, waitingText } from './event-text.ts'
import { bytesText, durationText, pluralText, rateText } from './format.ts'
import { liveLine, shareOfInput } from './live-line.ts'
import { RateMeter } from './rate-meter.ts'
import type { Screen } from './screen.ts'
import { summaryLines } from './summary.ts'

export interface RunReportOptions {
  readonly job: string
  readonly env: Env
  readonly screen: Screen
  readonly paint: Paint
  readonly folder: string
  /** The log tells what happens: no sentences about it, and figures as a line of the log. */
  readonly isLogged: boolean
  /** As written on the command line; undefined without checkpoints. */
  readonly directory: string | undefined
  /** Undefined until the job has started. */
  readonly status: () => JobStatus | undefined
}

/** How often a live line is drawn, and how often a line is added where there is none. */
const LIVE_EVERY_MS = 200
const PLAIN_EVERY_MS = 5_000

/** Tells on a screen what a running job does: a line for each event, figures in between. */
export class RunReport {
  readonly #options: RunReportOptions
  readonly #meter = new RateMeter()
  readonly #startedMs: number
  #waiting: Extract<JobEvent, { kind: 'waiting' }> | undefined
  #newest: CheckpointInfo | undefined
  #restored: number | undefined
  /** Taken by this process. */
  #checkpoints = 0
  #hasShownCheckpoint = false
  #isRunning = false
  #hasCommitsLeft = false
  #lastFailure: string | undefined
  #cancelTick: (() => void) | undefined

  constructor(options: RunReportOptions) {
    this.#options = options
    this.#startedMs = options.env.clock.monotonic()
    this.#meter.add(this.#startedMs, 0)
    this.#arm()
  }

  /** The newest checkpoint that another run would continue from, as far as this process knows. */
  get newestCheckpoint(): number | undefined {
    return this.#newest?.checkpoint ?? this.#restored
  }

  /** True while another process has the job. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  onEvent(event: JobEvent): void {
    if (event.kind === 'waiting') return this.#onWaiting(event)
    this.#waiting = undefined
    if (event.kind === 'checkpoint') return this.#onCheckpoint(event)
    if (event.kind === 'commits-left') this.#hasCommitsLeft = true
    if (event.kind === 'restoring') this.#restored = event.checkpoint
    if (event.kind === 'claimed' && this.#options.screen.isLive) return
    if (event.kind === 'ended') return this.#onEnded(event)
    const text = this.#textOf(event)
    if (event.kind === 'attempt-failed') this.#lastFailure = messageOf(event.error)
    if (event.kind === 'attempt-failed' || event.kind === 'restoring') this.#isRunning = false
    if (event.kind === 'running') this.#isRunning = true
    if (text !== undefined) this.#tell(text)
  }

  /** What the log does not tell already. */
  #tell(text: string): void {
    if (!this.#options.isLogged) this.line(text)
  }

  #textOf(event: JobEvent): string | undefined {
    const { directory, env, paint, folder } = this.#options
    const isRepeated = event.kind === 'attempt-failed' && messageOf(event.error) === this.#lastFailure
    return eventText(event, { directory, self: env.processes.self(), error: { paint, folder }, isRepeated })
  }

  line(text: string): void {
    this.#options.screen.line(`${this.#options.job}: ${text}`)
  }

  close(): void {
    this.#cancelTick?.()
    this.#options.screen.close()
  }

  #onWaiting(event: Extract<JobEvent, { kind: 'waiting' }>): void {
    const isNew = this.#waiting?.owner.pid !== event.owner.pid
    this.#waiting = event
    if (isNew) this.#tell(waitingText(event, this.#options.env.processes.self()))
  }

  /** Each would be a line a second: the live line and the figures show them, the first one with something in it shows that they work. */
  #onCheckpoint(event: Extract<JobEvent, { kind: 'checkpoint' }>): void {
    this.#newest = event.info
    this.#checkpoints++
    if (this.#hasShownCheckpoint || this.#options.screen.isLive || event.info.sizeBytes === 0 || event.info.checkpoint === 0) return
    this.#hasShownCheckpoint = true
    this.#tell(this.#textOf(event) ?? '')
  }

  #onEnded({ outcome }: Extract<JobEvent, { kind: 'ended' }>): void {
    if (outcome === 'already-finished') return
    const { env, status, isLogged } = this.#options
    const last = status()
    if (isLogged && last !== undefined) return this.#logFigures(last)
    if (outcome === 'stopped') return this.line(this.#stoppedText())
    const { records = 0, invalid = 0 } = last ?? {}
    const tookMs = env.clock.monotonic() - this.#startedMs
    const speed = tookMs > 0 ? ` (${rateText((records / tookMs) * 1_000)})` : ''
    const newest = this.#options.directory === undefined ? undefined : this.#newest
    const checkpoint =
      newest === undefined ? '' : `; all output is committed, checkpoint ${newest.checkpoint} has ${bytesText(newest.sizeBytes)}`
    const invalidText = invalid === 0 ? '' : `, ${pluralText(invalid, 'invalid record')} among them`
    this.line(`finished: ${pluralText(records, 'record')} in ${durationText(tookMs)}${speed}${invalidText}${checkpoint}`)
    if (last === undefined) return
    for (const line of summaryLines({ status: last, checkpoints: this.#checkpoints })) this.#options.screen.line(line)
  }

  #stoppedText(): string {
    if (this.#options.directory === undefined) return 'stopped; without --checkpoints nothing is kept'
    if (this.newestCheckpoint === undefined) return 'stopped before it had begun'
    if (this.#hasCommitsLeft)
      return `stopped: checkpoint ${this.newestCheckpoint} is complete, but not all of its output was committed in time; the same command commits it and continues from there`
    if (!this.#isRunning)
      return `stopped while it was not running: checkpoint ${this.newestCheckpoint} is complete, the same command continues from there and commits what it holds`
    return `stopped: checkpoint ${this.newestCheckpoint} is complete and its output committed${openText(this.#newest)}; the same command continues from there`
  }

  #logFigures({ phase, records, invalid, late, sources, sinks, watermark, restarts }: JobStatus): void {
    const { env, job } = this.#options
    const share = shareOfInput(sources)
    env.log('info', 'job.figures', {
      job,
      phase,
      records,
      written: sinks.reduce((sum, sink) => sum + sink.records, 0),
      invalid,
      late,
      restarts,
      ...(share === undefined ? {} : { share: Math.floor(share * 1_000) / 1_000 }),
      ...(Number.isFinite(watermark) ? { watermark } : {}),
      ...(this.newestCheckpoint === undefined ? {} : { checkpoint: this.newestCheckpoint }),
    })
  }

  #arm(): void {
    const { env, screen } = this.#options
    const everyMs = screen.isLive ? LIVE_EVERY_MS : PLAIN_EVERY_MS
    this.#cancelTick = env.timers.after(everyMs, () => this.#tick(), { idle: true })
  }

  #tick(): void {
    this.#arm()
    const { screen, status, env, paint } = this.#options
    const now = status()
    if (now === undefined || now.phase === 'ended') return
    const view = {
      job: this.#options.job,
      status: now,
      perSecond: this.#meter.add(env.clock.monotonic(), now.records),
      nowMs: env.clock.now(),
      hasCheckpoints: this.#options.directory !== undefined,
      newest: now.newestCheckpoint ?? this.#newest,
      restored: this.#restored,
      waiting: this.#waiting === undefined ? undefined : waitingText(this.#waiting, env.processes.self()),
    }
    if (screen.isLive) screen.live(liveLine(view, screen.width(), paint))
    else if (this.#options.isLogged) this.#logFigures(now)
    else screen.line(liveLine(view, screen.width(), paint))
  }
}

/** A part that is not shown yet is no error, but nobody shall look for it. */
export function openText(newest: CheckpointInfo | undefined): string {
  const sinks = newest?.openSinks ?? []
  if (sinks.length === 0) return ''
  return `, but for the open parts of ${sinks.join(' and ')}, which a later run shows when they end`
}
