import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Out } from '../api/process-types.ts'
import { outputTag } from '../api/tag.ts'
import { eventTimer, processingTimer } from '../api/timers.ts'
import { StreamError } from '../core/errors.ts'
import { simulate } from './simulate.ts'
import { testJob } from './test-job.ts'
import { pay, rejects, sumJob, TEN, unreachable, type Payment, type Sums } from './harness.test.ts'

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
  await rejects(testJob(sumJob(), { splits: { payments: ['a', 'b', 'a'] } }), 'INVALID_OPTION', /splits\.payments has 'a' twice/)
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

test('a tag that is emitted as a record is found, in testJob and in simulate', async () => {
  const missed = outputTag<string>('missed')
  const job = defineJob('tagging', (job) => {
    const words = job.from('words', unreachable<string>())
    const emit = (out: Out<unknown>, ...of: readonly unknown[]): void => (out.emit as (...of: readonly unknown[]) => void)(...of)
    return { words, same: words.process('same', { onRecord: (word, _context, out: Out<unknown>) => emit(out, missed, word) }) }
  })
  const t = await testJob(job)
  const text = /step\/same emitted the tag 'missed' as a record: out\.side\(tag, value\)/
  await rejects(t.feed(t.streams.words, ['a']), 'UNKNOWN_TAG', text)
  await rejects(simulate(job, { input: (feed, { words }) => feed(words, ['a']) }), 'UNKNOWN_TAG', text)
})

test('a job that cannot be built says so', async () => {
  await rejects(testJob(defineJob('empty', () => undefined)), 'INVALID_JOB', /no source/)
})

// ---------------------------------------------------------------- a forgotten await

