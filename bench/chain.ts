/**
 * A chain of map, filter, map and keyed count in a process in which ten other jobs ran before, against a loop written by hand
 * that calls the same functions and emits the same objects, and against the same chain through shared closures.
 */
import { agg, defineJob, eventTimer, outputTag, valueState, type Out } from '../packages/millrace/src/index.ts'
import type { Job } from '../packages/millrace/src/index.ts'
import { nodeEnv } from '../packages/millrace/src/env/node-env.ts'
import { startJob } from '../packages/millrace/src/job/start-job.ts'
import { cpuMs, interleaved, median, ratio, type Bench, type Figure } from './lib/bench.ts'
import { replaySource, tapSink } from './lib/edges.ts'
import { ownSink } from './lib/own-sink.ts'

interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly at: number
}
interface Priced {
  readonly auction: number
  readonly euros: number
  readonly at: number
}
interface Counted {
  readonly key: number
  readonly n: number
}

const KEYS = 10_000
const RECORDS = 10_000_000
const ROUNDS = 5
const BATCH = 512

const pool: Bid[] = Array.from({ length: 16_384 }, (_, i) => ({
  auction: (i * 7919) % KEYS,
  bidder: i % 977,
  price: (i * 31) % 1_000,
  at: 1_000_000 + i,
}))
const batches = Array.from({ length: pool.length / BATCH }, (_, i) => pool.slice(i * BATCH, (i + 1) * BATCH))

const toPriced = (bid: Bid): Priced & { bidder: number } => ({
  auction: bid.auction,
  euros: bid.price * 0.908,
  at: bid.at,
  bidder: bid.bidder,
})
const isKept = (bid: { readonly bidder: number }): boolean => bid.bidder % 4 !== 0
const withoutBidder = (bid: Priced): Priced => ({ auction: bid.auction, euros: bid.euros, at: bid.at })

// ---------------------------------------------------------------- the plain chain

export function chainJob(seen: (row: Counted) => void): Job<void> {
  return defineJob('chain', (job) => {
    job
      .from('bids', replaySource(batches, RECORDS))
      .map(toPriced)
      .filter(isKept)
      .map(withoutBidder)
      .keyBy((bid) => bid.auction)
      .aggregate('count', { n: agg.count() })
      .to('tap', ownSink(seen))
  })
}

function chainByHand(seen: (row: Counted) => void): void {
  const counts = new Map<number, number>()
  for (let read = 0, next = 0; read < RECORDS;) {
    const values = batches[next] as readonly Bid[]
    next = next + 1 === batches.length ? 0 : next + 1
    read += values.length
    for (let i = 0; i < values.length; i++) {
      const priced = toPriced(values[i] as Bid)
      if (!isKept(priced)) continue
      const bid = withoutBidder(priced)
      const key = bid.auction
      const n = (counts.get(key) ?? 0) + 1
      counts.set(key, n)
      seen({ key, n })
    }
  }
}

// ---------------------------------------------------------------- with a process function, a timer and a side output

const big = outputTag<Priced>('big')

export function processJob(seen: (row: Counted) => void): Job<void> {
  return defineJob('process', (job) => {
    const counted = job
      .from('bids', replaySource(batches, RECORDS), { timestamp: (bid) => bid.at })
      .map(toPriced)
      .filter(isKept)
      .map(withoutBidder)
      .keyBy((bid) => bid.auction)
      .process('count', {
        state: { n: valueState({ initial: () => 0 }) },
        timers: { quiet: eventTimer() },
        onRecord(bid, { key, state, timers }, out: Out<Counted>) {
          const n = state.n.get() + 1
          state.n.set(n)
          timers.quiet.set(bid.at + 60_000)
          if (bid.euros > 900) out.side(big, bid)
          out.emit({ key, n })
        },
        onTimer: {
          quiet(_at, { state }) {
            state.n.clear()
          },
        },
      })
    counted.to('tap', ownSink(seen))
    counted
      .side(big)
      .map((bid) => ({ key: -1, n: bid.auction }))
      .to('big', ownSink(seen))
  })
}

