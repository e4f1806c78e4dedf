import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import type { DeadLetter, Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { listState, mapState, valueState } from '../api/state-specs.ts'
import type { Stream } from '../api/stream-types.ts'
import { outputTag } from '../api/tag.ts'
import { eventTimer, processingTimers } from '../api/timers.ts'
import { tumbling } from '../api/windows.ts'
import { testJob } from './test-job.ts'
import { MINUTE, reminderJob, nowhere, pay, rejects, sumJob, TEN, unreachable, type Payment } from './harness.test.ts'

test('what is fed comes out at once, of a stream and of a sink', async () => {
  const t = await testJob(sumJob())
  const { payments, sums } = t.streams
  await t.feed(payments, [pay('a', 1), pay('b', 5)])
  await t.feed(payments, [pay('a', 2)])
  const expected = [
    { card: 'a', sum: 1 },
    { card: 'b', sum: 5 },
    { card: 'a', sum: 3 },
  ]
  assert.deepEqual(t.output(sums), expected)
  assert.deepEqual(t.output('sums'), expected)
  assert.deepEqual(t.output(payments), [pay('a', 1), pay('b', 5), pay('a', 2)])
  assert.deepEqual(
    t.records(sums).map(({ timestamp }) => timestamp),
    [TEN, TEN, TEN],
  )
  await t.close()
})

test('a source is fed by its id, also where the factory returns nothing', async () => {
  const job = defineJob('silent', (job) => {
    job
      .from('words', unreachable<string>())
      .map((word) => word.length)
      .to('lengths', nowhere())
  })
  const t = await testJob(job)
  await t.feed('words', ['mill', 'race'])
  await t.feed('source/words', ['a'])
  assert.deepEqual(t.output('lengths'), [4, 4, 1])
  assert.deepEqual(t.output('sink/lengths'), [4, 4, 1])
})

test('a config is given to the factory', async () => {
  const job = defineJob('configured', (job, config: { readonly times: number }) => {
    const numbers = job.from('numbers', unreachable<number>())
    return { numbers, many: numbers.map((n) => n * config.times) }
  })
  const t = await testJob(job, { config: { times: 7 } })
  await t.feed(t.streams.numbers, [6])
  assert.deepEqual(t.output(t.streams.many), [42])
})

// ---------------------------------------------------------------- crash

test('after a crash the job goes on from the newest checkpoint, and what came later is read again', async () => {
  const t = await testJob(sumJob())
  const { payments, sums } = t.streams
  await t.feed(payments, [pay('a', 1)])
  await t.checkpoint()
  await t.feed(payments, [pay('a', 2)])
  const before = t.output(sums)
  await t.crash()
  assert.deepEqual(t.output(sums), before)
  await t.feed(payments, [pay('a', 4)])
  assert.deepEqual(
    t.output(sums).map(({ sum }) => sum),
    [1, 3, 7],
  )
  await t.crash()
  await t.crash()
  assert.deepEqual(
    t.output(sums).map(({ sum }) => sum),
    [1, 3, 7],
  )
})

test('without a checkpoint a crash begins again from nothing, with the same output', async () => {
  const t = await testJob(sumJob())
  await t.feed(t.streams.payments, [pay('a', 1), pay('b', 2), pay('a', 3)])
  const before = t.records(t.streams.sums)
  await t.crash()
  assert.deepEqual(t.records(t.streams.sums), before)
})

test('a crash shows state that is kept in a closure', async () => {
  const job = defineJob('closure', (job) => {
    let count = 0
    const words = job.from('words', unreachable<string>())
    return { words, counts: words.map(() => ++count) }
  })
  const t = await testJob(job)
  await t.feed(t.streams.words, ['a', 'b'])
  await t.checkpoint()
  await t.feed(t.streams.words, ['c'])
  assert.deepEqual(t.output(t.streams.counts), [1, 2, 3])
  await t.crash()
  assert.deepEqual(t.output(t.streams.counts), [1, 2, 1])
})

test('what was late is late again after a crash, whatever the order in which sources would give it', async () => {
  const late = outputTag<Payment>('late')
  const job = defineJob('late', (job) => {
    const timestamp = (payment: Payment): number => payment.at
    const slow = job.from('slow', unreachable<Payment>(), { timestamp })
    const fast = job.from('fast', unreachable<Payment>(), { timestamp })
    const counts = slow
      .union(fast)
      .keyBy((payment) => payment.card)
      .window(tumbling('1m'))
      .lateTo(late)
      .aggregate('counts', { count: agg.count() })
    return { slow, fast, counts, late: counts.side(late) }
  })
  const t = await testJob(job)
  const { slow, fast, counts } = t.streams
  await t.feed(fast, [pay('a', 1, TEN)])
  await t.advanceTo(TEN + MINUTE)
  await t.feed(slow, [pay('a', 2, TEN + 1)])
  await t.feed(fast, [pay('a', 3, TEN + MINUTE + 1)])
  assert.deepEqual(t.output(t.streams.late), [pay('a', 2, TEN + 1)])
  assert.equal(t.output(counts).length, 1)
  await t.crash()
  assert.deepEqual(t.output(t.streams.late), [pay('a', 2, TEN + 1)])
  assert.equal(t.output(counts).length, 1)
})

test('a source that cannot give a record again loses in a crash what no checkpoint covers', async () => {
  const job = defineJob('socket', (job) => {
    const timestamp = ({ at }: Payment): number => at
    const socket = job.from('socket', unreachable<Payment>({ replayable: false }), { timestamp })
    const log = job.from('log', unreachable<Payment>(), { timestamp })
    return { socket, log, cents: socket.union(log).map(({ cents }) => cents) }
  })
  const t = await testJob(job)
  const { socket, log, cents } = t.streams
  await t.feed(socket, [pay('a', 1)])
  await t.feed(log, [pay('a', 2)])
  await t.checkpoint()
  await t.feed(socket, [pay('a', 3), pay('a', 4)])
  await t.feed(log, [pay('a', 5)])
  await t.advanceTo(TEN + MINUTE)
  assert.deepEqual(t.output(cents), [1, 2, 3, 4, 5])
  await t.crash()
  assert.deepEqual(t.output(cents), [1, 2, 5])
  assert.equal(t.watermark, TEN + MINUTE)
  await t.feed(socket, [pay('a', 6, TEN + MINUTE)])
  await t.checkpoint()
  await t.crash()
  await t.feed(socket, [pay('a', 7, TEN + MINUTE)])
  assert.deepEqual(t.output(cents), [1, 2, 5, 6, 7])
  await t.finish()
})

test('a crash counts nothing twice, and forgets nothing that a checkpoint covers', async () => {
  const job = defineJob('counted', (job) => {
    const payments = job.from('payments', unreachable<Payment>(), { timestamp: ({ at }) => at })
    const counts = payments
      .keyBy(({ card }) => card)
      .window(tumbling('1m'))
      .aggregate('counts', { count: agg.count() })
    return { payments, counts }
  })
  const t = await testJob(job)
  await t.feed(t.streams.payments, [pay('a', 1, TEN + MINUTE), pay('a', 2, TEN)])
  await t.checkpoint()
  await t.feed(t.streams.payments, [pay('a', 3, TEN)])
  assert.equal(t.counts().late, 2)
  await t.crash()
  assert.equal(t.counts().late, 2)
  await t.checkpoint()
  await t.crash()
  assert.equal(t.counts().late, 2)
})

test('a function that throws fails the action that brought the record; a crash meets it again', async () => {
  const t = await testJob(sumJob())
  await t.feed(t.streams.payments, [pay('a', 1)])
  await rejects(t.feed(t.streams.payments, [pay('a', 13)]), 'USER_CODE', /step\/sum/, /thirteen/)
  assert.deepEqual(t.output(t.streams.sums), [{ card: 'a', sum: 1 }])
  await rejects(t.feed(t.streams.payments, [pay('a', 2)]), 'USER_CODE')
  await rejects(t.crash(), 'USER_CODE', /thirteen/)
  await t.close()
})
// ---------------------------------------------------------------- inputs

test('a source that knows event time is told it by the test', async () => {
  const job = defineJob('own-time', (job) => {
    const words = job.from('words', unreachable<string>({ timestamps: true }))
    const counts = words
      .keyBy((word) => word)
      .window(tumbling('1m'))
      .aggregate('counts', { count: agg.count() })
    return { words, counts }
  })
  const t = await testJob(job)
  await t.feed(t.streams.words, ['a', 'a'], { at: '2026-03-01T10:00:10Z' })
  assert.deepEqual(
    t.records(t.streams.words).map(({ timestamp }) => timestamp),
    [TEN + 10_000, TEN + 10_000],
  )
  await t.advanceTo(TEN + MINUTE)
  assert.deepEqual(t.output(t.streams.counts), [{ key: 'a', window: { start: TEN, end: TEN + MINUTE }, count: 2 }])
})

test('each split has a watermark of its own', async () => {
  const t = await testJob(sumJob(), { splits: { payments: ['eu', 'us'] } })
  await t.feed(t.streams.payments, [pay('a', 1, TEN)], { split: 'eu' })
  assert.equal(t.watermark, Number.NEGATIVE_INFINITY)
  await t.feed(t.streams.payments, [pay('a', 1, TEN - MINUTE)], { split: 'us' })
  assert.equal(t.watermark, TEN - MINUTE - 1)
  await t.finish(t.streams.payments, { split: 'us' })
  assert.equal(t.watermark, TEN - 1)
})

test('what a schema refuses goes to the dead letters, what it changes comes out changed', async () => {
  const bad = outputTag<DeadLetter>('bad')
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) => (typeof value === 'string' ? { value: value.length } : { issues: [{ message: 'no string' }] }),
    },
  }
  const job = defineJob('schema', (job) => {
    const lengths = job.from<number>('lengths', unreachable<unknown>(), { schema: schema as never, invalid: bad, timestamp: (n) => n })
    return { lengths, bad: lengths.side(bad) }
  })
  const t = await testJob(job)
  await t.feedRaw(t.streams.lengths, ['four', 4, 'seventeen'])
  await t.advanceTo(1_000)
  assert.deepEqual(t.output(t.streams.lengths), [4, 9])
  assert.deepEqual(
    t.output(t.streams.bad).map(({ input, position }) => [input, position]),
    [[4, 'record 2 fed to source/lengths']],
  )
  assert.deepEqual(t.counts(), { late: 0, invalid: 1 })
})

