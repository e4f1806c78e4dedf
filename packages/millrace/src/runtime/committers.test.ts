import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPlan, defineJob } from '../api/job.ts'
import type { StoredCommittable } from '../checkpoint/manifest.ts'
import { Underway } from '../task/underway.ts'
import { defineSink, type CommitOutcome, type Sink, type SinkContext } from '../connect/contract.ts'
import { arraySource } from '../connectors/array-source.ts'
import { StreamError } from '../core/errors.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { Committers } from './committers.ts'

type Env = ReturnType<typeof virtualEnv>
type Answer = (ids: readonly number[], call: number) => readonly CommitOutcome[]

const cause = new Error('away')
const all =
  (kind: CommitOutcome['kind']): Answer =>
  (ids) =>
    ids.map(() => (kind === 'retry' || kind === 'failed' ? { kind, cause } : { kind }))

/** A sink whose committer answers so, and what it was asked. */
function sinkOf(answer: Answer): {
  readonly sink: Sink<number>
  readonly calls: number[][]
  readonly contexts: SinkContext[]
  readonly done: string[]
} {
  const calls: number[][] = []
  const contexts: SinkContext[] = []
  const done: string[] = []
  const sink = defineSink<number, number>({
    kind: 'test',
    delivery: 'exactly-once',
    open: () => Promise.reject(new Error('no writer is opened here')),
    committer: async (context) => {
      contexts.push(context)
      return {
        commit: async (committables) => {
          const ids = committables.map(({ data }) => data)
          return answer(ids, calls.push(ids) - 1)
        },
        withdraw: async (kept, open) => void done.push(`withdraw ${[...kept.map(({ data }) => data), ...open].join()}`),
        close: async () => void done.push('close'),
      }
    },
  })
  return { sink, calls, contexts, done }
}

function opened(env: Env, sinks: Readonly<Record<string, Sink<number>>>): Promise<Committers> {
  const job = defineJob('committing', (builder) => {
    const values = builder.from('a', arraySource([1]))
    for (const [id, sink] of Object.entries(sinks)) values.to(id, sink)
  })
  return env.machine.run(
    Committers.open({
      plan: buildPlan(job, undefined).plan,
      env,
      log: 'log',
      epoch: 7,
      keepsCheckpoints: true,
      isRestored: () => false,
      underway: new Underway(),
    }),
  )
}

const stored = (checkpoint: number, subtask: number, data: number): StoredCommittable => ({ checkpoint, epoch: 7, subtask, data })
const codeOf = (error: unknown): string => (StreamError.is(error) ? error.code : String(error))

test('M1: checkpoint by checkpoint, within one in the order of subtasks', async () => {
  const env = virtualEnv({ seed: 1 })
  const { sink, calls, contexts } = sinkOf(all('committed'))
  const committers = await opened(env, { out: sink })
  await env.machine.run(
    committers.commit('sink/out', [stored(5, 1, 51), stored(4, 0, 40), stored(5, 0, 50), stored(3, 2, 32), stored(4, 1, 41)]),
  )
  assert.deepEqual(calls, [[32], [40, 41], [50, 51]])
  assert.deepEqual(
    contexts.map(({ job, sink: address, log, epoch, isNew }) => [job, address, log, epoch, isNew]),
    [['committing', 'sink/out', 'log', 7, true]],
  )
})

test('only what is to be retried is offered again, after pauses that grow', async () => {
  const env = virtualEnv({ seed: 1 })
  const { sink, calls } = sinkOf((ids, call) =>
    ids.map((id) => (id % 2 === 1 && call < 3 ? { kind: 'retry', cause } : { kind: 'already-committed' })),
  )
  const committers = await opened(env, { out: sink })
  const before = env.machine.nowMs
  await env.machine.run(committers.commit('sink/out', [stored(1, 0, 10), stored(1, 1, 11), stored(1, 2, 12), stored(1, 3, 13)]))
  assert.deepEqual(calls, [
    [10, 11, 12, 13],
    [11, 13],
    [11, 13],
    [11, 13],
  ])
  assert.ok(env.machine.nowMs - before >= 20 + 40 + 80)
})

