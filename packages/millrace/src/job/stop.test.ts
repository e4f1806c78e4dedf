/** `stop()` at every moment of a job's life: a last checkpoint, its commit, a release, and nothing after it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineSink, defineSource } from '../connect/contract.ts'
import type { JobEvent } from '../runtime/monitor.ts'
import {
  assertCounted,
  checkpointed,
  codeOf,
  countingJob,
  epochsOf,
  Lab,
  pacedSource,
  rowsOf,
  type Counted,
  type Life,
  type Row,
} from './simulated-job.test.ts'

const rows = rowsOf('a', 120)
const source = pacedSource({ a: rows })
const job = countingJob({ source })

/** The next start waits for nobody, even in the same process and with a lease that never ends, and gives what is missing. */
async function assertReleased(lab: Lab, life: Life, expected: readonly (typeof rows)[number][] = rows): Promise<void> {
  assert.equal(life.process.isDead, false)
  const next = await lab.start(job, checkpointed({ lease: '1d' }), { process: life.process })
  const before = lab.machine.nowMs
  await next.until('claimed')
  assert.ok(lab.machine.nowMs - before < 10_000, 'it has waited for a lease')
  assert.equal(next.events.filter(({ kind }) => kind === 'waiting').length, 0)
  assert.equal(await next.end(), 'finished')
  assertCounted(lab.rows<Counted>(), expected)
}

test('stopped while it runs: what was read is committed, the claim is released', async () => {
  const lab = new Lab()
  const life = await lab.start(job, checkpointed({ every: '1h', lease: '1d' }))
  await life.when(() => life.handle.status().records >= 25)
  await lab.wait(life.handle.stop())
  assert.equal(await life.end(), 'stopped')
  assert.equal(life.handle.status().phase, 'ended')
  const committed = lab.rows<Counted>()
  assert.equal(committed.length, life.handle.status().records, 'all that was read, and nothing else')
  assertCounted(committed, rows.slice(0, committed.length))
  await assertReleased(lab, life)
})

test('stopped at a moment of every millisecond or so of its first 40', async () => {
  for (let index = 0; index < 40; index++) {
    const lab = new Lab()
    const life = await lab.start(job, checkpointed({ lease: '1d' }))
    await lab.machine.advance(index * 0.9 + (index % 7) / 10)
    await lab.wait(life.handle.stop())
    // Now and then a checkpoint is so slow that all input has been read before the last one begins.
    if ((await life.end()) === 'finished') continue
    assert.equal(await life.end(), 'stopped')
    await assertReleased(lab, life)
  }
})

test('stopped twice, and once more when it has ended', async () => {
  const lab = new Lab()
  const life = await lab.start(job, checkpointed())
  await life.until('checkpoint', 2)
  await lab.wait(Promise.all([life.handle.stop(), life.handle.stop()]))
  assert.equal(await life.end(), 'stopped')
  await lab.wait(life.handle.stop())
  await assertReleased(lab, life)
})

test('stopped while another process has the job: it ends at once and leaves no claim', async () => {
  const lab = new Lab()
  const endless = countingJob({ source: pacedSource({ a: rows }, { endless: true }) })
  const owner = await lab.start(endless, checkpointed({ lease: '1h' }))
  await owner.until('running')
  const waiting = await lab.start(endless, checkpointed({ lease: '1h' }))
  await waiting.until('waiting', 2)
  await lab.wait(waiting.handle.stop())
  assert.equal(await waiting.end(), 'stopped')
  assert.deepEqual(epochsOf(waiting.events), [])
  await owner.when(() => owner.handle.status().records === rows.length)
  await lab.wait(owner.handle.stop())
  assert.equal(await owner.end(), 'stopped')
  assertCounted(lab.rows<Counted>(), rows)
})

test('stopped by whoever is told that it has the claim: it releases and ends', async () => {
  const lab = new Lab()
  let stopped: Promise<void> | undefined
  const observer = (event: JobEvent): void => {
    if (event.kind === 'claimed') stopped = begun.life?.handle.stop()
  }
  const begun: { life?: Life } = {}
  const life = await lab.start(job, checkpointed({ lease: '1d' }), { observer })
  begun.life = life
  assert.equal(await life.end(), 'stopped')
  await lab.wait(stopped as Promise<void>)
  await assertReleased(lab, life)
})

