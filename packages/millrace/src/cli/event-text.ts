import type { ProcessIdentity } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import type { JobEvent } from '../runtime/monitor.ts'
import { reasonLines, remedyLines, type ErrorContext } from './error-text.ts'
import { bytesText, durationText } from './format.ts'

export interface EventContext {
  readonly directory: string | undefined
  readonly self: ProcessIdentity
  readonly error: ErrorContext
  /** The attempt before has failed with the same message. */
  readonly isRepeated: boolean
}

/** What an event is to people; undefined for those that only move the live line. */
export function eventText(event: JobEvent, context: EventContext): string | undefined {
  switch (event.kind) {
    case 'waiting':
      return waitingText(event, context.self)
    case 'claimed':
      return `claimed the job (epoch ${event.epoch})`
    case 'restoring':
      return restoringText(event, context)
    case 'running':
      return undefined
    case 'checkpoint': {
      const { checkpoint, sizeBytes, newBytes, durationMs } = event.info
      const took = durationMs === undefined ? '' : `, took ${durationText(durationMs)}`
      return `checkpoint ${checkpoint}: ${bytesText(sizeBytes)}, ${bytesText(newBytes)} new${took}`
    }
    case 'checkpoint-aborted':
      return `checkpoint ${event.checkpoint} was given up: ${event.reason}`
    case 'attempt-failed':
      return failedText(event, context)
    case 'already-finished':
      return finishedText(event.checkpoint, context.directory)
    case 'commits-left':
    case 'ended':
      return undefined
  }
}

/** Who has the job, and how long this process still waits. */
export function waitingText(event: Extract<JobEvent, { kind: 'waiting' }>, self: ProcessIdentity): string {
  const leftMs = Math.max(0, event.leaseMs - event.silentMs)
  return `waiting: ${ownerText(event.owner, self)} has the job; takes over in ${durationText(leftMs)} unless it shows a sign of life`
}

/** Pids mean something on one machine only. */
export function ownerText(owner: ProcessIdentity, self: ProcessIdentity): string {
  const isHere = owner.boot !== '' && owner.boot === self.boot && owner.namespace === self.namespace
  const where = isHere
    ? ''
    : owner.boot === '' || self.boot === ''
      ? ' (perhaps on another machine)'
      : ' on another machine or in another container'
  return `process ${owner.pid}${where}`
}

function restoringText(event: Extract<JobEvent, { kind: 'restoring' }>, context: EventContext): string {
  if (event.checkpoint === undefined)
    return context.directory === undefined
      ? 'starts from nothing; without --checkpoints nothing survives this process'
      : `starts from nothing: ${context.directory} holds no checkpoints`
  const lines = [`continues from checkpoint ${event.checkpoint}`]
  if (event.repeatsOutput)
    lines.push(
      `  checkpoints after ${event.checkpoint} are forgotten (--accept-loss). Output that was committed after it stays and is written again:`,
      '  take it away, or expect those records twice',
    )
  const isChanged = event.migrated.length + event.added.length + event.dropped.length > 0
  if (isChanged && event.kept.length > 0) lines.push(`  kept: ${event.kept.join(', ')}`)
  if (event.migrated.length > 0)
    lines.push(`  migrated: ${event.migrated.map(({ state, from, to }) => `${state} (version ${from} to ${to})`).join(', ')}`)
  if (event.added.length > 0) lines.push(`  new in the job, starts empty: ${event.added.join(', ')}`)
  if (event.dropped.length > 0) lines.push(`  given up (--allow-dropped): ${event.dropped.join(', ')}`)
  return lines.join('\n')
}

function failedText(event: Extract<JobEvent, { kind: 'attempt-failed' }>, { isRepeated, error }: EventContext): string | undefined {
  // The final failure is what the command ends with.
  if (event.restartInMs === undefined) return undefined
  const code = StreamError.is(event.error) ? `${event.error.code}: ` : ''
  const lines = [`failed${isRepeated ? ' again' : ''}: ${code}${messageOf(event.error)}`]
  if (!isRepeated) lines.push(...reasonLines(event.error, error))
  // It may go on like this for ever, so each time says how it ends.
  if (StreamError.is(event.error)) lines.push(...remedyLines(event.error, error))
  return [...lines, `  restarts from its newest checkpoint in ${durationText(event.restartInMs)}`].join('\n')
}

/** Event time has come to its end there, so going on from that checkpoint would find every new record late. */
function finishedText(checkpoint: number, directory: string | undefined): string {
  return [
    `has finished before: checkpoint ${checkpoint} holds all of its input, and all output is committed. Nothing was run.`,
    `  If the input has grown: run it from the start with another --checkpoints than ${directory ?? 'this one'},`,
    '  and with an empty place for its output, because it writes everything again.',
  ].join('\n')
}
