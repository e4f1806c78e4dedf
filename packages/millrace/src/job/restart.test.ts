/** What becomes of a job that fails: restart strategies in virtual time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Restart } from '../api/run-types.ts'
import { StreamError } from '../core/errors.ts'
import { fileSource, jsonLines } from '../files.ts'
import type { JobEvent } from '../runtime/monitor.ts'
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

const rows = rowsOf('a', 40)
const source = pacedSource({ a: rows })

/** Throws at record `at`, the first `times` times that it comes. */
function failing(times: number, at: number = 20, error: () => Error = () => new Error('not today')): (row: { readonly n: number }) => void {
  let left = times
  return ({ n }) => {
    if (n === at && left-- > 0) throw error()
  }
}

/** The time of each event of a kind. */
function timed(lab: Lab): { readonly observer: (event: JobEvent) => void; readonly of: (kind: JobEvent['kind']) => number[] } {
  const seen: (readonly [JobEvent['kind'], number])[] = []
  return {
    observer: ({ kind }) => void seen.push([kind, lab.machine.nowMs]),
    of: (kind) => seen.flatMap(([other, atMs]) => (other === kind ? [atMs] : [])),
  }
}

function delaysOf(life: Life): (number | undefined)[] {
  return life.events.flatMap((event) => (event.kind === 'attempt-failed' ? [event.restartInMs] : []))
}

async function start(
  restart: Restart,
  times: number,
  error?: () => Error,
): Promise<{ lab: Lab; life: Life; times: ReturnType<typeof timed> }> {
  const lab = new Lab()
  const watch = timed(lab)
  const job = countingJob({ source, inspect: failing(times, 20, error) })
  return { lab, life: await lab.start(job, checkpointed({}, { restart }), { observer: watch.observer }), times: watch }
}