test('at the end of all input the job ends, and what is pending comes out', async () => {
  const t = await testJob(reminderJob())
  await t.feed(t.streams.orders, [pay('a', 1, TEN)])
  await t.finish()
  assert.deepEqual(t.output(t.streams.told), [`event ${MINUTE}`])
  await rejects(t.feed(t.streams.orders, [pay('a', 1, TEN)]), 'TEST_ENDED', /finish/)
  await rejects(t.crash(), 'TEST_ENDED')
  await rejects(t.checkpoint(), 'TEST_ENDED')
  await t.close()
  await t.close()
})

test('a crash after the end of one of two inputs ends it again', async () => {
  const job = defineJob('two', (job) => {
    const a = job.from('a', unreachable<number>())
    const b = job.from('b', unreachable<number>())
    return { a, b, all: a.union(b) }
  })
  const t = await testJob(job)
  await t.feed(t.streams.a, [1])
  await t.finish(t.streams.a)
  await t.feed(t.streams.b, [2])
  await t.checkpoint()
  await t.crash()
  await rejects(t.feed(t.streams.a, [3]), 'TEST_ENDED', /source\/a has ended/)
  await t.feed(t.streams.b, [4])
  await t.finish()
  assert.deepEqual(t.output(t.streams.all), [1, 2, 4])
})

