import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationMs, durationWritten, type Duration } from './duration.ts'

test('durations are written as they are read', () => {
  const rows = [
    [0, '0ms'],
    [1, '1ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [1_500, '1500ms'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [5_400_000, '1h30m'],
    [90_061_001, '1d1h1m1001ms'],
  ] as const
  for (const [ms, text] of rows) {
    assert.equal(durationWritten(ms), text)
    assert.equal(durationMs(text as Duration), ms)
  }
})
