import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import type { Stream } from '../api/stream-types.ts'
import { eventTimer } from '../api/timers.ts'
import { tumbling } from '../api/windows.ts'
import { arraySource } from '../connectors/array-source.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { StreamError } from '../core/errors.ts'
import { drawFaults, type Fault } from './fault.ts'
import { simulate, subsets, type SimulateOptions } from './simulate.ts'

interface Sale {
  readonly shop: string
  readonly cents: number
  readonly at: number
}
type Sales = { readonly sales: Stream<Sale> }

/** The simulator replaces it. */
const nowhere = <T>(): ReturnType<typeof collectSink<T>> => collectSink<T>([])

const SEED = Number(process.env['SEED'] ?? 1)
const sales: readonly Sale[] = Array.from({ length: 300 }, (_zero, n) => ({ shop: `shop ${n % 7}`, cents: n, at: 1_000 * n }))
const feedSales: SimulateOptions<Sales>['input'] = (feed, streams) => feed(streams.sales, sales)

/** Windows, rolling state and timers. */
function salesJob(): Job<void, Sales> {
  return defineJob('sales', (job) => {
    const from = job.from('sales', arraySource<Sale>([]), { timestamp: (sale) => sale.at })
    const keyed = from.keyBy((sale) => sale.shop)
    keyed
      .window(tumbling('1m'))
      .aggregate('minutes', { cents: agg.sum((sale) => sale.cents), count: agg.count() })
      .to('minutes', nowhere())
    keyed
      .process('quiet', {
        state: { total: valueState({ initial: () => 0 }) },
        timers: { quiet: eventTimer() },
        onRecord(sale, { state, timers, timestamp }) {
          state.total.update((total) => total + sale.cents)
          timers.quiet.set((timestamp as number) + 20_000)
        },
        onTimer: { quiet: (at, { key, state }, out: Out<string>) => out.emit(`${key} ${at} ${state.total.get()}`) },
      })
      .to('quiet', nowhere())
    return { sales: from }
  })
}

async function failureOf(promise: Promise<unknown>): Promise<StreamError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(StreamError.is(error), `it should fail, but gave ${String(error)}`)
  return error
}

test(`a job whose state is declared gives the same, whatever happens (SEED=${SEED})`, async () => {
  const simulation = await simulate(salesJob(), { input: feedSales, seed: SEED, runs: 6 })
  assert.equal(simulation.runs, 6)
  // Seven shops in five minutes, and each is quiet once.
  assert.equal(simulation.records, 7 * 5 + 7)
  assert.ok(simulation.restores > 0, JSON.stringify(simulation))
})

test('several subtasks and splits, and a factory with a config', async () => {
  const job = defineJob('configured', (job, { factor }: { readonly factor: number }) => {
    const from = job.from('sales', arraySource<Sale>([]))
    from
      .keyBy(({ shop }) => shop)
      .aggregate('totals', { cents: agg.sum(({ cents }) => cents * factor), count: agg.count() })
      .filter(({ count }) => count % 40 === 0)
      .map(({ key, count }) => `${key} ${count}`)
      .to('totals', nowhere())
    return { sales: from }
  })
  await simulate(job, {
    config: { factor: 2 },
    input: (feed, streams) => {
      for (const split of ['a', 'b', 'c']) feed(streams.sales, sales, { split })
    },
    parallelism: 3,
    keyGroups: 16,
    seed: SEED,
    runs: 3,
  })
})

test('state in a closure is found, with the fewest faults, and the seed gives it again', async () => {
  const planted = (): Job<void, Sales> =>
    defineJob('planted', (job) => {
      const seen = new Map<string, number>()
      const from = job.from('sales', arraySource<Sale>([]))
      from
        .map(({ shop }) => {
          seen.set(shop, (seen.get(shop) ?? 0) + 1)
          return `${shop}: ${seen.get(shop)}`
        })
        .to('counts', nowhere())
      return { sales: from }
    })
  const error = await failureOf(simulate(planted(), { input: feedSales, seed: 5 }))
  assert.equal(error.code, 'SIMULATION_FAILED')
  assert.match(error.message, /Of the \d faults of seed \d+, one is enough:\n {2}1\. /)
  assert.match(error.message, /sink\/counts: \d+ missing: "shop \d: \d+"/)
  assert.match(error.message, /sink\/counts: \d+ too many:/)
  assert.match(error.message, /What happened:\n.* process 1 starts/)
  const { seed, faults } = error.details as { readonly seed: number; readonly faults: readonly string[] }
  assert.equal(faults.length, 1)
  const again = await failureOf(simulate(planted(), { input: feedSales, seed, runs: 1 }))
  assert.equal(again.message, error.message)
})

test('a sink that is written to by hand is found by a crash between checkpoint and record', async () => {
  // Each history counts what its functions did: a process that reads again does it again.
  const job = defineJob('side-effect', (job) => {
    let reads = 0
    const from = job.from('sales', arraySource<Sale>([]))
    from.map((sale) => ({ ...sale, reads: ++reads })).to('out', nowhere())
    return { sales: from }
  })
  assert.equal((await failureOf(simulate(job, { input: feedSales, faults: ['power-loss'] }))).code, 'SIMULATION_FAILED')
})

