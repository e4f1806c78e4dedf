import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StopSignal } from './exit-codes.ts'
import { stopper } from './stopper.ts'

function told(...signals: readonly (readonly [atMs: number, signal: StopSignal])[]): string[] {
  const events: string[] = []
  let now = 0
  const onSignal = stopper({
    now: () => now,
    stop: (signal) => events.push(`stop ${signal}`),
    end: (signal, code) => events.push(`end ${signal} ${code}`),
  })
  for (const [atMs, signal] of signals) {
    now = atMs
    onSignal(signal)
  }
  return events
}

test('once stops, twice ends', () => {
  assert.deepEqual(told([0, 'SIGINT']), ['stop SIGINT'])
  assert.deepEqual(told([0, 'SIGINT'], [1_000, 'SIGINT']), ['stop SIGINT', 'end SIGINT 130'])
  assert.deepEqual(told([0, 'SIGTERM'], [1_000, 'SIGTERM']), ['stop SIGTERM', 'end SIGTERM 143'])
  assert.deepEqual(told([0, 'SIGINT'], [50, 'SIGTERM']), ['stop SIGINT', 'end SIGTERM 143'])
})

test('one Ctrl-C that a terminal and npm both deliver is one', () => {
  assert.deepEqual(told([0, 'SIGINT'], [3, 'SIGINT']), ['stop SIGINT'])
  assert.deepEqual(told([0, 'SIGINT'], [3, 'SIGINT'], [400, 'SIGINT']), ['stop SIGINT', 'end SIGINT 130'])
})
