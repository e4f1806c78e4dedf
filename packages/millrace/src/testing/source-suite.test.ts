/** The suite itself: sources that break a rule of the contract are found out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineSource, type Source, type SourceProgress } from '../connect/contract.ts'
import { nodeEnv } from '../env/node-env.ts'
import { ContractViolation } from './contract-case.ts'
import { sourceSuite } from './source-suite.ts'

/** Two records, each a batch and of this time. */
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
          const next = (splits.get('a') ?? 2) + 1
          if (next > 2) return 'end'
          splits.set('a', next)
          if (next === 2) splits.delete('a')
          return { split: 'a', values: [next === 1 ? 'x' : 'y'], timestamps: Float64Array.of(timestamp), next, splitEnded: next === 2 }
        },
        ready: () => Promise.resolve(),
        ...(progress === undefined ? {} : { progress: () => progress(splits.size === 0) }),
        close: () => Promise.resolve(),
      })
    },
  })
}

async function brokenBy(timestamp: number, progress?: (isEnd: boolean) => SourceProgress | undefined): Promise<string | undefined> {
  for (const { run } of sourceSuite({ env: nodeEnv(), create: () => timed(timestamp, progress), expected: new Map([['a', ['x', 'y']]]) })) {
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

/** Rows in batches of ten, read from the start again after a restart. */
function forgetful(rows: readonly number[]): Source<number> {
  return defineSource<number, number>({
    kind: 'forgetful',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: ({ ended, owns }) => {
      const splits = new Map(ended.has('a') || !owns('a') ? [] : [['a', 0]])
      return Promise.resolve({
        splits,
        poll: () => {
          const from = splits.get('a')
          if (from === undefined) return 'end'
          const values = rows.slice(from, from + 10)
          const next = from + values.length
          splits.set('a', next)
          if (next === rows.length) splits.delete('a')
          return { split: 'a', values, next, splitEnded: next === rows.length }
        },
        ready: () => Promise.resolve(),
        close: () => Promise.resolve(),
      })
    },
  })
}

test('a source that ignores its restored position is found, however few records the suite is given', async () => {
  const foundBy = async (count: number): Promise<string[]> => {
    const rows = Array.from({ length: count }, (_zero, index) => index)
    const found: string[] = []
    for (const { name, run } of sourceSuite({ env: nodeEnv(), create: () => forgetful(rows), expected: new Map([['a', rows]]) }))
      await run().catch(() => found.push(name))
    return found
  }
  assert.deepEqual(await foundBy(5), ['there is a middle of a split to go on from'])
  assert.ok((await foundBy(25)).includes('after any batch it goes on exactly there'))
})

test('of a source that is paced, the suite does not ask where batches end', () => {
  const suite = (isPaced: boolean): string[] =>
    sourceSuite({ env: nodeEnv(), create: () => timed(0), expected: new Map(), isPaced }).map(({ name }) => name)
  const ENDS = 'batches end where they ended before'
  assert.ok(suite(false).includes(ENDS))
  assert.deepEqual(
    suite(true),
    suite(false).filter((name) => name !== ENDS),
  )
})
