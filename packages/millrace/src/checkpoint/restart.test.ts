import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideRestart, startRestarts, type RestartState, type RestartStrategy } from './restart.ts'

const exponential: RestartStrategy = {
  kind: 'exponential',
  initialMs: 1000,
  multiplier: 1.5,
  maxMs: 60_000,
  jitter: 0.1,
  resetAfterMs: 3_600_000,
}

/** Restart delays for failures that come `gapMs` after the restart before was due. */
function delays(strategy: RestartStrategy, gapsMs: readonly number[], random: number = 0.5): readonly (number | 'give-up')[] {
  let state: RestartState = startRestarts(strategy)
  let nowMs = 0
  return gapsMs.map((gapMs) => {
    nowMs += gapMs
    const { state: next, decision } = decideRestart(strategy, state, { atMs: nowMs, retry: 'restart-job', random })
    state = next
    if (decision.kind === 'give-up') return 'give-up'
    nowMs += decision.afterMs
    return Math.round(decision.afterMs)
  })
}

test('RS-1: exponential delays grow by 1.5 from 1 s to 1 min and never end', () => {
  assert.deepEqual(delays(exponential, Array(12).fill(1)), [1000, 1500, 2250, 3375, 5063, 7594, 11391, 17086, 25629, 38443, 57665, 60000])
})

test('RS-1: jitter is a tenth either way', () => {
  assert.deepEqual(delays(exponential, [0], 0), [900])
  assert.deepEqual(delays(exponential, [0], 0.999_999), [1100])
})

test('RS-2: after an hour without a failure the delay begins anew, a moment earlier it does not', () => {
  assert.deepEqual(delays(exponential, [0, 1, 3_599_999, 3_600_000]), [1000, 1500, 2250, 1000])
})

test('RS-2: a failure while a restart is pending belongs to that restart', () => {
  const first = decideRestart(exponential, startRestarts(exponential), { atMs: 0, retry: 'restart-job', random: 0.5 })
  const second = decideRestart(exponential, first.state, { atMs: 400, retry: 'restart-job', random: 0.5 })
  assert.deepEqual(second.decision, { kind: 'restart', afterMs: 600 })
  assert.equal(second.state, first.state)
})

test('RS-1: fixed delay has so many attempts', () => {
  assert.deepEqual(delays({ kind: 'fixed-delay', attempts: 2, delayMs: 10 }, [0, 0, 0]), [10, 10, 'give-up'])
  assert.deepEqual(delays({ kind: 'none' }, [0]), ['give-up'])
})

test('RS-3: an error that never helps to retry ends the job', () => {
  assert.equal(decideRestart(exponential, startRestarts(exponential), { atMs: 0, retry: 'never', random: 0 }).decision.kind, 'give-up')
})

const rate: RestartStrategy = { kind: 'failure-rate', failures: 3, perMs: 100, delayMs: 10 }

test('RS-1: a failure rate grants so many restarts within its interval, and gives up at one more', () => {
  assert.deepEqual(delays(rate, [0, 0, 0, 0]), [10, 10, 10, 'give-up'])
  // At 0, 40, 80: the fourth is the fourth within the interval up to 100 after the first.
  assert.deepEqual(delays(rate, [0, 30, 30, 10]), [10, 10, 10, 'give-up'])
  assert.deepEqual(delays(rate, [0, 30, 30, 11]), [10, 10, 10, 10])
})

test('RS-1: failures that come slowly enough never use a failure rate up, and only as many are remembered', () => {
  const seldom = Array.from({ length: 1_000 }, () => 24)
  assert.deepEqual(new Set(delays(rate, seldom)), new Set([10]))
  let state = startRestarts(rate)
  for (let atMs = 0; atMs < 34_000; atMs += 34) {
    state = decideRestart(rate, state, { atMs, retry: 'restart-job', random: 0 }).state
    assert.ok(state.failedAtMs.length <= 3)
  }
})

test('RS-2: a failure while a restart is pending is not counted by a failure rate', () => {
  const once: RestartStrategy = { ...rate, failures: 1 }
  const first = decideRestart(once, startRestarts(once), { atMs: 0, retry: 'restart-job', random: 0 })
  const joined = decideRestart(once, first.state, { atMs: 4, retry: 'restart-job', random: 0 })
  assert.deepEqual(joined.decision, { kind: 'restart', afterMs: 6 })
  assert.equal(decideRestart(once, joined.state, { atMs: 10, retry: 'restart-job', random: 0 }).decision.kind, 'give-up')
})
