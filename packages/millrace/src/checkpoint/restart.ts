/**
 * Whether and when a failed job starts again: a pure function of the failures so far.
 *
 * RS-1  Defaults of a job with checkpoints: exponential, 1 s, times 1.5, at most 1 min, jitter 0.1, forgotten after 1 h, for ever.
 *       A failure rate of n gives up at the failure that is the n+1st within the interval, both ends of it included.
 * RS-2  A failure while a restart is pending belongs to that restart. The delay begins anew when a failure comes at least
 *       `resetAfterMs` after the last restart was due.
 * RS-3  An error whose retry hint is `never` ends the job at once.
 */
import type { RetryHint } from '../core/errors.ts'

export type RestartStrategy =
  | { readonly kind: 'none' }
  | { readonly kind: 'fixed-delay'; readonly attempts: number; readonly delayMs: number }
  | { readonly kind: 'failure-rate'; readonly failures: number; readonly perMs: number; readonly delayMs: number }
  | {
      readonly kind: 'exponential'
      readonly initialMs: number
      readonly multiplier: number
      readonly maxMs: number
      /** Share of the delay by which it is drawn shorter or longer. */
      readonly jitter: number
      readonly resetAfterMs: number
    }

export interface RestartState {
  /** Restarts granted in a row. */
  readonly restarts: number
  /** Of the next restart, before jitter (exponential). */
  readonly delayMs: number
  /** On the monotonic clock; undefined before the first failure. */
  readonly dueAtMs: number | undefined
  /** When restarts were granted, oldest first: as many as still count (failure rate). */
  readonly failedAtMs: readonly number[]
}

export interface Failure {
  /** On the monotonic clock. */
  readonly atMs: number
  readonly retry: RetryHint
  /** In [0, 1). */
  readonly random: number
}

export type RestartDecision = { readonly kind: 'restart'; readonly afterMs: number } | { readonly kind: 'give-up' }

export function startRestarts(strategy: RestartStrategy): RestartState {
  return { restarts: 0, delayMs: strategy.kind === 'exponential' ? strategy.initialMs : 0, dueAtMs: undefined, failedAtMs: [] }
}

/** Pure. `restart` says how long after the failure; for one that joins a pending restart, how long is left. */
export function decideRestart(
  strategy: RestartStrategy,
  state: RestartState,
  failure: Failure,
): { readonly state: RestartState; readonly decision: RestartDecision } {
  if (strategy.kind === 'none' || failure.retry === 'never') return { state, decision: { kind: 'give-up' } }
  if (state.dueAtMs !== undefined && failure.atMs < state.dueAtMs) {
    return { state, decision: { kind: 'restart', afterMs: state.dueAtMs - failure.atMs } }
  }
  if (strategy.kind === 'fixed-delay') {
    if (state.restarts >= strategy.attempts) return { state, decision: { kind: 'give-up' } }
    return granted(state, failure, strategy.delayMs, 0)
  }
  if (strategy.kind === 'failure-rate') {
    const recent = state.failedAtMs.filter((atMs) => failure.atMs - atMs <= strategy.perMs)
    if (recent.length >= strategy.failures) return { state, decision: { kind: 'give-up' } }
    return granted({ ...state, failedAtMs: [...recent, failure.atMs] }, failure, strategy.delayMs, 0)
  }
  const isStable = state.dueAtMs !== undefined && failure.atMs - state.dueAtMs >= strategy.resetAfterMs
  const from = isStable ? startRestarts(strategy) : state
  const delayMs = Math.min(from.delayMs, strategy.maxMs)
  const jittered = delayMs * (1 + strategy.jitter * (2 * failure.random - 1))
  return granted(from, failure, jittered, Math.min(delayMs * strategy.multiplier, strategy.maxMs))
}

function granted(
  state: RestartState,
  failure: Failure,
  afterMs: number,
  nextDelayMs: number,
): { readonly state: RestartState; readonly decision: RestartDecision } {
  return {
    state: { ...state, restarts: state.restarts + 1, delayMs: nextDelayMs, dueAtMs: failure.atMs + afterMs },
    decision: { kind: 'restart', afterMs },
  }
}