function processByHand(seen: (row: Counted) => void): void {
  const states = new Map<number, { n: number; quiet: number }>()
  for (let read = 0, next = 0; read < RECORDS;) {
    const values = batches[next] as readonly Bid[]
    next = next + 1 === batches.length ? 0 : next + 1
    read += values.length
    for (let i = 0; i < values.length; i++) {
      const priced = toPriced(values[i] as Bid)
      if (!isKept(priced)) continue
      const bid = withoutBidder(priced)
      const key = bid.auction
      let state = states.get(key)
      if (state === undefined) states.set(key, (state = { n: 0, quiet: 0 }))
      state.n++
      state.quiet = bid.at + 60_000
      if (bid.euros > 900) seen({ key: -1, n: bid.auction })
      seen({ key, n: state.n })
    }
  }
}

// ---------------------------------------------------------------- measuring

interface Tally {
  rows: number
  sum: number
}

function tally(): { readonly of: Tally; readonly seen: (row: Counted) => void } {
  const of = { rows: 0, sum: 0 }
  return {
    of,
    seen(row) {
      of.rows++
      of.sum += row.n
    },
  }
}

async function runJob(job: Job<void>, generateCode: boolean): Promise<void> {
  const handle = await startJob(job, {}, { env: nodeEnv(), tuning: { generateCode } })
  await handle.finished
}

/** Million records per CPU-second (all threads, so that a busy machine hurts all alike); what came out has to be what the loop by hand gave. */
function measured(run: (seen: (row: Counted) => void) => Promise<void> | void, expected: Tally): () => Promise<number> {
  return async () => {
    const { of, seen } = tally()
    const began = cpuMs()
    await run(seen)
    const seconds = (cpuMs() - began) / 1000
    if (of.rows !== expected.rows || of.sum !== expected.sum)
      throw new Error(`wrong answer: ${of.rows} rows with sum ${of.sum} instead of ${expected.rows} with ${expected.sum}`)
    return RECORDS / seconds / 1e6
  }
}

/** Ten other jobs with other shapes, functions and kinds of steps go through the same engine code first. */
export async function pollute(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const field = `f${i}`
    const job = defineJob(`other-${i}`, (job) => {
      const rows = job.from(
        'rows',
        replaySource([Array.from({ length: BATCH }, (_, n) => ({ [field]: n, [`g${i}`]: `k${n % 50}` }))], 100_000),
      )
      const mapped = rows.map((row) => ({ ...row, [`h${i}`]: i })).filter((row) => Object.keys(row).length > 0)
      const keyed = mapped.keyBy((row) => String(row[`g${i}`]))
      if (i % 3 === 0) keyed.reduce('r', (_a, b) => b).to('t', tapSink(() => undefined))
      else if (i % 3 === 1) keyed.aggregate('a', { n: agg.count(), all: agg.max((row) => Number(row[field])) }).to('t', tapSink(() => undefined))
      else keyed.process('p', { state: { s: valueState<string>() }, onRecord(row, { state }, out: Out<string>) { state.s.set(String(row[field])); out.emit(field) } }).to('t', tapSink(() => undefined)) // prettier-ignore
    })
    for (const generate of [true, false]) await runJob(job, generate)
  }
}

async function compare(
  name: string,
  byHand: (seen: (row: Counted) => void) => void,
  job: (seen: (row: Counted) => void) => Job<void>,
): Promise<readonly Figure[]> {
  const expected = tally()
  byHand(expected.seen)
  const speeds = await interleaved(ROUNDS, {
    hand: measured(byHand, expected.of),
    engine: measured((seen) => runJob(job(seen), true), expected.of),
    shared: measured((seen) => runJob(job(seen), false), expected.of),
  })
  return [
    { name: `${name}: by hand`, value: median(speeds.hand), unit: 'M records/CPU-s' },
    { name: `${name}: engine`, value: median(speeds.engine), unit: 'M records/CPU-s' },
    { name: `${name}: engine with shared closures`, value: median(speeds.shared), unit: 'M records/CPU-s' },
    { name: `${name}: engine ÷ by hand`, value: ratio(speeds.engine, speeds.hand), unit: '', goal: 0.7 },
    { name: `${name}: engine ÷ shared closures`, value: ratio(speeds.engine, speeds.shared), unit: '', goal: 1.8 },
  ]
}

export const bench: Bench = {
  question: 'what a chain costs beside a loop written by hand, after ten other jobs',
  async run() {
    await pollute()
    const plain = await compare('chain', chainByHand, chainJob)
    return [...plain, ...(await compare('process', processByHand, processJob))]
  },
}
