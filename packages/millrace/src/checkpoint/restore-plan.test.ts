import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MANIFEST_FORMAT, type Manifest } from './manifest.ts'
import { restorePlan } from './restore-plan.ts'

const ADDRESS = 'step/p'
const manifest: Manifest = {
  format: MANIFEST_FORMAT,
  job: 'j',
  checkpoint: 3,
  epoch: 1,
  createdAtMs: 0,
  reason: 'periodic',
  keyGroups: 8,
  planHash: '',
  chunks: [],
  operators: {
    [ADDRESS]: {
      kind: 'keyed',
      states: {},
      runs: [],
      watermarks: [
        { first: 0, last: 3, watermark: 900 },
        { first: 4, last: 7, watermark: 500 },
      ],
    },
  },
}

function watermarks(isKeyless: true | undefined, parallelism: number): number[] {
  const planned = restorePlan(manifest, [{ address: ADDRESS, kind: 'keyed', parallelism, isKeyless }], 8).get(ADDRESS)
  return planned?.kind === 'keyed' ? planned.subtasks.map(({ watermark }) => watermark) : []
}

test('RP2: the watermark of a subtask is the lowest of its key groups', () => {
  assert.deepEqual(watermarks(undefined, 2), [900, 500])
  assert.deepEqual(watermarks(undefined, 4), [900, 900, 500, 500])
  assert.deepEqual(watermarks(undefined, 1), [500])
})

test('RP2: without a key it is the lowest of all, since a subtask may read from another one now', () => {
  assert.deepEqual(watermarks(true, 2), [500, 500])
  assert.deepEqual(watermarks(true, 3), [500, 500, 500])
})
