import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobStatus } from '../runtime/monitor.ts'
import { summaryLines } from './summary.ts'

const status: JobStatus = {
  phase: 'ended',
  records: 5_003,
  invalid: 2,
  late: 0,
  sources: [
    { address: 'source/orders', records: 5_000, invalid: 2, share: 1 },
    { address: 'source/rules', records: 3, invalid: 0, share: 1 },
  ],
  sinks: [
    { address: 'sink/totals', records: 4_998, place: 'out/totals' },
    { address: 'sink/screen', records: 3, place: undefined },
  ],
  watermark: Number.POSITIVE_INFINITY,
  restarts: 0,
  newestCheckpoint: undefined,
  restored: undefined,
}

test('late records that went nowhere are told', () => {
  const lines = summaryLines({ status: { ...status, late: 7 }, checkpoints: 3 })
  assert.equal(lines.at(-2), '  7 records came too late for all windows and went nowhere: lateTo() keeps them')
})

test('what was read, what was written and where it is, and what it took', () => {
  assert.deepEqual(summaryLines({ status, checkpoints: 3 }), [
    '  read     source/orders  5,000  2 of them invalid',
    '  read     source/rules       3',
    '  written  sink/totals    4,998  out/totals',
    '  written  sink/screen        3',
    '  3 checkpoints, 0 restarts',
  ])
  assert.equal(
    summaryLines({ status: { ...status, restarts: 1 }, checkpoints: 1 }).at(-1),
    '  1 checkpoint, 1 restart; what was read or written again after a restart is counted again',
  )
})
