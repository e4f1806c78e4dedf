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
import { callbackSink } from '../connectors/callback-sink.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'
import { defineSource } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { drawFaults, FAULT_KINDS, type Fault } from './fault.ts'
import { simulate, type SimulateOptions } from './simulate.ts'
import { subsets } from './verdict.ts'

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

/** Numbers what comes by: a crash that takes it back makes the numbers other ones. */
function numberingJob(
  name: string,
  wire: (numbered: Stream<string>) => void,
): Job<void, { readonly sales: Stream<Sale>; readonly numbered: Stream<string> }> {
  return defineJob(name, (job) => {
    let count = 0
    const from = job.from('sales', arraySource<Sale>([]))
    const numbered = from.map(({ shop }) => `${shop} ${++count}`)
    wire(numbered)
    return { sales: from, numbered }
  })
}

test('a stream that the factory returned is looked at also beside a sink', async () => {
  const job = numberingJob('beside', (numbered) => numbered.map((text) => text.length > 0).to('out', nowhere()))
  const error = await failureOf(simulate(job, { input: feedSales, faults: ['kill'], seed: SEED }))
  assert.equal(error.code, 'SIMULATION_FAILED')
  assert.match(error.message, /stream numbered: \d+ missing/)
})

test('input may take its time: what it feeds in the end is what the job gets', async () => {
  const job = numberingJob('slow-input', (numbered) => numbered.to('out', nowhere()))
  const input: SimulateOptions<Sales>['input'] = async (feed, streams) => {
    await new Promise((resolve) => setImmediate(resolve))
    feed(streams.sales, sales)
  }
  assert.equal((await failureOf(simulate(job, { input, faults: ['kill'], seed: SEED }))).code, 'SIMULATION_FAILED')
  const failing = simulate(salesJob(), { input: () => Promise.reject(new Error('no such file')) })
  await assert.rejects(failing, { message: 'no such file' })
})

test('input that feeds after it has ended is told so', async () => {
  let late: unknown
  const input: SimulateOptions<Sales>['input'] = (feed, streams) => {
    feed(streams.sales, sales)
    void Promise.resolve().then(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      try {
        feed(streams.sales, sales)
      } catch (error) {
        late = error
      }
    })
  }
  assert.equal((await simulate(salesJob(), { input, runs: 2, seed: SEED })).records, 7 * 5 + 7)
  assert.ok(StreamError.is(late) && late.code === 'TEST_ENDED', String(late))
})

test('a simulation without input, or of which nothing comes out, compares nothing: it fails', async () => {
  const messageOf = async (job: Job<void, Sales>, input: SimulateOptions<Sales>['input']): Promise<string> => {
    const error = await failureOf(simulate(job, { input }))
    assert.equal(error.code, 'INVALID_OPTION')
    return error.message
  }
  assert.match(await messageOf(salesJob(), () => {}), /Nothing comes out of the job 'sales'.* input gave it 0 records/)
  const filtered = defineJob('filtered', (job) => {
    const from = job.from('sales', arraySource<Sale>([]))
    from.filter(() => false).to('out', nowhere())
    return { sales: from }
  })
  assert.match(await messageOf(filtered, feedSales), /Nothing comes out of the job 'filtered'.* input gave it 300 records/)
  const unseen = defineJob('unseen', (job) => {
    const from = job.from('sales', arraySource<Sale>([]))
    from.map((sale) => sale.cents)
    return { sales: from }
  })
  assert.match(await messageOf(unseen, feedSales), /no sink and no stream that its factory returns got any/)
})

test('a simulation in which no process was restored says so, unless nothing was to restore one', async () => {
  const isSlow = ({ kind }: Fault): boolean => kind === 'slow-disk'
  const seed = Array.from({ length: 5_000 }, (_zero, n) => n).find((n) => drawFaults(n, FAULT_KINDS).every(isSlow)) as number
  const error = await failureOf(simulate(salesJob(), { input: feedSales, runs: 1, seed }))
  assert.equal(error.code, 'INVALID_OPTION')
  assert.match(error.message, /No process went on from a checkpoint of the job 'sales' in 1 runs/)
  assert.equal((await simulate(salesJob(), { input: feedSales, faults: ['slow-disk'], seed: SEED, runs: 2 })).restores, 0)
})

test('what happens by chance, and seldom, is never told as the doing of faults', async () => {
  const seen = new Set<string>()
  for (let seed = 1; seed <= 3; seed++) {
    // Lets all pass in the two runs without faults, and then each record but one in a hundred.
    const random = new SeededRandom(seed)
    let calls = 0
    const job = defineJob('rare', (job) => {
      const from = job.from('sales', arraySource<Sale>([]))
      from.filter(() => ++calls <= 2 * sales.length || random.next() > 0.01).to('out', nowhere())
      return { sales: from }
    })
    seen.add((await failureOf(simulate(job, { input: feedSales, seed }))).code)
  }
  assert.deepEqual([...seen], ['SIMULATION_UNSTEADY'])
})

