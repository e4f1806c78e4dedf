/** What a simulation says of a job that differs from itself: which seed, with which faults, and what differed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { mapState } from '../api/state-specs.ts'
import type { Stream } from '../api/stream-types.ts'
import { arraySource } from '../connectors/array-source.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { StreamError } from '../core/errors.ts'
import { drawFaults, faultText } from './fault.ts'
import { simulate, type SimulateOptions } from './simulate.ts'

type Numbers = { readonly numbers: Stream<number> }
const COUNT = 100
const input: SimulateOptions<Numbers>['input'] = (feed, streams) =>
  feed(
    streams.numbers,
    Array.from({ length: COUNT }, (_zero, n) => n),
  )

function mapping(name: string, mapper: () => (n: number) => unknown): Job<void, Numbers> {
  return defineJob(name, (job) => {
    const from = job.from('numbers', arraySource<number>([]))
    from.map(mapper()).to('out', collectSink<unknown>([]))
    return { numbers: from }
  })
}

async function failureOf(job: Job<void, Numbers>, options: Partial<SimulateOptions<Numbers>> = {}): Promise<StreamError> {
  const error: unknown = await simulate(job, { input, ...options }).catch((thrown: unknown) => thrown)
  assert.ok(StreamError.is(error), `it should fail, but gave ${String(error)}`)
  return error
}

test('a job that differed once is told with the seed, the faults that it had, and the first rows', async () => {
  // Wrong once, after the two runs without faults and the first history: in the second one.
  let calls = 0
  const wrongAt = 5 * COUNT
  const job = mapping('once', () => (n) => (++calls === wrongAt ? -1 - n : n))
  // A slow disk reads nothing again: each history makes so many calls as there are records.
  const seed = Array.from({ length: 1_000 }, (_zero, n) => n).find((n) => drawFaults(n + 2, ['slow-disk']).length === 2) as number
  const error = await failureOf(job, { seed, faults: ['slow-disk'] })
  assert.equal(error.code, 'SIMULATION_UNSTEADY')
  const faults = drawFaults(seed + 2, ['slow-disk']).map(faultText)
  assert.deepEqual(error.details, { seed: seed + 2, faults })
  assert.equal(
    error.message.split('\nNothing can be compared')[0],
    [
      `The job 'once' does not do the same when the same happens to it. With seed ${seed + 2}, and`,
      `  1. ${faults[0]}`,
      `  2. ${faults[1]}`,
      'it gave other output than without faults:',
      '  sink/out: 1 missing: 99',
      '  sink/out: 1 too many: -100',
      'Once more, with the same, it gave what it gives without faults.',
    ].join('\n'),
  )
})

test('a job that differs in a later run without faults is told so, with both seeds', async () => {
  // Right in the two runs without faults, wrong from then on.
  let calls = 0
  const error = await failureOf(
    mapping('later', () => (n) => (++calls > 2 * COUNT ? -1 - n : n)),
    { seed: 7 },
  )
  assert.equal(error.code, 'SIMULATION_UNSTEADY')
  assert.match(
    error.message,
    /in two runs without any fault, first with seed 7, then with seed 7\. The second one has:\n {2}sink\/out: 100 missing: 0, 1, 2 and/,
  )
  assert.deepEqual(error.details, { seed: 7, faults: [] })
})

test('a factory that throws from some call on is named with its own error', async () => {
  const own = new Error('no more connections')
  let calls = 0
  const job = mapping('factory', () => {
    if (++calls >= 5) throw own
    return (n) => n
  })
  const error = await failureOf(job)
  assert.equal(error.code, 'SIMULATION_UNSTEADY')
  assert.match(
    error.message,
    /fails in a run without any fault, with seed \d+, and did not before, with seed 1:\n {2}.*no more connections/,
  )
  let cause: unknown = error
  while (cause instanceof Error && cause !== own) cause = cause.cause
  assert.equal(cause, own)
})

test('the clock in coarse steps is found: the two runs without faults are on other days, in other hours', async () => {
  for (const stepMs of [3_600_000, 86_400_000, 365 * 86_400_000]) {
    const job = defineJob('coarse', (job) => {
      const from = job.from('numbers', arraySource<number>([]))
      from
        .process('stamp', { onRecord: (n, { now }, out: Out<string>) => out.emit(`${n} ${Math.floor(now / stepMs)}`) })
        .to('out', collectSink<string>([]))
      return { numbers: from }
    })
    assert.equal((await failureOf(job)).code, 'SIMULATION_UNSTEADY', `in steps of ${stepMs} ms`)
  }
})

test('of a job with map states a failure says that a restore may change their order', async () => {
  const job = defineJob('ordered', (job) => {
    const from = job.from('numbers', arraySource<number>([]))
    from
      .keyBy(() => 'all')
      .process('list', {
        state: { seen: mapState<string, number>() },
        onRecord(n, { state }, out: Out<string>) {
          if (n % 3 === 0) state.seen.delete(`m${(n * 7) % 11}`)
          state.seen.set(`m${(n * 5) % 13}`, n)
          out.emit([...state.seen.keys()].join())
        },
      })
      .to('out', collectSink<string>([]))
    return { numbers: from }
  })
  const error = await failureOf(job, { faults: ['kill'] })
  assert.equal(error.code, 'SIMULATION_FAILED')
  assert.match(error.message, /^The state 'seen' of step\/list is a map: a restore may change the order of its entries\.$/m)
  const other = await failureOf(
    mapping('counting', () =>
      (() => {
        let count = 0
        return () => ++count
      })(),
    ),
    { faults: ['kill'] },
  )
  assert.equal(other.code, 'SIMULATION_FAILED')
  assert.doesNotMatch(other.message, /is a map/)
})
