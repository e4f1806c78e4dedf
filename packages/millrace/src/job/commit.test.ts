/** What becomes of a job whose sink cannot commit, or not at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineSink, type CommitOutcome, type Committable, type Sink } from '../connect/contract.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import type { Env } from '../core/env.ts'
import type { StreamError } from '../core/errors.ts'
import {
  assertCounted,
  checkpointed,
  checkpointsOf,
  codeOf,
  countingJob,
  errorsOf,
  Lab,
  pacedSource,
  rowsOf,
  type Counted,
} from './simulated-job.test.ts'

const rows = rowsOf('a', 40)
const source = pacedSource({ a: rows })

interface Staged {
  readonly sink: Sink<Counted>
  /** Rows of all committables that were given the outcome `committed`, in order. */
  readonly committed: Counted[]
  /** Calls of `commit`: checkpoints of their committables. */
  readonly calls: number[][]
}

/** What `Counted` is, as data. */
type Rows = { readonly id: string; readonly rows: readonly { readonly key: string; readonly seq: number; readonly n: number }[] }

/** Keeps rows in its committables; `answer` says what becomes of the k-th call's. Idempotent. */
function staged(answer: (call: number, env: Env) => CommitOutcome['kind'] | Promise<CommitOutcome['kind']>): Staged {
  const seen = new Set<string>()
  const committed: Counted[] = []
  const calls: number[][] = []
  const settle = (kind: CommitOutcome['kind'], { data }: Committable<Rows>): CommitOutcome => {
    if (kind === 'retry' || kind === 'failed') return { kind, cause: new Error('the other side is away') }
    if (seen.has(data.id)) return { kind: 'already-committed' }
    seen.add(data.id)
    committed.push(...data.rows)
    return { kind }
  }
  const sink = defineSink<Counted, Rows>({
    kind: 'staged',
    delivery: 'exactly-once',
    open: async ({ env }) => {
      let pending: Counted[] = []
      return {
        write: (value) => {
          pending.push(value)
          return true
        },
        ready: async () => undefined,
        seal: () => {
          const sealed = pending
          pending = []
          return {
            durable: Promise.resolve({
              committables: sealed.length === 0 ? [] : [{ id: env.random.id(), rows: sealed.map((row) => ({ ...row })) }],
            }),
          }
        },
        close: async () => undefined,
      }
    },
    committer: async ({ env }) => ({
      commit: async (committables) => {
        const call = calls.push(committables.map(({ checkpoint }) => checkpoint)) - 1
        const kind = await answer(call, env)
        return committables.map((one) => settle(kind, one))
      },
      withdraw: async () => undefined,
      close: async () => undefined,
    }),
  })
  return { sink, committed, calls }
}

test('a commit that is to be retried is retried, and the job goes on', async () => {
  const lab = new Lab()
  const { sink, committed, calls } = staged((call) => (call % 3 === 2 ? 'committed' : 'retry'))
  const life = await lab.start(countingJob({ source, sink }), checkpointed())
  assert.equal(await life.end(), 'finished')
  assertCounted(committed, rows)
  const order = calls.map(([checkpoint]) => checkpoint as number)
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
    'checkpoint by checkpoint (M1)',
  )
})

test('a commit that is to be retried for ever ends the attempt with SINK: nothing speaks against it', async () => {
  const lab = new Lab()
  const { sink, committed, calls } = staged(() => 'retry')
  const life = await lab.start(countingJob({ source, sink }), checkpointed())
  const end = (await life.end()) as StreamError
  assert.equal(codeOf(end), 'SINK')
  assert.match(end.message, /sink\/out.*the other side is away/)
  assert.equal(calls.length, 11, 'once, and ten rounds more')
  assert.deepEqual(committed, [])
})

test("a commit that has 'failed' stops the job with COMMIT_FAILED, at once and loudly; a later run commits it", async () => {
  const lab = new Lab()
  let isAway = true
  const { sink, committed, calls } = staged((call) => (isAway && call === 2 ? 'failed' : 'committed'))
  const job = countingJob({ source, sink })
  const life = await lab.start(job, checkpointed())
  assert.equal(codeOf(await life.end()), 'COMMIT_FAILED')
  assert.deepEqual(errorsOf(life.events), ['COMMIT_FAILED'])
  const before = calls.length
  isAway = false
  assert.equal(await lab.run(job, checkpointed()), 'finished')
  assert.deepEqual(calls[before], calls[2], 'what could not be committed is offered first')
  assertCounted(committed, rows)
})

const restart = { strategy: 'fixed-delay', attempts: 5, delay: 50 } as const