test('of running totals of two sources, judge says what has to be the same', async () => {
  const job = defineJob('two', (job) => {
    const shops = job.from('shops', arraySource<Sale>([]))
    const web = job.from('web', arraySource<Sale>([]))
    shops
      .union(web)
      .keyBy(({ shop }) => shop)
      .aggregate('totals', { cents: agg.sum(({ cents }) => cents) })
      .to('totals', nowhere())
    return { shops, web }
  })
  const input: SimulateOptions<{ shops: Stream<Sale>; web: Stream<Sale> }>['input'] = (feed, { shops, web }) => {
    feed(shops, sales.slice(0, 100))
    feed(web, sales.slice(100))
  }
  const error = await failureOf(simulate(job, { input, seed: SEED }))
  assert.equal(error.code, 'SIMULATION_UNSTEADY')
  assert.match(error.message, /several splits or sources came first: of that, judge\(\) can say/)
  const places = new Set<string>()
  const lastOfEach = (rows: readonly unknown[], place: string): readonly unknown[] => {
    places.add(place)
    return [...new Map((rows as { readonly key: string }[]).map((row) => [row.key, row])).values()]
  }
  const { restores } = await simulate(job, { input, judge: lastOfEach, seed: SEED, runs: 3 })
  assert.ok(restores > 0)
  assert.deepEqual([...places], ['sink/totals'])
})

test('what judge keeps has to be the same', async () => {
  const job = numberingJob('judged', (numbered) => numbered.to('out', nowhere()))
  const error = await failureOf(simulate(job, { input: feedSales, judge: (rows) => rows.slice(-1), faults: ['kill'], seed: SEED }))
  assert.equal(error.code, 'SIMULATION_FAILED')
  assert.match(error.message, /sink\/out: 1 missing: "shop 5 300"/)
})

test('what a source cannot give again is lost in a crash, and the paths that are not exactly-once are told', async () => {
  const socket = defineSource<Sale, number>({
    kind: 'socket',
    bounded: false,
    replayable: false,
    timestamps: false,
    open: () => Promise.reject(new Error('it is replaced')),
  })
  const job = defineJob('from-a-socket', (job) => {
    const from = job.from('sales', socket)
    from.map(({ cents }) => cents).to('out', nowhere())
    return { sales: from }
  })
  const error = await failureOf(simulate(job, { input: feedSales, faults: ['kill'], seed: SEED }))
  assert.equal(error.code, 'SIMULATION_FAILED')
  assert.match(error.message, /sink\/out: \d+ missing: \d+/)
  assert.doesNotMatch(error.message, /too many/)
  assert.match(error.message, /source\/sales cannot be read again: what it gave after the newest checkpoint is lost/)
  // A slow disk loses nothing.
  const { limited } = await simulate(job, { input: feedSales, faults: ['slow-disk'], seed: SEED, runs: 2 })
  assert.deepEqual(
    limited.map(({ from, to, guarantee }) => [from, to, guarantee]),
    [['source/sales', 'sink/out', 'at-most-once']],
  )
})

test('a sink that may repeat is simulated as one that does not, and told', async () => {
  const job = defineJob('called', (job) => {
    const from = job.from('sales', arraySource<Sale>([]))
    from.to('exact', nowhere())
    from.to(
      'calls',
      callbackSink<Sale>(() => assert.fail('it is replaced')),
    )
    return { sales: from }
  })
  const { limited } = await simulate(job, { input: feedSales, seed: SEED, runs: 3 })
  assert.deepEqual(
    limited.map(({ to, guarantee, limitedBy }) => [to, guarantee, limitedBy]),
    [['sink/calls', 'at-least-once', ['sink/calls']]],
  )
})

test('options that cannot be are refused', async () => {
  const codeOf = async (options: object): Promise<string> =>
    (await failureOf(simulate(salesJob(), { input: feedSales, ...options } as SimulateOptions<Sales>))).message
  assert.match(await codeOf({ faults: ['crash'] }), /'crash'.*'kill', 'power-loss'/)
  assert.match(await codeOf({ faults: [] }), /faults is an empty list: it may be a list of one or more of 'kill'/)
  assert.match(await codeOf({ faults: 'kill' }), /faults is 'kill': it may be a list/)
  assert.match(await codeOf({ faults: [undefined] }), /faults has undefined/)
  assert.match(await codeOf({ judge: 'last' }), /judge is 'last': it has to be a function/)
  const without = simulate as unknown as (job: unknown) => Promise<unknown>
  assert.match((await failureOf(without(salesJob()))).message, /input has to be a function/)
  assert.match(await codeOf({ runs: 0 }), /runs is 0/)
  assert.match(await codeOf({ seed: 1.5 }), /seed is 1.5/)
  assert.match(await codeOf({ seed: '1' }), /seed is '1': it has to be a whole number/)
  assert.match(await codeOf({ sed: 1 }), /did you mean 'seed'/)
  assert.match(await codeOf({ input: undefined }), /input has to be a function/)
  assert.match(
    await codeOf({ input: (feed: (to: string, records: readonly unknown[]) => void) => feed('sale', []) }),
    /did you mean 'sales'/,
  )
})

test('what is fed is checked as testJob checks it', async () => {
  const messageOf = async (...fed: readonly unknown[]): Promise<string> => {
    const input = (feed: (to: string, ...fed: readonly unknown[]) => void): void => feed('sales', ...fed)
    const error = await failureOf(simulate(salesJob(), { input: input as unknown as typeof feedSales }))
    return `${error.code} ${error.message}`
  }
  assert.match(await messageOf('abc'), /^INVALID_OPTION .*'abc' as records: it takes a list/)
  assert.match(await messageOf(sales, { spilt: 'us' }), /^INVALID_OPTION feed has no option 'spilt': did you mean 'split'/)
  assert.match(await messageOf(sales, { split: 5 }), /^INVALID_OPTION feed was given 5 as split: the name of a split is text/)
  assert.match(await messageOf(sales, 'us'), /feed was given as options/)
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