test('steps with several subtasks give the same', async () => {
  const t = await testJob(sumJob(), { parallelism: 3, splits: { payments: ['a', 'b', 'c', 'd'] }, keyGroups: 16 })
  for (const split of ['a', 'b', 'c', 'd']) await t.feed(t.streams.payments, [pay(split, 1), pay('all', 1)], { split })
  await t.checkpoint()
  await t.crash()
  await t.feed(t.streams.payments, [pay('all', 1)], { split: 'b' })
  await t.finish()
  assert.deepEqual(
    t
      .output(t.streams.sums)
      .filter(({ card }) => card === 'all')
      .map(({ sum }) => sum),
    [1, 2, 3, 4, 5],
  )
})

test('what a step opens is opened again after a crash, and closed at the end', async () => {
  const calls: string[] = []
  const job = defineJob('resources', (job) => {
    const words = job.from('words', unreachable<string>())
    const lengths = words.process('measure', {
      open: async ({ step }) => {
        await new Promise((resolve) => setImmediate(resolve))
        calls.push(`open ${step}`)
        return 100
      },
      close: () => void calls.push('close'),
      onRecord: (word, { resource }, out: Out<number>) => out.emit(resource + word.length),
    })
    return { words, lengths }
  })
  const t = await testJob(job)
  await t.feed(t.streams.words, ['abc'])
  await t.crash()
  assert.deepEqual(t.output(t.streams.lengths), [103])
  await t.close()
  assert.deepEqual(calls, ['open step/measure', 'open step/measure', 'close'])
})