test('stopped while it restores its state', async () => {
  const lab = new Lab()
  const first = await lab.start(job, checkpointed())
  await first.until('checkpoint', 4)
  lab.machine.kill(first.process)
  const life = await lab.start(job, checkpointed({ lease: '1d' }))
  await life.until('restoring')
  await lab.wait(life.handle.stop())
  assert.equal(await life.end(), 'stopped')
  assert.equal(life.events.filter(({ kind }) => kind === 'running').length, 0, 'no record has flowed')
  assert.equal(life.handle.status().records, 0)
  await assertReleased(lab, life)
})

test('stopped while it waits for its restart', async () => {
  const lab = new Lab()
  let left = 1
  const inspect = ({ n }: { readonly n: number }): void => {
    if (n === 30 && left-- > 0) throw new Error('once')
  }
  const restart = { strategy: 'fixed-delay', attempts: 3, delay: '1h' } as const
  const life = await lab.start(countingJob({ source, inspect }), checkpointed({ lease: '1d' }, { restart }))
  await life.until('attempt-failed')
  await life.when(() => life.handle.status().phase === 'restarting')
  const before = lab.machine.nowMs
  await lab.wait(life.handle.stop())
  assert.ok(lab.machine.nowMs - before < 60_000)
  assert.equal(await life.end(), 'stopped')
  await assertReleased(lab, life)
})

/** A supervisor must not read success of a job that could never begin. */
test('stopped while it waits for its restart before it has run at all: its failure, after the release', async () => {
  const lab = new Lab()
  const unreachable = defineSource<Row, null>({
    kind: 'unreachable',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: () => Promise.reject(new Error('nobody answers')),
  })
  const restart = { strategy: 'fixed-delay', attempts: 3, delay: '1h' } as const
  const life = await lab.start(countingJob({ source: unreachable }), checkpointed({ lease: '1d' }, { restart }))
  await life.when(() => life.handle.status().phase === 'restarting')
  const stopped = life.handle.stop().catch((error: unknown) => error)
  assert.equal(codeOf((await lab.wait(stopped)) as never), 'SOURCE')
  assert.equal(codeOf(await life.end()), 'SOURCE')
  await assertReleased(lab, life)
})

/** The entry counts or not: the release follows it, and whoever comes next waits for nobody. */
test('stopped while it waits for its restart and an entry is still on its way', async () => {
  const lab = new Lab()
  let slow = 0
  const inspect = (): void => {
    if (slow !== 1) return
    slow++
    throw new Error('once')
  }
  lab.machine.faults = ({ kind, path }) => {
    if (kind !== 'link' || !path.endsWith('000003.entry') || slow > 0) return undefined
    slow++
    return { kind: 'slow', byMs: 5_000 }
  }
  const restart = { strategy: 'fixed-delay', attempts: 3, delay: '1h' } as const
  const life = await lab.start(countingJob({ source, inspect }), checkpointed({ lease: '1d' }, { restart }))
  await life.when(() => life.handle.status().phase === 'restarting')
  await lab.wait(life.handle.stop())
  assert.equal(await life.end(), 'stopped')
  await assertReleased(lab, life)
})

test('a deadline that passes before the last checkpoint is complete ends the job with STOPPED; the next run is exact', async () => {
  const lab = new Lab()
  const life = await lab.start(job, checkpointed({ every: '1h' }))
  await life.when(() => life.handle.status().records >= 25)
  lab.machine.faults = ({ kind, path }) => (kind === 'sync' && path.startsWith('/out/') ? { kind: 'slow', byMs: 60_000 } : undefined)
  const stopped = life.handle.stop({ deadlineMs: 2_000 }).catch((error: unknown) => error)
  assert.equal(codeOf((await lab.wait(stopped)) as never), 'STOPPED')
  assert.equal(codeOf(await life.end()), 'STOPPED')
  lab.machine.faults = undefined
  await assertReleased(lab, life)
})

test('a deadline that does not pass changes nothing', async () => {
  const lab = new Lab()
  const life = await lab.start(job, checkpointed())
  await life.until('checkpoint', 2)
  await lab.wait(life.handle.stop({ deadlineMs: 60_000 }))
  assert.equal(await life.end(), 'stopped')
  const { nowMs } = lab.machine
  await lab.machine.runUntilIdle()
  assert.ok(lab.machine.nowMs - nowMs < 10_000, 'no timer is left of the deadline')
})

test('a signal that was aborted before the start: nothing is claimed, read or written', async () => {
  const lab = new Lab()
  const life = await lab.start(job, { ...checkpointed(), signal: AbortSignal.abort() })
  assert.equal(await life.end(), 'stopped')
  assert.deepEqual(lab.paths('/checkpoints'), [])
  assert.deepEqual(lab.paths('/out'), [])
})

