import type { CheckpointInfo, JobStatus } from '../runtime/monitor.ts'
import type { Paint } from '../core/text-layout.ts'
import { ageText, bytesText, countText, durationText, momentText, percentText, pluralText, rateText } from './format.ts'

export interface LiveView {
  readonly job: string
  readonly status: JobStatus
  readonly perSecond: number
  /** Wall clock. */
  readonly nowMs: number
  readonly hasCheckpoints: boolean
  readonly newest: CheckpointInfo | undefined
  /** The checkpoint that this process began with. */
  readonly restored: number | undefined
  /** Replaces all figures, while another process has the job. */
  readonly waiting: string | undefined
}

interface Part {
  readonly text: string
  /** What is left out when the line is too long: the highest first. */
  readonly rank: number
  readonly paint?: (paint: Paint, text: string) => string
}

const SEPARATOR = ' | '
const DAY_MS = 86_400_000

/** One line of at most `width` characters about a running job; the least important figures go first when it is narrow. */
export function liveLine(view: LiveView, width: number, paint: Paint): string {
  let parts = partsOf(view)
  const lengthOf = (all: readonly Part[]): number => all.reduce((sum, { text }) => sum + text.length, SEPARATOR.length * (all.length - 1))
  while (parts.length > 1 && lengthOf(parts) > width) {
    const last = Math.max(...parts.map(({ rank }) => rank))
    parts = parts.filter(({ rank }) => rank !== last)
  }
  return parts.map((part) => painted(part, width, paint)).join(paint('dim', SEPARATOR))
}

function painted({ text, paint: how }: Part, width: number, paint: Paint): string {
  const cut = text.length <= width ? text : text.slice(0, Math.max(0, width))
  return how === undefined ? cut : how(paint, cut)
}

function partsOf(view: LiveView): readonly Part[] {
  const { status } = view
  const head: Part = {
    text: `${view.job} ${view.waiting ?? phaseText(status)}`,
    rank: 0,
    paint: (paint, text) => paint(styleOf(status), text),
  }
  if (view.waiting !== undefined) return [head]
  const restarts: Part = {
    text: pluralText(status.restarts, 'restart'),
    rank: status.restarts === 0 ? 9 : 3,
    paint: (paint, text) => (status.restarts === 0 ? text : paint('yellow', text)),
  }
  const isMoving = status.phase === 'running' || status.phase === 'stopping'
  if (!isMoving) return [head, ...checkpointParts(view), restarts]
  return [
    head,
    ...shareParts(status),
    { text: recordsText(status), rank: 6 },
    ...lostParts(status),
    { text: rateText(view.perSecond), rank: 2, paint: (paint, text) => paint('bold', text) },
    ...lagParts(status.watermark, view.nowMs),
    ...checkpointParts(view),
    restarts,
  ]
}

/** Of all input, where all sources know how much there is. */
function shareParts({ sources }: JobStatus): readonly Part[] {
  const share = shareOfInput(sources)
  return share === undefined ? [] : [{ text: percentText(share), rank: 1, paint: (paint, text) => paint('bold', text) }]
}

/** The job ends when its slowest source does; undefined where one does not know how much it has. */
export function shareOfInput(sources: JobStatus['sources']): number | undefined {
  let least: number | undefined
  for (const { share } of sources) {
    if (share === undefined) return undefined
    least = Math.min(least ?? 1, share)
  }
  return least
}

function recordsText({ records, sinks }: JobStatus): string {
  const out = sinks.reduce((sum, sink) => sum + sink.records, 0)
  return sinks.length === 0 ? pluralText(records, 'record') : `${pluralText(records, 'record')} in, ${countText(out)} out`
}

/** Records that took no part in results. */
function lostParts({ invalid, late }: JobStatus): readonly Part[] {
  const part = (count: number, what: string): readonly Part[] =>
    count === 0 ? [] : [{ text: `${countText(count)} ${what}`, rank: 5, paint: (paint, text) => paint('yellow', text) }]
  return [...part(invalid, 'invalid'), ...part(late, 'late')]
}

/** `waiting` without an owner: it looks at its checkpoints. */
function phaseText(status: JobStatus): string {
  return status.phase === 'waiting' ? 'starting' : status.phase
}

function styleOf(status: JobStatus): 'green' | 'yellow' | 'cyan' {
  if (status.phase === 'running') return 'green'
  return status.phase === 'restarting' ? 'yellow' : 'cyan'
}

/** How far the event time is behind the clock; for old data also when it is. */
function lagParts(watermark: number, nowMs: number): readonly Part[] {
  if (watermark === Number.NEGATIVE_INFINITY) return [{ text: 'no watermark', rank: 8 }]
  if (watermark === Number.POSITIVE_INFINITY) return [{ text: 'end of input', rank: 4 }]
  const lagMs = nowMs - watermark
  const lag = lagMs < 0 ? `${durationText(-lagMs)} ahead` : `${durationText(lagMs)} behind`
  // Figures of a replay of old data would all be the same: the time itself is what moves.
  return lagMs < DAY_MS
    ? [{ text: lag, rank: 4 }]
    : [
        { text: `at ${momentText(watermark).slice(0, 16)}`, rank: 4 },
        { text: lag, rank: 7 },
      ]
}

function checkpointParts({ newest, restored, nowMs, hasCheckpoints }: LiveView): readonly Part[] {
  if (!hasCheckpoints) return [{ text: 'no checkpoints', rank: 5 }]
  if (newest !== undefined)
    return [{ text: `checkpoint ${newest.checkpoint}: ${ageText(nowMs - newest.createdAtMs)}, ${bytesText(newest.sizeBytes)}`, rank: 5 }]
  return [{ text: restored === undefined ? 'no checkpoint yet' : `checkpoint ${restored}: restored`, rank: 5 }]
}