const MISSES: readonly [action: string, told: RegExp][] = [
  [`void t.feed('texts', ['{'])`, /A function of map#1 threw/],
  [`void t.feed('nowhere', [])`, /has no source 'nowhere'/],
]

for (const [action, told] of MISSES)
  test(`an action that fails and that nobody awaits is told to the process: ${action}`, () => {
    const script = `
      import { arraySource, defineJob } from '${new URL('../index.ts', import.meta.url).href}'
      import { testJob } from '${new URL('../testing.ts', import.meta.url).href}'
      const t = await testJob(defineJob('parse', (job) => ({ values: job.from('texts', arraySource([])).map((text) => JSON.parse(text)) })))
      ${action}`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', script], { encoding: 'utf8' })
    assert.equal(status, 1, stderr)
    assert.match(stderr, told)
  })

test('a job that is closed while something is under way is closed, and says so', async () => {
  const t = await testJob(sumJob())
  const feeding = t.feed(t.streams.payments, [pay('a', 1)])
  await rejects(t.close(), 'TEST_NOT_AWAITED', /closed before/)
  await feeding
  await t.close()
  await rejects(t.feed(t.streams.payments, []), 'TEST_ENDED')
})

test('nothing is looked at while something is under way', async () => {
  const t = await testJob(sumJob())
  const feeding = t.feed(t.streams.payments, [pay('a', 1)])
  const looks = { counts: () => t.counts(), watermark: () => t.watermark, now: () => t.now, restored: () => t.restored }
  for (const [name, look] of Object.entries(looks)) assert.throws(look, { code: 'TEST_NOT_AWAITED' }, name)
  await feeding
  for (const look of Object.values(looks)) look()
})

// ---------------------------------------------------------------- what a job throws

test('a failure shows the line of the test, and the record', async () => {
  const t = await testJob(sumJob())
  await t.advanceTo(TEN)
  const error: unknown = await t.feed(t.streams.payments, [pay('a', 1), pay('a', 13)]).catch((thrown: unknown) => thrown)
  assert.ok(StreamError.is(error))
  assert.match(error.message, /thirteen\nThat was because of record 2 fed to source\/payments\.$/)
  assert.match(error.stack ?? '', /^ +at .*test-mistakes\.test\.ts:\d+/m)
  assert.equal((error.cause as Error).message, 'thirteen')
  // The same one, not told twice.
  await assert.rejects(t.advanceBy('1m'), error)
})

test('a failure is because of the record that brought it, and of none that is fed later', async () => {
  const job = defineJob('parse', (job) => {
    const texts = job.from('texts', unreachable<string>())
    return { texts, values: texts.map((text): unknown => JSON.parse(text)) }
  })
  const t = await testJob(job)
  const errors: unknown[] = []
  for (const text of ['{', '1', '2']) await t.feed(t.streams.texts, [text]).catch((error: unknown) => errors.push(error))
  assert.match((errors[0] as Error).message, /\nThat was because of record 1 fed to source\/texts\.$/)
  assert.equal(errors.length, 3)
  for (const error of errors) assert.equal(error, errors[0])
})

test('whoever asks a job that has failed is told what it failed with', async () => {
  const t = await testJob(sumJob())
  await rejects(t.feed(t.streams.payments, [pay('a', 13)]), 'USER_CODE')
  assert.throws(() => t.state('sum', 'a'), { code: 'USER_CODE' })
  await rejects(t.restoreInto(sumJob()), 'USER_CODE', /thirteen/)
  await t.close()
})

test('what the close of a step throws is told by close and by finish', async () => {
  const job = defineJob('closing', (job) => {
    const words = job.from('words', unreachable<string>())
    const same = words.process('same', {
      open: () => 1,
      close: () => {
        throw new Error('not closed')
      },
      onRecord: (word, _context, out: Out<string>) => out.emit(word),
    })
    return { words, same }
  })
  for (const end of ['close', 'finish'] as const) {
    const t = await testJob(job)
    await t.feed(t.streams.words, ['a'])
    await rejects(t[end](), 'USER_CODE', /The close function of step\/same threw: not closed/)
    assert.deepEqual(t.output(t.streams.same), ['a'])
    await t.close()
  }
})

for (const kind of ['clock', 'event'] as const)
  test(`a timer of the ${kind} that is set for its own moment ends the test, not its process`, async () => {
    const job = defineJob('restless', (job) => {
      const ids = job.from('ids', unreachable<Payment>(), { timestamp: ({ at }) => at })
      const polled = ids
        .keyBy(({ card }) => card)
        .process('poll', {
          timers: { next: kind === 'clock' ? processingTimer() : eventTimer() },
          onRecord: (payment, { timers }, _out: Out<never>) => timers.next.set(payment.at),
          onTimer: { next: (at, { timers }) => timers.next.set(at) },
        })
      return { ids, polled }
    })
    const t = await testJob(job)
    await t.feed(t.streams.ids, [pay('a', 1)])
    await rejects(t.advanceBy('1s'), 'USER_CODE', /never comes to rest/, /step\/poll\.next/)
    await t.close()
  })

test('a process that could not be started again after a crash takes no more', async () => {
  let opened = 0
  const job = defineJob('once', (job) => {
    const words = job.from('words', unreachable<string>())
    const open = (): number => {
      if (opened++ > 0) throw new Error('only once')
      return opened
    }
    return { words, same: words.process('same', { open, onRecord: (word, _context, out: Out<string>) => out.emit(word) }) }
  })
  const t = await testJob(job)
  await rejects(t.crash(), 'USER_CODE', /only once/)
  await rejects(t.feed(t.streams.words, ['a']), 'USER_CODE', /only once/)
})

// ---------------------------------------------------------------- what a test says wrongly

test('records that are no list, and options that are none, are refused', async () => {
  const t = await testJob(sumJob())
  await rejects(t.feed('payments', pay('a', 1) as never), 'INVALID_OPTION', /\[record\]/)
  await rejects(t.feed('payments', 'abc' as never), 'INVALID_OPTION', /'abc'/)
  await rejects(t.feed('payments', [], { splitt: 'eu' } as never), 'INVALID_OPTION', /feed has no option 'splitt': did you mean 'split'/)
  await rejects(t.feed('payments', [], { split: 5 } as never), 'INVALID_OPTION', /5 as split: the name of a split is text/)
  await rejects(t.finish('payments', { splits: 'eu' } as never), 'INVALID_OPTION', /did you mean 'split'/)
  assert.deepEqual(t.output(t.streams.payments), [])
})

test('a name that is of a returned stream, and of no sink, is pointed out', async () => {
  const t = await testJob(sumJob())
  assert.throws(() => t.output('payments'), /no sink 'payments': .* t\.streams\.payments\./)
})

test('after the end of all input time does not go on, and event time never goes back', async () => {
  const t = await testJob(sumJob())
  await t.advanceEventTime('payments', TEN)
  await t.advanceEventTime('payments', TEN)
  await rejects(t.advanceEventTime('payments', TEN - 1), 'INVALID_OPTION', /event time of source\/payments does not go back/)
  await t.finish()
  await rejects(t.advanceTo(TEN + 1), 'TEST_ENDED')
  await rejects(t.passTime('1h'), 'TEST_ENDED')
})