test('a signal that is aborted while it runs stops it as stop() does', async () => {
  const lab = new Lab()
  const controller = new AbortController()
  const life = await lab.start(job, { ...checkpointed({ lease: '1d' }), signal: controller.signal })
  await life.until('checkpoint', 2)
  controller.abort()
  assert.equal(await life.end(), 'stopped')
  await assertReleased(lab, life)
})

test('nothing is emitted to an at-least-once sink after the barrier of the stop', async () => {
  for (let round = 0; round < 8; round++) {
    const lab = new Lab()
    const written: Counted[] = []
    let sealed = -1
    const immediate = defineSink<Counted, null>({
      kind: 'immediate',
      delivery: 'at-least-once',
      open: async () => ({
        write: (value) => {
          written.push(value)
          return true
        },
        ready: async () => undefined,
        seal: () => {
          sealed = written.length
          return { durable: Promise.resolve({ committables: [] }) }
        },
        close: async () => undefined,
      }),
    })
    const life = await lab.start(countingJob({ source: pacedSource({ a: rows }, { everyMs: 0.2 }), sink: immediate }), checkpointed())
    await life.when(() => written.length > 10)
    await lab.wait(life.handle.stop())
    assert.equal(written.length, sealed)
    assertCounted(written, rows.slice(0, written.length))
  }
})

test('a job without checkpoints that is stopped commits what it has read', async () => {
  const lab = new Lab()
  const life = await lab.start(job, {})
  await life.when(() => life.handle.status().records >= 25)
  await lab.wait(life.handle.stop())
  assert.equal(await life.end(), 'stopped')
  assert.equal(lab.rows().length, life.handle.status().records)
  assertCounted(lab.rows<Counted>(), rows.slice(0, lab.rows().length))
})

/** It may be the last answer for which the process waits: a claim that nobody releases would make the next start wait a lease. */
test('stopped while its claim is being made: the claim is made and released', async () => {
  const begun: { life?: Life } = {}
  let stopped: Promise<void> | undefined
  const lab = new Lab({
    crashPoint: (name) => {
      if (name === 'storage.entry.beforeLink' && stopped === undefined) stopped = begun.life?.handle.stop()
      return undefined
    },
  })
  const life = await lab.start(job, checkpointed({ lease: '1d' }))
  begun.life = life
  assert.equal(await life.end(), 'stopped')
  await lab.wait(stopped as Promise<void>)
  await assertReleased(lab, life)
})

test('a job that was stopped while it was opened processes nothing while it releases its claim', async () => {
  const lab = new Lab()
  const seen: number[] = []
  const quick = pacedSource({ a: rows }, { batch: 20, everyMs: 0.1 })
  const first = await lab.start(countingJob({ source: pacedSource({ a: rows }, { everyMs: 10 }) }), checkpointed())
  await first.until('checkpoint', 2)
  lab.machine.kill(first.process)
  const begun: { life?: Life } = {}
  // The last step before the tasks are open; then the release takes long.
  lab.machine.crashPoint = (name) => {
    if (name !== 'restore.run') return undefined
    void begun.life?.handle.stop().catch(() => undefined)
    lab.machine.faults = ({ kind, path }) => (kind === 'sync' && path.includes('/log/') ? { kind: 'slow', byMs: 5_000 } : undefined)
    return undefined
  }
  const life = await lab.start(countingJob({ source: quick, inspect: ({ n }) => void seen.push(n) }), checkpointed())
  begun.life = life
  assert.equal(await life.end(), 'stopped')
  assert.deepEqual(seen, [])
  assert.equal(life.events.filter(({ kind }) => kind === 'running').length, 0)
})

test('a deadline also ends the waiting for a release that does not come, and says so', async () => {
  const lab = new Lab()
  const inspect = (): void => {
    throw new Error('always')
  }
  const restart = { strategy: 'fixed-delay', attempts: 3, delay: '1h' } as const
  const life = await lab.start(countingJob({ source, inspect }), checkpointed({}, { restart }))
  await life.when(() => life.handle.status().phase === 'restarting')
  lab.machine.faults = ({ path }) => (path.includes('/log/') ? { kind: 'slow', byMs: 3_600_000 } : undefined)
  const before = lab.machine.nowMs
  const stopped = life.handle.stop({ deadlineMs: 2_000 }).catch((error: unknown) => error)
  const end = await lab.wait(stopped)
  assert.equal(codeOf(end as never), 'STOPPED')
  assert.match(String(end), /The deadline of stop\(\) has passed/)
  assert.ok(lab.machine.nowMs - before < 10_000)
})
