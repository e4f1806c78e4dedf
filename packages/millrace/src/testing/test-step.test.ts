import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import type { Stream } from '../api/stream-types.ts'
import { outputTag } from '../api/tag.ts'
import { eventTimer } from '../api/timers.ts'
import { session, sliding, tumbling } from '../api/windows.ts'
import type { ContractCase } from './contract-case.ts'
import { stepSuite } from './step-suite.ts'
import { testStep } from './test-step.ts'

interface Trip {
  readonly taxi: string
  readonly at: number
}

const trip = (taxi: string, at: number): Trip => ({ taxi, at })
const timestamp = ({ at }: Trip): number => at

/** Says once that a taxi has not been heard of for a minute. */
function silent(trips: Stream<Trip>): Stream<string> {
  return trips
    .keyBy(({ taxi }) => taxi)
    .process('silent', {
      state: { trips: valueState({ initial: () => 0 }) },
      timers: { quiet: eventTimer() },
      onRecord(value, { state, timers }) {
        state.trips.update((count) => count + 1)
        timers.quiet.set(Math.max(value.at + 60_000, timers.quiet.at ?? 0))
      },
      onTimer: { quiet: (_at, { key, state }, out: Out<string>) => out.emit(`${key} after ${state.trips.get()}`) },
    })
}

test('a step alone: records in, records out', async () => {
  const t = await testStep(silent, { timestamp })
  await t.push(trip('a', 1_000), trip('b', 2_000))
  await t.advanceTo(61_000)
  assert.deepEqual(t.output(), ['a after 1'])
  await t.checkpoint()
  await t.push(trip('b', 61_500))
  await t.crash()
  await t.advanceBy('2m')
  assert.deepEqual(t.records(), [
    { value: 'a after 1', timestamp: 61_000 },
    { value: 'b after 2', timestamp: 121_500 },
  ])
  await t.finish()
  await t.close()
})

test('steps with several outputs: each by its stream, with counts and the watermark', async () => {
  const late = outputTag<Trip>('late')
  const counted = (trips: Stream<Trip>) => {
    const output = trips
      .keyBy(({ taxi }) => taxi)
      .window(tumbling('1m'))
      .lateTo(late)
      .aggregate('trips', { count: agg.count() })
    const again = trips
      .keyBy(({ taxi }) => taxi)
      .window(tumbling('1m'))
      .aggregate('again', { count: agg.count() })
    return { output, late: output.side(late), again }
  }
  const t = await testStep(counted, { timestamp })
  await t.push(trip('a', 1_000))
  await t.advanceTo(60_000)
  await t.push(trip('a', 2_000))
  assert.equal(t.watermark, 60_000)
  assert.deepEqual(t.output(t.streams.late), [trip('a', 2_000)])
  assert.deepEqual(
    t.records(t.streams.output).map(({ value, timestamp: at }) => [value.count, at]),
    [[1, 59_999]],
  )
  assert.deepEqual(t.counts(), { late: 1, invalid: 0 })
  assert.throws(() => t.output(), /several outputs: say which, as in t\.output\(t\.streams\.output\)/)
  await t.close()
})

test('an option that testStep does not have is named, with those that it has', async () => {
  const options = { timestmp: timestamp } as never
  await assert.rejects(testStep(silent, options), {
    code: 'INVALID_OPTION',
    message: /testStep has no option 'timestmp': did you mean 'timestamp'/,
  })
  await assert.rejects(testStep(silent, { config: 1 } as never), { message: /there are timestamp, outOfOrderness, idleness/ })
})

for (const { name, run } of stepSuite({
  step: silent,
  timestamp,
  outOfOrderness: '1s',
  script: async (t) => {
    await t.push(trip('a', 1_000), trip('b', 2_000), trip('c', 1_500))
    await t.advanceTo(61_000)
    await t.push(trip('b', 61_500), trip('d', 61_600))
    await t.advanceBy('1m')
    await t.passTime('1m')
    await t.finish()
  },
  expected: ['a after 1', 'c after 1', 'b after 2', 'd after 1'],
}))
  test(`a step with a timer, in every situation: ${name}`, run)

for (const { name, run } of stepSuite({
  step: (trips: Stream<Trip>) =>
    trips
      .keyBy(({ taxi }) => taxi)
      .window(session('10s'))
      .aggregate('sessions', { count: agg.count() })
      .map(({ key, count }) => `${key} ${count}`),
  timestamp,
  script: async (t) => {
    await t.push(trip('a', 1_000), trip('b', 2_000), trip('a', 9_000))
    await t.advanceTo(20_000)
    await t.push(trip('a', 21_000))
    await t.finish()
  },
  expected: ['b 1', 'a 2', 'a 1'],
}))
  test(`sessions, in every situation: ${name}`, run)

for (const { name, run } of stepSuite({
  step: (trips: Stream<Trip>) =>
    trips
      .keyBy(({ taxi }) => taxi)
      .window(sliding('20s', '10s'))
      .aggregate('rides', { count: agg.count() })
      .map(({ count, window }) => `${window.end} ${count}`),
  timestamp,
  script: async (t) => {
    await t.push(trip('a', 1_000), trip('a', 11_000))
    await t.advanceTo(15_000)
    await t.finish()
  },
  expected: ['10000 1', '20000 2', '30000 1'],
}))
  test(`sliding windows, in every situation: ${name}`, run)

// ---------------------------------------------------------------- the suite finds what it is for

async function failing(suite: readonly ContractCase[]): Promise<string[]> {
  const names: string[] = []
  for (const { name, run } of suite) {
    try {
      await run()
    } catch (error) {
      assert.equal((error as Error).name, 'ContractViolation', String(error))
      names.push(name)
    }
  }
  return names
}

test('a count that is kept in a closure fails where a process is restored or there are several, and nowhere else', async () => {
  const counted = (words: Stream<string>): Stream<number> => {
    let count = 0
    return words.map(() => ++count)
  }
  const suite = stepSuite({ step: counted, script: (t) => t.push('a', 'b', 'c'), expected: [1, 2, 3] })
  assert.deepEqual(await failing(suite), ['a checkpoint and a crash after each action', 'another number of subtasks after each action'])
})

test('state outside of the factory fails also where all is read again', async () => {
  let count = 0
  const counted = (words: Stream<string>): Stream<number> => words.map(() => ++count)
  const suite = stepSuite({
    step: counted,
    script: async (t) => {
      count = 0
      await t.push('a', 'b', 'c')
    },
    expected: [1, 2, 3],
  })
  assert.ok((await failing(suite)).includes('a crash after each action: all is read again'))
})

test('where nothing is disturbed the order counts, and a difference is shown', async () => {
  const suite = stepSuite({ step: (n: Stream<number>) => n.map((each) => each * 2), script: (t) => t.push(1, 2), expected: [4, 2] })
  assert.deepEqual(await failing(suite), ['left alone'])
  const wrong = stepSuite({ step: (n: Stream<number>) => n, script: (t) => t.push(1, 2), expected: [1, 3] })
  await assert.rejects((wrong[1] as ContractCase).run(), /missing: {2}3\n.*too many: 2/)
})