test('state and timers of a step can be looked at, for a key', async () => {
  const job = defineJob('state', (job) => {
    const payments = job.from('payments', unreachable<Payment>(), { timestamp: (payment) => payment.at })
    payments
      .keyBy((payment) => payment.card)
      .process('rule', {
        state: {
          count: valueState({ initial: () => 0 }),
          last: valueState<number>({ ttl: '1h' }),
          cents: listState<number>(),
          byCents: mapState<number, string>(),
        },
        timers: { one: eventTimer(), many: processingTimers() },
        onRecord({ cents }, { state, timers, timestamp, now }) {
          state.count.update((count) => count + 1)
          state.last.set(cents)
          state.cents.add(cents)
          state.byCents.set(cents, `${cents} cents`)
          timers.one.set((timestamp as number) + MINUTE)
          timers.many.add(now + cents * MINUTE)
        },
        onTimer: { one: () => undefined, many: () => undefined },
      })
    return { payments }
  })
  const t = await testJob(job, { parallelism: 2 })
  await t.feed(t.streams.payments, [pay('a', 120, TEN), pay('a', 110, TEN), pay('b', 1, TEN)])
  const held = {
    count: 2,
    last: 110,
    cents: [120, 110],
    byCents: new Map([
      [120, '120 cents'],
      [110, '110 cents'],
    ]),
    one: TEN + MINUTE,
    many: [TEN + 110 * MINUTE, TEN + 120 * MINUTE],
  }
  assert.deepEqual(t.state('rule', 'a'), held)
  await t.checkpoint()
  await t.crash()
  assert.deepEqual(t.state('step/rule', 'a'), held)
  await t.advanceBy('1h')
  const { last: _expired, one: _fired, ...left } = held
  assert.deepEqual(t.state('rule', 'a'), left)
  await t.feed(t.streams.payments, [pay('a', 1, TEN)])
  assert.equal(t.state('rule', 'a')['last'], 1)
  await t.passTime('2h')
  assert.equal(t.state('rule', 'a')['last'], undefined)
  assert.deepEqual(t.state('rule', 'nobody'), { count: 0 })
  assert.throws(() => t.state('rul', 'a'), /Did you mean 'rule'/)
})

// ---------------------------------------------------------------- another version

function versioned(version: 1 | 2): Job<void, { payments: Stream<Payment>; sums: Stream<number> }> {
  return defineJob('sums', (job) => {
    const payments = job.from('payments', unreachable<Payment>(), { timestamp: (payment) => payment.at })
    const sums = payments
      .keyBy((payment) => payment.card)
      .process('sum', {
        state: {
          sum:
            version === 1
              ? valueState({ initial: () => 0 })
              : valueState({ initial: () => 0, version: 2, migrate: (old) => (old as number) * 100 }),
        },
        onRecord(payment, { state }, out: Out<number>) {
          state.sum.update((sum) => sum + payment.cents)
          out.emit(state.sum.get())
        },
      })
    return { payments, sums }
  })
}