test("restart: 'none' ends at the first failure, and a later run is exact", async () => {
  const { lab, life } = await start('none', 1)
  const end = await life.end()
  assert.equal(codeOf(end), 'USER_CODE')
  assert.match((end as StreamError).message, /step\/count/)
  assert.deepEqual(delaysOf(life), [undefined])
  assert.equal(life.handle.status().restarts, 0)
  assert.equal(life.handle.status().phase, 'ended')
  assert.equal(await lab.run(countingJob({ source }), checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('RS-5: fixed delay restarts so often, after that delay, each time in a new epoch, and is exact', async () => {
  const { lab, life, times } = await start({ strategy: 'fixed-delay', attempts: 3, delay: 700 }, 3)
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(delaysOf(life), [700, 700, 700])
  assert.deepEqual(epochsOf(life.events), [1, 2, 3, 4])
  assert.equal(life.handle.status().restarts, 3)
  const [failed, claimed] = [times.of('attempt-failed'), times.of('claimed')]
  for (const [index, at] of failed.entries()) assert.ok((claimed[index + 1] as number) - at >= 700)
  assertCounted(lab.rows<Counted>(), rows)
})

test('fixed delay gives up with the error of the failure that was one too many', async () => {
  const { lab, life } = await start({ strategy: 'fixed-delay', attempts: 2, delay: 10 }, 3)
  assert.equal(codeOf(await life.end()), 'USER_CODE')
  assert.deepEqual(delaysOf(life), [10, 10, undefined])
  assert.equal(life.handle.status().restarts, 2)
  assert.equal(await lab.run(countingJob({ source }), checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('RS-1: a failure rate restarts after its delay, and gives up with the failure that is one too many for the interval', async () => {
  const { lab, life, times } = await start({ strategy: 'failure-rate', failures: 2, per: '10s', delay: 700 }, 3)
  assert.equal(codeOf(await life.end()), 'USER_CODE')
  assert.deepEqual(delaysOf(life), [700, 700, undefined])
  assert.ok((times.of('claimed')[1] as number) - (times.of('attempt-failed')[0] as number) >= 700)
  assert.equal(await lab.run(countingJob({ source }), checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('RS-1: failures farther apart than the interval of a failure rate are restarted without end', async () => {
  const { lab, life } = await start({ strategy: 'failure-rate', failures: 1, per: '500ms', delay: 700 }, 5)
  assert.equal(await life.end(), 'finished')
  assert.equal(life.handle.status().restarts, 5)
  assertCounted(lab.rows<Counted>(), rows)
})

test('fixed delay without attempts is as none', async () => {
  const { life } = await start({ strategy: 'fixed-delay', attempts: 0, delay: 10 }, 1)
  assert.equal(codeOf(await life.end()), 'USER_CODE')
})

test('exponential delays grow by the multiplier to their maximum', async () => {
  const restart: Restart = { strategy: 'exponential', initial: 100, max: 450, multiplier: 2, jitter: 0 }
  const { lab, life } = await start(restart, 5)
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(delaysOf(life), [100, 200, 400, 450, 450])
  assertCounted(lab.rows<Counted>(), rows)
})

test('exponential delays are drawn within their jitter', async () => {
  const { life } = await start({ strategy: 'exponential', initial: 1000, multiplier: 1, jitter: 0.5 }, 6)
  assert.equal(await life.end(), 'finished')
  const delays = delaysOf(life) as number[]
  assert.ok(delays.every((ms) => ms >= 500 && ms <= 1500))
  assert.ok(new Set(delays).size > 1)
})

test('exponential delays begin anew when the job has run long enough', async () => {
  const lab = new Lab()
  const slow = pacedSource({ a: rows }, { everyMs: 50 })
  const fail = [failing(2, 5), failing(1, 35)]
  const job = countingJob({ source: slow, inspect: (row) => fail.forEach((one) => one(row)) })
  const restart: Restart = { strategy: 'exponential', initial: 100, max: '1h', multiplier: 3, jitter: 0, resetAfter: 1000 }
  const life = await lab.start(job, checkpointed({}, { restart }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(delaysOf(life), [100, 300, 100])
  assertCounted(lab.rows<Counted>(), rows)
})

test("an error that says 'never' ends the job at once, whatever the strategy", async () => {
  const { life } = await start({ strategy: 'fixed-delay', attempts: 9, delay: 1 }, 1, () => new StreamError('INVALID_KEY', 'not a key'))
  assert.equal(codeOf(await life.end()), 'INVALID_KEY')
  assert.deepEqual(delaysOf(life), [undefined])
})

test('an input that is not there ends the job at once; a disk that fails is tried again', async () => {
  const restart = { strategy: 'fixed-delay', attempts: 3, delay: 10 } as const
  const missing = await new Lab().start(
    countingJob({ source: fileSource('/nowhere', jsonLines<(typeof rows)[number]>()) }),
    checkpointed({}, { restart }),
  )
  assert.equal(codeOf(await missing.end()), 'SOURCE')
  assert.deepEqual(delaysOf(missing), [undefined])
  const lab = new Lab()
  let left = 1
  lab.machine.faults = ({ kind, path }) =>
    kind === 'sync' && path.startsWith('/out/') && left-- > 0 ? { kind: 'error', code: 'EIO' } : undefined
  const life = await lab.start(countingJob({ source }), checkpointed({}, { restart }))
  assert.equal(await life.end(), 'finished')
  assert.equal(delaysOf(life).length, 1)
  assertCounted(lab.rows<Counted>(), rows)
})

test('with checkpoints the default is to restart, without them it is not', async () => {
  const lab = new Lab()
  const { checkpoints } = checkpointed()
  const life = await lab.start(countingJob({ source, inspect: failing(2) }), { checkpoints: checkpoints! })
  assert.equal(await life.end(), 'finished')
  assert.equal(life.handle.status().restarts, 2)
  assertCounted(lab.rows<Counted>(), rows)
  const other = new Lab()
  const second = await other.start(countingJob({ source, inspect: failing(1) }), {})
  assert.equal(codeOf(await second.end()), 'USER_CODE')
  assert.deepEqual(other.rows(), [])
})

test('the status says what the job is doing, and its records count on over restarts', async () => {
  const { life } = await start({ strategy: 'fixed-delay', attempts: 1, delay: 5_000 }, 1)
  assert.equal(life.handle.status().phase, 'waiting')
  await life.until('running')
  assert.equal(life.handle.status().phase, 'running')
  await life.until('attempt-failed')
  await life.when(() => life.handle.status().phase === 'restarting')
  const { restarts, records } = life.handle.status()
  assert.equal(restarts, 1)
  assert.ok(records >= 20)
  assert.equal(await life.end(), 'finished')
  assert.ok(life.handle.status().records >= 40)
  assert.equal(life.handle.status().watermark, Number.NEGATIVE_INFINITY)
})

test('RS-5: what a failed attempt was still writing changes nothing: its late answers are void', async () => {
  const lab = new Lab()
  const job = countingJob({ source, inspect: failing(3, 25) })
  // Chunks and parts of the failed attempt become durable long after the next one has begun.
  let slowed = 0
  lab.machine.faults = ({ kind, path }) =>
    kind === 'sync' && (path.includes('/chunks/') || path.startsWith('/out/')) && slowed++ % 3 === 2
      ? { kind: 'slow', byMs: 400 }
      : undefined
  const life = await lab.start(job, checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 5, delay: 1 } }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(errorsOf(life.events), ['USER_CODE', 'USER_CODE', 'USER_CODE'])
  assertCounted(lab.rows<Counted>(), rows)
})

/** The entry may count or not: the next attempt begins from what the log says once that is settled. */
test('an attempt that fails while the entry of its checkpoint is on its way is followed by one that knows what became of it', async () => {
  for (const restartMs of [0, 40, 200]) {
    const lab = new Lab()
    let slow = 0
    const job = countingJob({
      source: pacedSource({ a: rows }, { everyMs: 15 }),
      inspect: () => {
        if (slow === 1) {
          slow++
          throw new Error('once')
        }
      },
    })
    lab.machine.faults = ({ kind, path }) => {
      if (kind !== 'link' || !path.endsWith('000003.entry') || slow > 0) return undefined
      slow++
      return { kind: 'slow', byMs: 100 }
    }
    const life = await lab.start(job, checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 1, delay: restartMs } }))
    assert.equal(await life.end(), 'finished')
    assert.deepEqual(errorsOf(life.events), ['USER_CODE'])
    assertCounted(lab.rows<Counted>(), rows)
  }
})
