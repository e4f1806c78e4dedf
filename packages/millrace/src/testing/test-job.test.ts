import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import type { DeadLetter, Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { listState, mapState, valueState } from '../api/state-specs.ts'
import type { Stream } from '../api/stream-types.ts'
import { outputTag } from '../api/tag.ts'
import { eventTimer, processingTimer, processingTimers } from '../api/timers.ts'
import { tumbling } from '../api/windows.ts'
import { defineSource, type Source } from '../connect/contract.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import { StreamError } from '../core/errors.ts'
import { testJob } from './test-job.ts'

interface Payment {
  readonly card: string
  readonly cents: number
  readonly at: number
}

const MINUTE = 60_000
const TEN = Date.UTC(2026, 2, 1, 10)

/** A source that nobody may open: the kit replaces it. */
function unreachable<T>(timestamps: boolean = false): Source<T> {
  return defineSource<T, number>({
    kind: 'unreachable',
    bounded: false,
    replayable: true,
    timestamps,
    open: () => Promise.reject(new Error('it was opened')),
  })
}

const nowhere = <T>(): ReturnType<typeof collectSink<T>> => collectSink<T>([])

function pay(card: string, cents: number, at: number = TEN): Payment {
  return { card, cents, at }
}

type Sums = Readonly<Record<'payments' | 'sums', Stream<unknown>>>

/** Sums by card; an amount of 13 is an error. */
function sumJob(): Job<void, { payments: Stream<Payment>; sums: Stream<{ card: string; sum: number }> }> {
  return defineJob('sums', (job) => {
    const payments = job.from('payments', unreachable<Payment>(), { timestamp: (payment) => payment.at })
    const sums = payments
      .keyBy((payment) => payment.card)
      .process('sum', {
        state: { sum: valueState({ initial: () => 0 }) },
        onRecord(payment, { key, state }, out: Out<{ card: string; sum: number }>) {
          if (payment.cents === 13) throw new Error('thirteen')
          state.sum.update((sum) => sum + payment.cents)
          out.emit({ card: key, sum: state.sum.get() })
        },
      })
    sums.to('sums', nowhere())
    return { payments, sums }
  })
}

async function rejects(promise: Promise<unknown>, code: ErrorCode, ...texts: readonly RegExp[]): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(StreamError.is(error), String(error))
    assert.equal(error.code, code, error.message)
    for (const text of texts) assert.match(error.message, text)
    return true
  })
}

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
  assert.deepEqual(t.output<number>('lengths'), [4, 4, 1])
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

test('a function that throws fails the action that brought the record; a crash meets it again', async () => {
  const t = await testJob(sumJob())
  await t.feed(t.streams.payments, [pay('a', 1)])
  await rejects(t.feed(t.streams.payments, [pay('a', 13)]), 'USER_CODE', /step\/sum/, /thirteen/)
  assert.deepEqual(t.output(t.streams.sums), [{ card: 'a', sum: 1 }])
  await rejects(t.feed(t.streams.payments, [pay('a', 2)]), 'USER_CODE')
  await rejects(t.crash(), 'USER_CODE', /thirteen/)
  await t.close()
})

// ---------------------------------------------------------------- time

/** Says when it was told, by which timer. */
function reminderJob(): Job<void, { orders: Stream<Payment>; told: Stream<string> }> {
  return defineJob('reminders', (job) => {
    const orders = job.from('orders', unreachable<Payment>(), { timestamp: (order) => order.at, outOfOrderness: '10s' })
    const told = orders
      .keyBy((order) => order.card)
      .process('remind', {
        timers: { event: eventTimer(), clock: processingTimer() },
        onRecord(_order, { timers, timestamp, now }) {
          timers.event.set((timestamp as number) + MINUTE)
          timers.clock.set(now + MINUTE)
        },
        onTimer: {
          event: (at, _context, out: Out<string>) => out.emit(`event ${at - TEN}`),
          clock: (at, { now }, out) => out.emit(`clock ${at - TEN} at ${now - TEN}`),
        },
      })
    return { orders, told }
  })
}

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

// ---------------------------------------------------------------- inputs

test('a source that knows event time is told it by the test', async () => {
  const job = defineJob('own-time', (job) => {
    const words = job.from('words', unreachable<string>(true))
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
  const again = await testJob(versioned(1))
  await again.feed(again.streams.payments, [pay('a', 1)])
  const next = await again.restoreInto(other, { allowDropped: true })
  await next.feed(next.streams.payments, [pay('a', 2)])
  assert.deepEqual(next.output(next.streams.cents), [2])
})

// ---------------------------------------------------------------- mistakes

test('a stream of another job, an unknown id and an unknown split are named', async () => {
  const t = await testJob(sumJob())
  const other = await testJob(sumJob())
  await rejects(t.feed(other.streams.payments, [pay('a', 1)]), 'TEST_STREAM', /another job or test/, /payments, sums/)
  await rejects(t.feed('payment', [pay('a', 1)]), 'TEST_STREAM', /no source 'payment'/, /did you mean 'payments'/)
  await rejects(t.feed(t.streams.sums as Sums['sums'], [1]), 'TEST_STREAM', /comes from step\/sum, which is no source/)
  await rejects(t.feed(t.streams.payments, [], { split: 'x' }), 'TEST_STREAM', /no split 'x'/, /splits: \{ payments/)
  assert.throws(() => t.output('sum'), /no sink 'sum': did you mean 'sums'/)
  await rejects(testJob(sumJob(), { splits: { payment: ['a'] } }), 'INVALID_OPTION', /'payment'/, /are payments/)
  await rejects(testJob(sumJob(), { splits: { payments: [] } }), 'INVALID_OPTION', /at least one/)
  await rejects(testJob(sumJob(), { paralelism: 1 } as never), 'INVALID_OPTION', /did you mean 'parallelism'/)
})

test('an output that is read before an action was awaited is an error', async () => {
  const t = await testJob(sumJob())
  const feeding = t.feed(t.streams.payments, [pay('a', 1)])
  assert.throws(() => t.output(t.streams.sums), { code: 'TEST_NOT_AWAITED' })
  await feeding
  assert.equal(t.output(t.streams.sums).length, 1)
})

test('actions that nobody awaits happen one after the other', async () => {
  const t = await testJob(sumJob())
  void t.feed(t.streams.payments, [pay('a', 1)])
  void t.checkpoint()
  void t.crash()
  await t.feed(t.streams.payments, [pay('a', 2)])
  assert.deepEqual(
    t.output(t.streams.sums).map(({ sum }) => sum),
    [1, 3],
  )
})

test('a record that is changed in place after it was emitted is found', async () => {
  const job = defineJob('mutating', (job) => {
    const payments = job.from('payments', unreachable<{ cents: number }>())
    return {
      payments,
      doubled: payments.map((payment) => {
        payment.cents *= 2
        return payment
      }),
    }
  })
  const t = await testJob(job)
  await rejects(t.feed(t.streams.payments, [{ cents: 1 }]), 'FROZEN_RECORD')
})

test('a job that cannot be built says so', async () => {
  await rejects(testJob(defineJob('empty', () => undefined)), 'INVALID_JOB', /no source/)
})
