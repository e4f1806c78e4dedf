import type { Log } from '../core/env.ts'
import { assertNever, messageOf, StreamError } from '../core/errors.ts'
import type { JobEvent, JobObserver } from './monitor.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Tells an operator's log what becomes of a job, a line each: start, restore, restarts, end, and in `debug` every checkpoint. A
 * failure that ends the job is thrown too, so it is no more than `info` here.
 */
export function logEvents(log: Log, job: string): JobObserver {
  let waitsFor: number | undefined
  return (event) => {
    // Told again and again while it lasts.
    if (event.kind === 'waiting' && event.owner.pid === waitsFor) return
    if (event.kind === 'claimed')
      log('info', 'job.claimed', { job, epoch: event.epoch, ...(waitsFor === undefined ? {} : { after: waitsFor }) })
    waitsFor = event.kind === 'waiting' ? event.owner.pid : undefined
    tell(log, job, event)
  }
}

function tell(log: Log, job: string, event: JobEvent): void {
  const info = (name: string, fields: Fields = {}): void => log('info', name, { job, ...fields })
  switch (event.kind) {
    case 'waiting':
      return info('job.waiting', { owner: event.owner.pid, leaseMs: event.leaseMs })
    case 'claimed':
      return
    case 'restoring': {
      const { checkpoint, added, dropped, repeatsOutput } = event
      if (checkpoint === undefined) return info('job.starting')
      return info('job.restoring', { checkpoint, ...listed({ added, dropped }), ...(repeatsOutput ? { repeatsOutput } : {}) })
    }
    case 'running':
      return info('job.running', event.checkpoint === undefined ? {} : { checkpoint: event.checkpoint })
    case 'checkpoint': {
      const { checkpoint, sizeBytes, newBytes, durationMs } = event.info
      return log('debug', 'checkpoint.complete', { job, checkpoint, sizeBytes, newBytes, durationMs })
    }
    case 'checkpoint-aborted':
      return info('checkpoint.aborted', { checkpoint: event.checkpoint, reason: event.reason })
    case 'attempt-failed':
      if (event.restartInMs === undefined) return info('job.failed', failure(event.error))
      return log('warn', 'job.restarting', { job, inMs: Math.round(event.restartInMs), ...failure(event.error) })
    case 'commits-left':
      return info('job.commits-left')
    case 'already-finished':
      return info('job.already-finished', { checkpoint: event.checkpoint })
    case 'ended':
      return event.outcome === 'already-finished' ? undefined : info(`job.${event.outcome}`)
    default:
      return assertNever(event)
  }
}

function failure(error: unknown): Fields {
  return { ...(StreamError.is(error) ? { code: error.code } : {}), message: messageOf(error) }
}

/** Only lists that hold something. */
function listed(lists: Readonly<Record<string, readonly string[]>>): Fields {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
}
