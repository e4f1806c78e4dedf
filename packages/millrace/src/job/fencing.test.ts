/** Two processes that want one job (rules 1.3): the one that was too slow ends, and commits nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import {
  assertCounted,
  checkpointed,
  codeOf,
  countingJob,
  epochsOf,
  errorsOf,
  Lab,
  pacedSource,
  rowsOf,
  type Counted,
  type Life,
} from './simulated-job.test.ts'

const rows = rowsOf('a', 60)
const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 20 }) })
const restart = { strategy: 'fixed-delay', attempts: 9, delay: 100 } as const

test('a process that finds the job taken waits for a lease, then takes over; the one that was paused ends with FENCED', async () => {
  const lab = new Lab()
  const first = await lab.start(job, checkpointed({}, { restart }))
  await first.until('checkpoint', 3)
  lab.machine.pause(first.process, 30_000)
  const second = await lab.start(job, checkpointed())
  const before = lab.machine.nowMs
  await second.until('claimed')
  assert.ok(lab.machine.nowMs - before >= 1_000, 'a lease of silence')
  assert.ok(second.events.some(({ kind }) => kind === 'waiting'))
  assert.equal(await second.end(), 'finished')
  // What it was writing when it was stopped it may still write, under a name that nobody reads.
  const readable = (): string[] => lab.picture('/out').filter((file) => !file.includes('.inprogress'))
  const [committed, log] = [readable(), lab.picture('/checkpoints/log')]
  const end = await first.end()
  assert.equal(codeOf(end), 'FENCED')
  assert.deepEqual(errorsOf(first.events), ['FENCED'], 'no restart')
  await lab.machine.runUntilIdle()
  assert.deepEqual(readable(), committed)
  assert.deepEqual(lab.picture('/checkpoints/log'), log)
  assertCounted(lab.rows<Counted>(), rows)
})

/** The zombie wakes up while the new owner works, and may do what it was about to do. */
test('at whatever step the first process is paused, the output is exact and it ends with FENCED', async () => {
  const points = [
    'chunk.before',
    'entry.beforeCreate',
    'storage.entry.beforeLink',
    'entry.afterCreate',
    'checkpoint.stored',
    'commit.before',
    'files.commit.beforeLink',
    'files.commit.afterLink',
    'task.drained',
    'task.held',
    'task.encoded',
    'task.acknowledge',
    'files.part.beforeCreate',
    'files.part.beforeSync',
  ]
  for (const name of points) {
    const lab = new Lab()
    const begun: { life?: Life } = {}
    lab.machine.crashPoint = (at, count) => {
      if (at === name && count === 4 && begun.life !== undefined) lab.machine.pause(begun.life.process, 4_000)
      return undefined
    }
    const paused = await lab.start(job, checkpointed({ retain: 1 }, { restart }))
    begun.life = paused
    await paused.until('claimed')
    const second = await lab.start(countingJob({ source: pacedSource({ a: rows }, { everyMs: 60 }) }), checkpointed({ retain: 1 }))
    const ends = [codeOf(await paused.end()), codeOf(await second.end())]
    assert.deepEqual(ends, ['FENCED', 'finished'], `paused at ${name}`)
    await lab.machine.runUntilIdle()
    assertCounted(lab.rows<Counted>(), rows)
  }
})

/** What it still needs, the new owner no longer does. */
test('one that is paused while it restores, and whose files are deleted meanwhile, ends with FENCED: nothing is lost', async () => {
  const openParts = fileSink<Counted>('/out', jsonLines(), { rollAfter: { checkpoint: false, age: '1h' } })
  for (const point of ['restore.run', 'files.part.beforeCopy', 'withdraw.before', 'commit.before']) {
    const lab = new Lab()
    const counting = (everyMs: number) => countingJob({ source: pacedSource({ a: rows }, { everyMs }), sink: openParts })
    const first = await lab.start(counting(20), checkpointed({ retain: 1 }))
    await first.until('checkpoint', 4)
    lab.machine.kill(first.process)
    const paused = await lab.start(counting(20), checkpointed({ retain: 1 }, { restart }))
    let isPaused = false
    lab.machine.crashPoint = (at, _count, process) => {
      if (at === point && process === paused.process) {
        lab.machine.crashPoint = undefined
        lab.machine.pause(process, 6_000)
        isPaused = true
      }
      return undefined
    }
    await paused.when(() => isPaused)
    const third = await lab.start(counting(60), checkpointed({ retain: 1 }))
    assert.equal(await third.end(), 'finished')
    assert.equal(codeOf(await paused.end()), 'FENCED', `paused at ${point}`)
    assertCounted(lab.rows<Counted>(), rows)
  }
})

test('a process that lives is not taken over, however slow it is: its heart beats', async () => {
  const lab = new Lab()
  const slow = countingJob({ source: pacedSource({ a: rows.slice(0, 20) }, { everyMs: 700 }) })
  const first = await lab.start(slow, checkpointed({ every: '1h' }))
  await first.until('running')
  const second = await lab.start(slow, checkpointed({ every: '1h' }))
  assert.equal(await first.end(), 'finished')
  assert.equal(await second.end(), 'already-finished')
  assert.deepEqual(epochsOf(second.events), [])
})

test('nobody waits for a process of this machine that is gone', async () => {
  const lab = new Lab()
  const first = await lab.start(job, checkpointed({ lease: '1d' }))
  await first.until('checkpoint', 2)
  lab.machine.kill(first.process)
  const second = await lab.start(job, checkpointed({ lease: '1d' }))
  const before = lab.machine.nowMs
  await second.until('claimed')
  assert.ok(lab.machine.nowMs - before < 5_000)
  assert.equal(await second.end(), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('after a loss of power a lease is waited for: nobody knows whether the other machine is gone', async () => {
  const lab = new Lab()
  const first = await lab.start(job, checkpointed({ lease: '30s' }))
  await first.until('checkpoint', 2)
  lab.machine.losePower()
  const second = await lab.start(job, checkpointed({ lease: '1s' }))
  const before = lab.machine.nowMs
  await second.until('claimed')
  assert.ok(lab.machine.nowMs - before >= 30_000, 'the lease of the owner, not of the waiter')
  assert.equal(await second.end(), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('two that start at the same time: one runs, the other waits and finds the job finished', async () => {
  for (let round = 0; round < 6; round++) {
    const lab = new Lab()
    const lives = [await lab.start(job, checkpointed()), await lab.start(job, checkpointed())]
    const ends = [await lives[0]?.end(), await lives[1]?.end()]
    assert.deepEqual(new Set(ends), new Set(['already-finished', 'finished']))
    assertCounted(lab.rows<Counted>(), rows)
  }
})

test('a failed attempt that waits for its restart and is taken over meanwhile ends with FENCED', async () => {
  const lab = new Lab()
  let left = 1
  const inspect = ({ n }: { readonly n: number }): void => {
    if (n === 10 && left-- > 0) throw new Error('once')
  }
  const failing = countingJob({ source: pacedSource({ a: rows }, { everyMs: 20 }), inspect })
  const first = await lab.start(failing, checkpointed({}, { restart: { ...restart, delay: '1m' } }))
  await first.when(() => first.handle.status().phase === 'restarting')
  lab.machine.pause(first.process, 8_000)
  const second = await lab.start(job, checkpointed())
  assert.equal(await second.end(), 'finished')
  assert.equal(codeOf(await first.end()), 'FENCED')
  assertCounted(lab.rows<Counted>(), rows)
})