test('M3: failed, thrown, too often retried, wrong number of outcomes, no committer: each with its code', async () => {
  const rows: readonly (readonly [Answer, string])[] = [
    [all('failed'), 'COMMIT_FAILED'],
    [all('retry'), 'SINK'],
    [() => [], 'CONTRACT'],
  ]
  for (const [answer, code] of rows) {
    const env = virtualEnv({ seed: 1 })
    const committers = await opened(env, { out: sinkOf(answer).sink })
    await assert.rejects(env.machine.run(committers.commit('sink/out', [stored(1, 0, 1)])), (error) => codeOf(error) === code)
  }
  const env = virtualEnv({ seed: 1 })
  const plain = defineSink<number, null>({ kind: 'plain', delivery: 'at-least-once', open: () => Promise.reject(new Error('not here')) })
  const committers = await opened(env, { out: plain })
  await env.machine.run(committers.commit('sink/out', []))
  await assert.rejects(env.machine.run(committers.commit('sink/out', [stored(1, 0, 1)])), (error) => codeOf(error) === 'CONTRACT')
})

test('M2: after cancel nothing is tried again, and no pause is waited for', async () => {
  const env = virtualEnv({ seed: 1 })
  const { sink, calls, contexts } = sinkOf(all('retry'))
  const committers = await opened(env, { out: sink })
  const committing = committers.commit('sink/out', [stored(1, 0, 1)]).catch((error: unknown) => error)
  await env.machine.advance(100)
  const count = calls.length
  const { nowMs } = env.machine
  committers.cancel()
  assert.equal(codeOf(await env.machine.run(committing)), 'STOPPED')
  assert.equal(env.machine.nowMs, nowMs)
  assert.equal(calls.length, count)
  assert.equal(contexts[0]?.signal.aborted, true)
  await env.machine.runUntilIdle()
  assert.equal(env.machine.nowMs, nowMs, 'no timer is left')
})

test('M2: what a committer throws because it was cancelled is no failed commit', async () => {
  const env = virtualEnv({ seed: 1 })
  const { sink } = sinkOf(() => {
    committers.cancel()
    throw new DOMException('aborted', 'AbortError')
  })
  const committers = await opened(env, { out: sink })
  await assert.rejects(env.machine.run(committers.commit('sink/out', [stored(1, 0, 1)])), (error) => codeOf(error) === 'STOPPED')
})

test('withdraw tells each sink what is kept of it and what its writers had open; close closes all', async () => {
  const env = virtualEnv({ seed: 1 })
  const [one, two] = [sinkOf(all('committed')), sinkOf(all('committed'))]
  const committers = await opened(env, { one: one.sink, two: two.sink })
  await env.machine.run(committers.withdraw({ 'sink/two': [stored(1, 0, 5)] }, { 'sink/two': ['open'] }))
  await env.machine.run(committers.close())
  assert.deepEqual(one.done, ['withdraw ', 'close'])
  assert.deepEqual(two.done, ['withdraw 5,open', 'close'])
})

test('when one committer cannot be opened, those before it are closed', async () => {
  const env = virtualEnv({ seed: 1 })
  const one = sinkOf(all('committed'))
  const broken = defineSink<number, number>({
    kind: 'broken',
    delivery: 'exactly-once',
    open: () => Promise.reject(new Error('not here')),
    committer: () => Promise.reject(new Error('no such table')),
  })
  await assert.rejects(opened(env, { one: one.sink, two: broken }), {
    code: 'SINK',
    message: 'sink/two could not open its committer: no such table.',
  })
  assert.deepEqual(one.done, ['close'])
})

test('a committer that cannot be closed keeps no other from being closed', async () => {
  const env = virtualEnv({ seed: 1 })
  const last = sinkOf(all('committed'))
  const broken = defineSink<number, number>({
    kind: 'broken',
    delivery: 'exactly-once',
    open: () => Promise.reject(new Error('not here')),
    committer: async () => ({
      commit: async () => [],
      withdraw: () => Promise.reject(new Error('no such table')),
      close: () => Promise.reject(new Error('stuck')),
    }),
  })
  const committers = await opened(env, { one: broken, two: last.sink })
  await assert.rejects(committers.withdraw({}, {}), {
    code: 'SINK',
    message: 'sink/one could not withdraw what earlier attempts have left: no such table.',
  })
  await assert.rejects(committers.close(), /stuck/)
  assert.deepEqual(last.done, ['close'])
})

test('a commit that throws says whose it is', async () => {
  const env = virtualEnv({ seed: 1 })
  const { sink } = sinkOf(() => {
    throw new Error('away')
  })
  const committers = await opened(env, { out: sink })
  await assert.rejects(env.machine.run(committers.commit('sink/out', [stored(1, 0, 1)])), {
    code: 'COMMIT_FAILED',
    message: /^sink\/out could not commit .*: away\.$/,
  })
})
