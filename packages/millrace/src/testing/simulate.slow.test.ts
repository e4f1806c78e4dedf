/** Many histories of one job with all kinds of steps: everything happens, often, and the output is what it was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import type { Out } from '../api/process-types.ts'
import { mapState } from '../api/state-specs.ts'
import { outputTag } from '../api/tag.ts'
import { eventTimer } from '../api/timers.ts'
import { session, sliding } from '../api/windows.ts'
import { arraySource } from '../connectors/array-source.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { FAULT_KINDS } from './fault.ts'
import { simulate } from './simulate.ts'

interface Ride {
  readonly taxi: string
  readonly meters: number
  readonly at: number
}

const SEED = Number(process.env['SEED'] ?? 1)
const RUNS = 60
const nowhere = <T>(): ReturnType<typeof collectSink<T>> => collectSink<T>([])
const long = outputTag<Ride>('long')

const job = defineJob('rides', (job) => {
  const rides = job.from('rides', arraySource<Ride>([]), { timestamp: (ride) => ride.at, outOfOrderness: '10s' })
  const sorted = rides.process('sort', {
    onRecord(ride, _context, out: Out<Ride>) {
      if (ride.meters > 270) out.side(long, ride)
      else out.emit(ride)
    },
  })
  sorted.side(long).to('long', nowhere())
  const byTaxi = sorted.keyBy(({ taxi }) => taxi)
  byTaxi
    .window(sliding('1m', '20s'))
    .allowedLateness('1h')
    .aggregate('minutes', { meters: agg.sum(({ meters }) => meters), rides: agg.count() })
    .filter(({ rides: count }) => count >= 8)
    .to('minutes', nowhere())
  byTaxi.window(session('3s')).aggregate('sessions', { rides: agg.count() }).to('sessions', nowhere())
  byTaxi
    .process('calm', {
      state: { seen: mapState<number, number>() },
      timers: { calm: eventTimer() },
      onRecord(ride, { state, timers, timestamp }) {
        state.seen.set(ride.meters % 5, ride.meters)
        timers.calm.set((timestamp as number) + 20_000)
      },
      onTimer: {
        calm: (at, { state, key }, out: Out<string>) =>
          out.emit(`${key} ${at} ${[...state.seen.values()].sort((a, b) => a - b).join(' ')}`),
      },
    })
    .to('calm', nowhere())
  byTaxi
    .aggregate('totals', { meters: agg.sum(({ meters }) => meters), rides: agg.count() })
    .filter(({ rides: count }) => count % 13 === 0)
    .to('totals', nowhere())
  return { rides }
})

const rides = Array.from({ length: 280 }, (_zero, n): Ride => ({ taxi: `taxi ${n % 7}`, meters: n, at: 1_000 * (n - (n % 3)) }))

for (const parallelism of [1, 3]) {
  test(`${RUNS} histories in ${parallelism} subtasks (SEED=${SEED})`, async () => {
    const simulation = await simulate(job, {
      input: (feed, streams) => feed(streams.rides, rides),
      seed: SEED * 10_000 + parallelism,
      runs: RUNS,
      parallelism,
    })
    const told = JSON.stringify(simulation)
    assert.ok(simulation.records > 300, told)
    assert.ok(simulation.restores > RUNS / 2, told)
    for (const kind of FAULT_KINDS) assert.ok(simulation.faults[kind] > RUNS / 10, `${kind} happened too seldom: ${told}`)
  })
}
