import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import { tumbling } from '../api/windows.ts'
import { testJob } from './test-job.ts'
import { MINUTE, reminderJob, pay, rejects, sumJob, TEN, unreachable, type Payment } from './harness.test.ts'

test('the clock follows the records, and what is due until a moment has happened when it has passed', async () => {
  const t = await testJob(reminderJob())
  await t.feed(t.streams.orders, [pay('a', 1, TEN)])
  assert.equal(t.now, TEN)
  await t.advanceTo(TEN + MINUTE - 1)
  assert.deepEqual(t.output(t.streams.told), [])
  await t.advanceTo('2026-03-01T10:01:00Z')
  assert.deepEqual(t.output(t.streams.told), [`clock ${MINUTE} at ${MINUTE + 1}`, `event ${MINUTE}`])
  assert.equal(t.watermark, TEN + MINUTE)
})

test('the clock alone: event time waits for its source', async () => {
  const t = await testJob(reminderJob())
  await t.feed(t.streams.orders, [pay('a', 1, TEN)])
  await t.passTime('1h')
  assert.deepEqual(t.output(t.streams.told), [`clock ${MINUTE} at ${MINUTE + 1}`])
  await t.advanceEventTime(t.streams.orders, new Date(TEN + MINUTE))
  assert.deepEqual(t.output(t.streams.told).at(-1), `event ${MINUTE}`)
})

test('a record of a later time moves the clock before it is read', async () => {
  const t = await testJob(reminderJob())
  await t.feed(t.streams.orders, [pay('a', 1, TEN), pay('b', 1, TEN + 5 * MINUTE)])
  // The watermark of b's record is behind by the ten seconds.
  assert.deepEqual(t.output(t.streams.told), [`clock ${MINUTE} at ${MINUTE + 1}`, `event ${MINUTE}`])
  assert.equal(t.now, TEN + 5 * MINUTE)
  assert.equal(t.watermark, TEN + 5 * MINUTE - 10_000 - 1)
})

test('advanceBy goes on from the time that was reached, not from the millisecond after it', async () => {
  const t = await testJob(reminderJob(), { start: '2026-03-01T10:00:00Z' })
  await t.advanceBy('1m')
  await t.advanceBy('30s')
  assert.equal(t.watermark, TEN + MINUTE + 30_000)
  assert.equal(t.now, TEN + MINUTE + 30_001)
})

test('windows fire when their end has passed, and late records are late', async () => {
  const job = defineJob('windows', (job) => {
    const payments = job.from('payments', unreachable<Payment>(), { timestamp: (payment) => payment.at })
    const counts = payments
      .keyBy((payment) => payment.card)
      .window(tumbling('1m'))
      .aggregate('counts', { count: agg.count() })
    return { payments, counts }
  })
  const t = await testJob(job)
  await t.feed(t.streams.payments, [pay('a', 1, TEN + 59_999), pay('a', 1, TEN + 1)])
  assert.deepEqual(t.output(t.streams.counts), [])
  await t.advanceTo(TEN + MINUTE)
  assert.deepEqual(t.output(t.streams.counts), [{ key: 'a', window: { start: TEN, end: TEN + MINUTE }, count: 2 }])
  await t.feed(t.streams.payments, [pay('a', 1, TEN)])
  assert.deepEqual(t.counts(), { late: 1, invalid: 0 })
})

test('an input that is silent holds the watermark until its idleness has passed', async () => {
  const job = defineJob('idle', (job) => {
    const options = { timestamp: (payment: Payment) => payment.at, idleness: '30s' } as const
    const a = job.from('a', unreachable<Payment>(), options)
    const b = job.from('b', unreachable<Payment>(), options)
    const counts = a
      .union(b)
      .keyBy((payment) => payment.card)
      .window(tumbling('10s'))
      .aggregate('counts', { count: agg.count() })
    return { a, b, counts }
  })
  const t = await testJob(job)
  await t.feed(t.streams.a, [pay('x', 1, TEN), pay('x', 1, TEN + 20_000)])
  assert.deepEqual(t.output(t.streams.counts), [])
  await t.passTime('20s')
  assert.equal(t.output(t.streams.counts).length, 1)
  await t.feed(t.streams.a, [pay('x', 1, TEN + 40_000)])
  assert.equal(t.output(t.streams.counts).length, 2)
})

test('state with a time to live is gone when the clock has passed it', async () => {
  const job = defineJob('ttl', (job) => {
    const keys = job.from('keys', unreachable<string>())
    const counts = keys
      .keyBy((key) => key)
      .process('count', {
        state: { seen: valueState({ initial: () => 0, ttl: '1h' }) },
        onRecord(_key, { state }, out: Out<number>) {
          state.seen.update((seen) => seen + 1)
          out.emit(state.seen.get())
        },
      })
    return { keys, counts }
  })
  const t = await testJob(job)
  await t.feed(t.streams.keys, ['a', 'a'])
  await t.passTime('59m')
  await t.feed(t.streams.keys, ['a'])
  await t.passTime('2h')
  await t.feed(t.streams.keys, ['a'])
  assert.deepEqual(t.output(t.streams.counts), [1, 2, 3, 1])
})

test('a year with a silent input and a time to live passes in no time', async () => {
  const t = await testJob(reminderJob())
  await t.feed(t.streams.orders, [pay('a', 1, TEN)])
  const began = performance.now()
  await t.passTime('365d')
  await t.advanceBy('365d')
  assert.ok(performance.now() - began < 5_000)
})

test('time does not go back, and a moment needs its zone', async () => {
  const t = await testJob(reminderJob())
  await t.advanceTo(TEN)
  await rejects(t.advanceTo(TEN - 1), 'INVALID_OPTION', /does not go back/)
  await rejects(t.advanceTo('2026-03-01T10:00:00'), 'INVALID_OPTION', /time zone/, /2026-03-01T10:00:00Z/)
  await rejects(t.advanceTo('soon'), 'INVALID_OPTION', /'soon'/)
  await rejects(t.advanceBy('1 hour' as '1h'), 'INVALID_DURATION')
  await t.advanceTo('2026-03-02')
})

const LONG_AGO = Date.UTC(1960, 0, 1)

test('a test may begin before 1970, with a record or with a moment', async () => {
  for (const begin of [
    (t: Awaited<ReturnType<typeof started>>) => t.feed(t.streams.payments, [pay('a', 1, LONG_AGO)]),
    (t: Awaited<ReturnType<typeof started>>) => t.advanceTo(LONG_AGO),
  ]) {
    const t = await started()
    await begin(t)
    await t.advanceBy('10s')
    assert.equal(t.now, LONG_AGO + 10_001)
    await t.advanceTo(LONG_AGO + 20_000)
    assert.equal(t.watermark, LONG_AGO + 20_000)
    await rejects(t.advanceTo(LONG_AGO), 'INVALID_OPTION', /does not go back/)
  }
})

test('another version of a job that was told no moment yet begins with the first one that it is told', async () => {
  const next = await (await started()).restoreInto(sumJob())
  await next.feed(next.streams.payments, [pay('a', 1, LONG_AGO)])
  assert.equal(next.now, LONG_AGO)
})

const started = () => testJob(sumJob())
