/** The suite itself: sources that break a rule of the contract are found out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineSource, type Source, type SourceProgress } from '../connect/contract.ts'
import { nodeEnv } from '../env/node-env.ts'
import { ContractViolation } from './contract-case.ts'
import { sourceSuite } from './source-suite.ts'

/** One record, with this time. */
function timed(timestamp: number, progress?: (isEnd: boolean) => SourceProgress | undefined): Source<string> {
  return defineSource<string, number>({
    kind: 'timed',
    bounded: true,
    replayable: true,
    timestamps: true,
    open: ({ restored, ended, owns }) => {
      const splits = new Map(ended.has('a') || !owns('a') ? [] : [['a', restored.get('a') ?? 0]])
      return Promise.resolve({
        splits,
        poll: () => {
          if (!splits.delete('a')) return 'end'
          return { split: 'a', values: ['x'], timestamps: Float64Array.of(timestamp), next: 1, splitEnded: true }
        },
        ready: () => Promise.resolve(),
        ...(progress === undefined ? {} : { progress: () => progress(splits.size === 0) }),
        close: () => Promise.resolve(),
      })
    },
  })
}

async function brokenBy(timestamp: number, progress?: (isEnd: boolean) => SourceProgress | undefined): Promise<string | undefined> {
  for (const { run } of sourceSuite({ env: nodeEnv(), create: () => timed(timestamp, progress), expected: new Map([['a', ['x']]]) })) {
    try {
      await run()
    } catch (error) {
      assert.ok(error instanceof ContractViolation)
      return error.message
    }
  }
  return undefined
}

test('rules 1.13: the suite wants times that are whole milliseconds, or NaN', async () => {
  for (const timestamp of [0, -5, Number.NaN]) assert.equal(await brokenBy(timestamp), undefined)
  for (const timestamp of [0.5, Number.POSITIVE_INFINITY, 2 ** 60])
    assert.match((await brokenBy(timestamp)) ?? '', /a timestamp is a whole number of milliseconds or NaN/)
})

test('the suite wants progress that grows to all of it', async () => {
  assert.equal(await brokenBy(0, () => undefined), undefined)
  assert.equal(await brokenBy(0, (isEnd) => ({ done: isEnd ? 5 : 0, total: 5 })), undefined)
  assert.match((await brokenBy(0, () => ({ done: 6, total: 5 }))) ?? '', /of 5 it has done at most all, not 6/)
  assert.match((await brokenBy(0, (isEnd) => ({ done: isEnd ? 1 : 2, total: 5 }))) ?? '', /does not go back from 0\.4 to 0\.2/)
  assert.match((await brokenBy(0, () => ({ done: 1, total: 5 }))) ?? '', /the progress at the end/)
})