test("a commit that has 'failed' ends the job whatever the strategy: only a person can tell what is true", async () => {
  const lab = new Lab()
  const { sink, calls } = staged((call) => (call < 1 ? 'failed' : 'committed'))
  const life = await lab.start(countingJob({ source, sink }), checkpointed({}, { restart }))
  assert.equal(codeOf(await life.end()), 'COMMIT_FAILED')
  assert.deepEqual(errorsOf(life.events), ['COMMIT_FAILED'])
  assert.equal(calls.length, 1)
})

test('a commit that could not be made in all its rounds is offered again after a restart', async () => {
  const lab = new Lab()
  const { sink, committed, calls } = staged((call) => (call < 25 ? 'retry' : 'committed'))
  const life = await lab.start(countingJob({ source, sink }), checkpointed({}, { restart }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(errorsOf(life.events), ['SINK', 'SINK'])
  assert.equal(new Set(calls.slice(0, 25).map(([checkpoint]) => checkpoint)).size, 1, 'the same checkpoint first')
  assertCounted(committed, rows)
})

test('a commit that is denied ends the job at once, and the next run makes it', async () => {
  const lab = new Lab()
  lab.machine.faults = ({ kind, path }) => (kind === 'link' && path.startsWith('/out/') ? { kind: 'error', code: 'EPERM' } : undefined)
  const restart = { strategy: 'fixed-delay', attempts: 3, delay: 10 } as const
  const life = await lab.start(countingJob({ source }), checkpointed({}, { restart }))
  const end = await life.end()
  assert.equal(codeOf(end), 'SINK')
  assert.match((end as StreamError).message, /could not commit .* EPERM.* It is tried again by the next run\.$/)
  assert.deepEqual(errorsOf(life.events), ['SINK'])
  lab.machine.faults = undefined
  assert.equal(await lab.run(countingJob({ source }), checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('a commit that throws is a failed one', async () => {
  const lab = new Lab()
  const { sink } = staged(() => Promise.reject(new Error('no route')))
  assert.equal(codeOf(await lab.run(countingJob({ source, sink }), checkpointed())), 'COMMIT_FAILED')
})

test('a failed commit at the end of a job without checkpoints is not silent', async () => {
  const lab = new Lab()
  const { sink } = staged(() => 'failed')
  assert.equal(codeOf(await lab.run(countingJob({ source, sink }), {})), 'COMMIT_FAILED')
})

test('TP-2, SK-3: checkpoints go on while a commit takes long, and are committed in their order', async () => {
  const lab = new Lab()
  const slow = (call: number, env: Env): Promise<CommitOutcome['kind']> =>
    new Promise((resolve) => env.timers.after(call === 0 ? 300 : 1, () => resolve('committed')))
  const { sink, committed, calls } = staged(slow)
  const life = await lab.start(countingJob({ source: pacedSource({ a: rows }, { everyMs: 10 }), sink }), checkpointed())
  await life.when(() => calls.length === 1)
  await life.until('checkpoint', checkpointsOf(life.events).length + 3)
  assert.deepEqual(committed, [])
  assert.equal(await life.end(), 'finished')
  assertCounted(committed, rows)
  const order = calls.map(([checkpoint]) => checkpoint as number)
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
})

test("a failed attempt tries no commit again: that is the next one's", async () => {
  const lab = new Lab()
  let epoch = 0
  const lateCalls: number[] = []
  const { sink, committed } = staged(() => {
    if (epoch === 0) return 'retry'
    lateCalls.push(epoch)
    return 'committed'
  })
  let left = 1
  const inspect = ({ n }: { readonly n: number }): void => {
    if (n === 15 && left-- > 0) throw new Error('once')
  }
  const life = await lab.start(
    countingJob({ source, sink, inspect }),
    checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 1, delay: 5_000 } }),
  )
  await life.until('attempt-failed')
  await life.when(() => life.handle.status().phase === 'restarting')
  epoch = 1
  await lab.machine.advance(4_000)
  assert.deepEqual(lateCalls, [], 'the failed attempt has gone on')
  assert.equal(await life.end(), 'finished')
  assertCounted(committed, rows)
})

/** Otherwise two attempts hand the same rows over at the same time: each would be called twice in one process. */
test('the next attempt waits for the call of a callback that is under way, and does not make it again', async () => {
  const lab = new Lab()
  const process = lab.machine.start()
  const seen: Counted[] = []
  const sink = callbackSink<Counted>((value) => {
    seen.push(value)
    return new Promise((resolve) => void process.timers.after(8, resolve))
  })
  let left = 3
  const inspect = ({ n }: { readonly n: number }): void => {
    if (n % 10 === 9 && left-- > 0) throw new Error('once')
  }
  const life = await lab.start(
    countingJob({ source, sink, inspect }),
    checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 3, delay: 1 } }),
    { process },
  )
  assert.equal(await life.end(), 'finished')
  assert.equal(errorsOf(life.events).length, 3)
  assertCounted(seen, rows)
})