test('another version goes on with the state of this one, migrated', async () => {
  const t = await testJob(versioned(1))
  await t.feed(t.streams.payments, [pay('a', 1), pay('a', 2)])
  const next = await t.restoreInto(versioned(2))
  assert.deepEqual(next.restored, {
    kept: ['source/payments'],
    migrated: [{ state: 'step/sum.sum', from: 1, to: 2 }],
    added: [],
    dropped: [],
  })
  await next.feed(next.streams.payments, [pay('a', 5)])
  assert.deepEqual(next.output(next.streams.sums), [305])
  await next.crash()
  assert.deepEqual(next.output(next.streams.sums), [305])
  await rejects(t.feed(t.streams.payments, [pay('a', 1)]), 'TEST_ENDED')
  await rejects(next.feed(t.streams.payments, [pay('a', 1)]), 'TEST_STREAM', /another job or test/)
})

test('a version that has no place for the state is refused, and taken with the word of the test', async () => {
  const other = defineJob('sums', (job) => {
    const payments = job.from('payments', unreachable<Payment>(), { timestamp: (payment) => payment.at })
    return { payments, cents: payments.map(({ cents }) => cents) }
  })
  const t = await testJob(versioned(1))
  await t.feed(t.streams.payments, [pay('a', 1)])
  await rejects(t.restoreInto(other), 'STATE_DROPPED', /step\/sum/)
  // The refusal has changed nothing.
  await t.feed(t.streams.payments, [pay('a', 3)])
  await t.crash()
  assert.deepEqual(t.output(t.streams.sums), [1, 4])
  await rejects(t.restoreInto(other), 'STATE_DROPPED')
  const next = await t.restoreInto(other, { allowDropped: true })
  await next.feed(next.streams.payments, [pay('a', 2)])
  assert.deepEqual(next.output(next.streams.cents), [2])
})

test('another version may have other splits, but for those that were fed', async () => {
  const t = await testJob(versioned(1), { splits: { payments: ['a', 'b'] } })
  await t.feed(t.streams.payments, [pay('x', 1)], { split: 'a' })
  await t.advanceTo(TEN + 1)
  await rejects(t.restoreInto(versioned(1), { splits: { payments: ['b', 'c'] } }), 'INVALID_OPTION', /leaves out 'a', which was fed/)
  await rejects(t.restoreInto(versioned(1), { splits: { payments: ['a', 'c'], other: ['d'] } }), 'INVALID_OPTION', /'other'/)
  // The refusals have changed nothing.
  await rejects(t.feed(t.streams.payments, [pay('x', 1)], { split: 'c' }), 'TEST_STREAM', /it has a, b\./)
  await t.feed(t.streams.payments, [pay('x', 2)], { split: 'b' })
  await t.crash()
  assert.deepEqual(t.output(t.streams.sums), [1, 3])

  const wider = await t.restoreInto(versioned(1), { splits: { payments: ['a', 'b', 'c', 'd'] } })
  await wider.feed(wider.streams.payments, [pay('x', 4)], { split: 'c' })
  await wider.checkpoint()
  await wider.crash()
  await wider.feed(wider.streams.payments, [pay('x', 8)], { split: 'a' })
  assert.deepEqual(wider.output(wider.streams.sums), [7, 15])

  // Those that were there before, where nothing is said; and fewer.
  const same = await wider.restoreInto(versioned(1))
  await same.feed(same.streams.payments, [pay('x', 16)], { split: 'c' })
  const fewer = await same.restoreInto(versioned(1), { splits: { payments: ['c', 'b', 'a'] } })
  await rejects(fewer.feed(fewer.streams.payments, [pay('x', 1)], { split: 'd' }), 'TEST_STREAM', /it has c, b, a\./)
  await fewer.feed(fewer.streams.payments, [pay('x', 32)])
  await fewer.finish()
  assert.deepEqual(fewer.output(fewer.streams.sums), [63])
})
