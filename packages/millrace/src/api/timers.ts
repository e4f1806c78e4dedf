import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import type { StateDeclaration } from '../state/contract.ts'
import type { Timer, Timers, TimerSpec } from './process-types.ts'

type TimerDeclaration = Required<Pick<StateDeclaration, 'kind' | 'domain' | 'version'>>
const specs = new WeakMap<object, TimerDeclaration>()

/** Declares a timer in event time: it fires when the watermark has reached its time. One pending time per key. */
export function eventTimer(): TimerSpec<Timer> {
  return spec({ kind: 'timer', domain: 'event', version: 1 })
}

/** Declares a timer in processing time: it fires when the clock has passed its time. One pending time per key. */
export function processingTimer(): TimerSpec<Timer> {
  return spec({ kind: 'timer', domain: 'processing', version: 1 })
}

/** Declares a timer in event time with any number of pending times per key. */
export function eventTimers(): TimerSpec<Timers> {
  return spec({ kind: 'timers', domain: 'event', version: 1 })
}

/** Declares a timer in processing time with any number of pending times per key. */
export function processingTimers(): TimerSpec<Timers> {
  return spec({ kind: 'timers', domain: 'processing', version: 1 })
}

/** The declaration behind a spec. @throws {INVALID_JOB} for what is no spec; `what` is how the message calls it. */
export function timerDeclaration(what: string, of: unknown): StateDeclaration {
  const found = typeof of === 'object' && of !== null ? specs.get(of) : undefined
  if (found !== undefined) return found
  throw new StreamError(
    'INVALID_JOB',
    `${what} is ${shown(of)}: declare it with eventTimer(), eventTimers(), processingTimer() or processingTimers().`,
  )
}

function spec<H>(declaration: TimerDeclaration): TimerSpec<H> {
  const made: TimerSpec<H> = Object.freeze({ '~millrace': 'timer' as const })
  specs.set(made, declaration)
  return made
}
