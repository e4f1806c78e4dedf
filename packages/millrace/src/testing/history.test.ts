import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import { arraySource } from '../connectors/array-source.ts'
import { StreamError } from '../core/errors.ts'
import type { Fault } from './fault.ts'
import { playHistory, type Outcome } from './history.ts'
import { nowhere } from './harness.test.ts'

const RECORDS = Array.from({ length: 300 }, (_zero, value) => ({ value, timestamp: Number.NaN }))

/** The processes of these numbers, from 1, give up with an error of the disk. */
async function historyOf(givingUp: readonly number[], faults: readonly Fault[]): Promise<Outcome> {
  let processes = 0
  const job = defineJob('numbers', (job) => {
    const process = ++processes
    const numbers = job.from('numbers', arraySource<number>([]))
    const same = numbers.map((number) => {
      if (givingUp.includes(process)) throw new StreamError('STORAGE', `process ${process} gives up`)
      return number
    })
    same.to('same', nowhere())
  })
  const input = new Map([['source/numbers', new Map([['0', RECORDS]])]])
  return playHistory({ job, options: { parallelism: 1, keyGroups: 16 }, input }, 1, faults)
}

/** Its share is nothing: what fails is up to the test. */
const badDisk = (forMs: number): Fault => ({ kind: 'disk-errors', when: { afterMs: 2 }, forMs, share: 0 })

test('a process that has lived while the disk failed may give up because of it: at once, later, and if it has started meanwhile', async () => {
  for (const [givingUp, forMs] of [
    [[1], 100],
    [[1, 2], 700],
  ] as const) {
    const { error, lines, output } = await historyOf(givingUp, [badDisk(forMs)])
    assert.equal(error, undefined, lines.join('\n'))
    const story = lines.filter((line) => /gives up: |starts|as it was/.test(line)).map((line) => line.replace(/.* ms {2}/, ''))
    const mended = ['the disk is as it was']
    assert.deepEqual(story, [
      'process 1 starts',
      ...(forMs === 100 ? mended : []),
      ...givingUp.flatMap((process) => [`process ${process} gives up: STORAGE`, `process ${process + 1} starts`]),
      ...(forMs === 100 ? [] : mended),
    ])
    assert.equal(output.get('sink/same')?.length, RECORDS.length)
  }
})

test('a process that has started on a healthy disk has no excuse, though the disk has failed before', async () => {
  const { error } = await historyOf([2], [badDisk(10), { kind: 'kill', when: { afterMs: 2 } }])
  assert.ok(StreamError.is(error))
  assert.equal(error.message, 'process 2 gives up')
})