test('a timer that a job keeps for itself, outside of declared state, is found', async () => {
  const job = defineJob('own-memory', (job) => {
    const from = job.from('sales', arraySource<Sale>([]), { timestamp: (sale) => sale.at })
    from
      .process('every-tenth', {
        open: () => ({ count: 0 }),
        onRecord(sale, { resource }, out: Out<number>) {
          if (++resource.count % 10 === 0) out.emit(sale.cents)
        },
      })
      .to('out', nowhere())
    return { sales: from }
  })
  const error = await failureOf(simulate(job, { input: feedSales, faults: ['kill'] }))
  assert.equal(error.code, 'SIMULATION_FAILED')
  assert.match(error.message, /the process is killed/)
})

test('a job that fails only after a crash is named with what it failed with', async () => {
  const job = defineJob('cache', (job) => {
    const names = new Map<string, string>()
    const from = job.from('sales', arraySource<Sale>([]))
    from
      .map(({ shop, cents }) => {
        // Filled by the first record of each shop, and by no other.
        if (cents < 7) names.set(shop, shop.toUpperCase())
        return (names.get(shop) as string).length
      })
      .to('out', nowhere())
    return { sales: from }
  })
  const error = await failureOf(simulate(job, { input: feedSales, faults: ['kill', 'power-loss'] }))
  assert.equal(error.code, 'SIMULATION_FAILED')
  assert.match(error.message, /Cannot read properties of undefined/)
  assert.match(error.message, /gives up: USER_CODE/)
})

test('chance and memory that outlives the factory make a job unsteady', async () => {
  const random = defineJob('random', (job) => {
    const from = job.from('sales', arraySource<Sale>([]))
    // oxlint-disable-next-line eslint/no-restricted-properties -- what is found here
    from.map(() => Math.random()).to('out', nowhere())
    return { sales: from }
  })
  const error = await failureOf(simulate(random, { input: feedSales }))
  assert.equal(error.code, 'SIMULATION_UNSTEADY')
  assert.match(error.message, /Math\.random/)
  let count = 0
  const outside = defineJob('outside', (job) => {
    const from = job.from('sales', arraySource<Sale>([]))
    from.map(() => ++count).to('out', nowhere())
    return { sales: from }
  })
  assert.equal((await failureOf(simulate(outside, { input: feedSales }))).code, 'SIMULATION_UNSTEADY')
})

test('a job that fails by itself fails with its own error', async () => {
  const job = defineJob('broken', (job) => {
    const from = job.from('sales', arraySource<Sale>([]))
    from
      .map(() => {
        throw new Error('always')
      })
      .to('out', nowhere())
    return { sales: from }
  })
  assert.equal((await failureOf(simulate(job, { input: feedSales }))).code, 'USER_CODE')
})

test('one seed gives one simulation', async () => {
  const options = { input: feedSales, seed: SEED + 100, runs: 3 }
  assert.deepEqual(await simulate(salesJob(), options), await simulate(salesJob(), options))
})

test('a job without a sink is looked at through its streams', async () => {
  const job = defineJob('no-sink', (job) => {
    let count = 0
    const from = job.from('sales', arraySource<Sale>([]))
    return { sales: from, counted: from.map(() => ++count) }
  })
  const error = await failureOf(simulate(job, { input: feedSales, faults: ['kill'] }))
  assert.match(error.message, /stream counted: \d+ missing/)
})

test('options that cannot be are refused', async () => {
  const codeOf = async (options: object): Promise<string> =>
    (await failureOf(simulate(salesJob(), { input: feedSales, ...options } as SimulateOptions<Sales>))).message
  assert.match(await codeOf({ faults: ['crash'] }), /'crash'.*'kill', 'power-loss'/)
  assert.match(await codeOf({ faults: [] }), /may be a list/)
  assert.match(await codeOf({ runs: 0 }), /runs is 0/)
  assert.match(await codeOf({ seed: 1.5 }), /seed is 1.5/)
  assert.match(await codeOf({ sed: 1 }), /did you mean 'seed'/)
  assert.match(await codeOf({ input: undefined }), /input has to be a function/)
  assert.match(
    await codeOf({ input: (feed: (to: string, records: readonly unknown[]) => void) => feed('sale', []) }),
    /did you mean 'sales'/,
  )
})

test('a simulation in which nothing happens says so', async () => {
  // A step that so small a job never comes to.
  const isNever = ({ when }: Fault): boolean => 'point' in when && when.point === 'upkeep.mergeChunk'
  const seeds = Array.from({ length: 5_000 }, (_zero, n) => n)
  const seed = seeds.find((n) => drawFaults(n, ['kill']).every(isNever)) as number
  const input: typeof feedSales = (feed, streams) => feed(streams.sales, sales.slice(0, 1))
  const error = await failureOf(simulate(salesJob(), { input, faults: ['kill'], runs: 1, seed }))
  assert.equal(error.code, 'INVALID_OPTION')
  assert.match(error.message, /Nothing happened to the job 'sales' in 1 runs/)
})

test('the smallest subsets come first, and all come', () => {
  assert.deepEqual(subsets(['a', 'b', 'c']), [[], ['a'], ['b'], ['c'], ['a', 'b'], ['a', 'c'], ['b', 'c'], ['a', 'b', 'c']])
})
