/** A checkpoint storage that cannot be reached for a while, in virtual time: it costs restarts, not the job (LG9). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OperationKind } from '../simulate/faults.ts'
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
  type Life,
} from './simulated-job.test.ts'

const rows = rowsOf('a', 40)

/** No entry can be made, read or listed for a while; once the first checkpoint is there. */
function outage(lab: Lab, life: () => Life, lastsMs: number, isHit: (kind: OperationKind) => boolean = () => true): void {
  let from: number | undefined
  lab.machine.faults = ({ kind, path }) => {
    if (!path.startsWith('/checkpoints/log') || checkpointsOf(life().events).length < 2 || !isHit(kind)) return undefined
    from ??= lab.machine.nowMs
    return lab.machine.nowMs < from + lastsMs ? { kind: 'error', code: 'EIO' } : undefined
  }
}

for (const lastsMs of [600, 1_500, 20_000]) {
  test(`a log that cannot be reached for ${lastsMs} ms costs restarts, not the job`, async () => {
    const lab = new Lab()
    const started: { life?: Life } = {}
    const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 15 }) })
    outage(lab, () => started.life as Life, lastsMs)
    const restart = { strategy: 'fixed-delay', attempts: 1_000, delay: 200 } as const
    started.life = await lab.start(job, checkpointed({}, { restart }))
    assert.equal(await started.life.end(), 'finished')
    const errors = errorsOf(started.life.events)
    assert.ok(errors.length > 0 || lastsMs < 1_000)
    assert.deepEqual(new Set(errors).size <= 1 && (errors[0] ?? 'STORAGE'), 'STORAGE')
    assertCounted(lab.rows<Counted>(), rows)
  })
}

test('a log that cannot be reached ends the job when the strategy gives up, and a later run is exact', async () => {
  const lab = new Lab()
  const started: { life?: Life } = {}
  const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 15 }) })
  outage(lab, () => started.life as Life, 60_000)
  started.life = await lab.start(job, checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 2, delay: 200 } }))
  assert.equal(codeOf(await started.life.end()), 'STORAGE')
  assert.deepEqual(errorsOf(started.life.events), ['STORAGE', 'STORAGE', 'STORAGE'])
  lab.machine.faults = undefined
  assert.equal(await lab.run(job, checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

/** LG9: the search after an outage is not what the user asked for, or all that came after it would be forgotten. */
test('after an outage the newest checkpoint is restored, also where the run began with an older one', async () => {
  const lab = new Lab()
  const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 15 }) })
  const first = await lab.start(job, checkpointed())
  await first.when(() => checkpointsOf(first.events).length >= 3)
  lab.machine.kill(first.process)
  const started: { life?: Life } = {}
  outage(lab, () => started.life as Life, 1_500)
  const from = String(checkpointsOf(first.events).at(-1))
  const restart = { strategy: 'fixed-delay', attempts: 1_000, delay: 200 } as const
  started.life = await lab.start(job, checkpointed({}, { restart, restore: { from, acceptLoss: true } }))
  assert.equal(await started.life.end(), 'finished')
  const restored = started.life.events.flatMap((event) => (event.kind === 'restoring' ? [event.checkpoint ?? -1] : []))
  assert.ok(restored.length > 1 && (restored[1] as number) > Number(from), String(restored))
  assertCounted(lab.rows<Counted>(), rows)
})

test('stopped while the log cannot be reached: it ends, and a later run is exact', async () => {
  for (const phase of ['restarting', 'waiting'] as const) {
    const lab = new Lab()
    const started: { life?: Life } = {}
    const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 15 }) })
    outage(lab, () => started.life as Life, 3_600_000)
    const life = await lab.start(job, checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 1_000, delay: 200 } }))
    started.life = life
    await life.until('attempt-failed')
    await life.when(() => life.handle.status().phase === phase)
    await lab.wait(life.handle.stop())
    assert.equal(await life.end(), 'stopped', phase)
    lab.machine.faults = undefined
    assert.equal(await lab.run(job, checkpointed()), 'finished')
    assertCounted(lab.rows<Counted>(), rows)
  }
})

test('an entry that cannot be made while a restart is pending belongs to that restart', async () => {
  const lab = new Lab()
  const started: { life?: Life } = {}
  let left = 1
  let broken = false
  const inspect = (): void => {
    if (broken && left-- > 0) throw new Error('once')
  }
  const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 15 }), inspect })
  outage(
    lab,
    () => started.life as Life,
    4_000,
    (kind) => {
      broken ||= kind === 'create'
      return true
    },
  )
  started.life = await lab.start(job, checkpointed({}, { restart: { strategy: 'fixed-delay', attempts: 1, delay: '10s' } }))
  assert.equal(await started.life.end(), 'finished')
  assert.deepEqual(errorsOf(started.life.events), ['USER_CODE'])
  assertCounted(lab.rows<Counted>(), rows)
})
