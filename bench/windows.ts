/**
 * Windows in a process in which other jobs ran before, against tables of slices written by hand that see the same batches, wait for
 * the same watermarks and emit the same rows.
 */
import { agg, defineJob, session, sliding, tumbling } from '../packages/millrace/src/index.ts'
import type { Job, Stream } from '../packages/millrace/src/index.ts'
import { nodeEnv } from '../packages/millrace/src/env/node-env.ts'
import { startJob } from '../packages/millrace/src/job/start-job.ts'
import { pollute } from './chain.ts'
import { cpuMs, interleaved, median, ratio, type Bench, type Figure } from './lib/bench.ts'
import { ownSink } from './lib/own-sink.ts'
import { defineSource, type Batch, type Source } from '../packages/millrace/src/connect.ts'

type Key = number | string
interface Trade {
  readonly key: Key
  readonly price: number
  readonly at: number
}
interface Row {
  readonly key: Key
  readonly window: { readonly start: number; readonly end: number }
  readonly n: number
  readonly sum: number
}

const KEYS = 10_000
const RECORDS = 5_000_000
const ROUNDS = 5
const BATCH = 512
const PER_MS = 10
/** Event time runs this far out of order. */
const DISORDER_MS = 50
const SIZE_MS = 10_000
const SLIDE_MS = 1_000
const GAP_MS = 40

/** The same records again and again, a later time each: [key, price, time within the round]. */
const POOL = 65_536
const prices = Float64Array.from({ length: POOL }, (_, i) => (i * 31) % 1_000)
const jitter = Int32Array.from({ length: POOL }, (_, i) => (i * 7919) % DISORDER_MS)
const numbers: readonly Key[] = Array.from({ length: POOL }, (_, i) => (i * 7919) % KEYS)
const texts: readonly Key[] = numbers.map((key) => `customer-${String(key)}`)
/** For sessions: a key is active for a while, then others are. */
const bursts: readonly Key[] = Array.from({ length: POOL }, (_, i) => ((i >> 9) * 97 + (i % 61)) % KEYS)

function batchAt(keys: readonly Key[], read: number): Trade[] {
  const batch: Trade[] = []
  for (let i = read; i < read + BATCH; i++) {
    const place = i % POOL
    batch.push({ key: keys[place] as Key, price: prices[place] as number, at: Math.floor(i / PER_MS) - (jitter[place] as number) })
  }
  return batch
}

function trades(keys: readonly Key[]): Source<Trade> {
  return defineSource<Trade, number>({
    kind: 'trades',
    bounded: true,
    replayable: true,
    timestamps: false,
    async open() {
      let read = 0
      return {
        splits: new Map([['0', 0]]),
        poll(): Batch<Trade, number> | 'end' {
          if (read >= RECORDS) return 'end'
          const values = batchAt(keys, read)
          read += BATCH
          return { split: '0', values, next: read, splitEnded: read >= RECORDS }
        },
        ready: async () => undefined,
        close: async () => undefined,
      }
    },
  })
}

function windowJob(keys: readonly Key[], step: (stream: Stream<Trade>) => Stream<Row>, seen: (row: Row) => void): Job<void> {
  return defineJob('windows', (job) => {
    step(job.from('trades', trades(keys), { timestamp: (trade) => trade.at, outOfOrderness: DISORDER_MS })).to('tap', ownSink(seen))
  })
}

const aggregates = { n: agg.count<Trade>(), sum: agg.sum((trade: Trade) => trade.price) }
const tumbles = (stream: Stream<Trade>): Stream<Row> =>
  stream
    .keyBy((trade) => trade.key)
    .window(tumbling(SIZE_MS))
    .aggregate('w', aggregates)
const slides = (stream: Stream<Trade>): Stream<Row> =>
  stream
    .keyBy((trade) => trade.key)
    .window(sliding(SIZE_MS, SLIDE_MS))
    .aggregate('w', aggregates)
const visits = (stream: Stream<Trade>): Stream<Row> =>
  stream
    .keyBy((trade) => trade.key)
    .window(session(GAP_MS))
    .aggregate('w', aggregates)

// ---------------------------------------------------------------- by hand

interface Sum {
  n: number
  sum: number
}

/** Batches with the watermark after each. */
function* feed(keys: readonly Key[]): Generator<{ readonly batch: readonly Trade[]; readonly watermark: number }, void, undefined> {
  let max = Number.NEGATIVE_INFINITY
  for (let read = 0; read < RECORDS; read += BATCH) {
    const batch = batchAt(keys, read)
    for (const { at } of batch) if (at > max) max = at
    yield { batch, watermark: read + BATCH >= RECORDS ? Number.POSITIVE_INFINITY : max - DISORDER_MS - 1 }
  }
}

function slicesByHand(keys: readonly Key[], slideMs: number, seen: (row: Row) => void): void {
  const slices = new Map<number, Map<Key, Sum>>()
  let next = Number.NaN
  for (const { batch, watermark } of feed(keys)) {
    for (const trade of batch) {
      const start = trade.at - (((trade.at % slideMs) + slideMs) % slideMs)
      let slice = slices.get(start)
      if (slice === undefined) {
        slices.set(start, (slice = new Map()))
        if (!(next <= start - SIZE_MS + slideMs)) next = start - SIZE_MS + slideMs
      }
      const sum = slice.get(trade.key)
      if (sum === undefined) slice.set(trade.key, { n: 1, sum: trade.price })
      else {
        sum.n++
        sum.sum += trade.price
      }
    }
    for (; slices.size > 0 && next + SIZE_MS - 1 <= watermark; next += slideMs) {
      const window = { start: next, end: next + SIZE_MS }
      if (slideMs === SIZE_MS) for (const [key, { n, sum }] of slices.get(next) ?? []) seen({ key, window, n, sum })
      else emitMerged(slices, window, slideMs, seen)
      slices.delete(next)
    }
  }
}

function emitMerged(slices: ReadonlyMap<number, Map<Key, Sum>>, window: Row['window'], slideMs: number, seen: (row: Row) => void): void {
  const merged = new Map<Key, Sum>()
  for (let start = window.start; start < window.end; start += slideMs) {
    for (const [key, { n, sum }] of slices.get(start) ?? []) {
      const before = merged.get(key)
      if (before === undefined) merged.set(key, { n, sum })
      else {
        before.n += n
        before.sum += sum
      }
    }
  }
  for (const [key, { n, sum }] of merged) seen({ key, window, n, sum })
}

interface Session extends Sum {
  start: number
  end: number
}

function sessionsByHand(keys: readonly Key[], _slideMs: number, seen: (row: Row) => void): void {
  const open = new Map<Key, Session[]>()
  // Ends in buckets, so that looking for what is over costs what is over.
  const buckets = new Map<number, Session[]>()
  const keyOf = new Map<Session, Key>()
  let bucket = Number.NaN
  const put = (one: Session): void => {
    const at = Math.floor(one.end / GAP_MS)
    const own = buckets.get(at)
    if (own === undefined) buckets.set(at, [one])
    else own.push(one)
    if (!(bucket <= at)) bucket = at
  }
  for (const { batch, watermark } of feed(keys)) {
    for (const { key, price, at } of batch) {
      const own = open.get(key)
      const end = at + GAP_MS
      let found: Session | undefined
      if (own !== undefined) {
        for (let i = 0; i < own.length; i++) {
          const each = own[i] as Session
          if (each.start > end || each.end < at) continue
          if (found === undefined) found = each
          else {
            found.n += each.n
            found.sum += each.sum
            found.start = Math.min(found.start, each.start)
            found.end = Math.max(found.end, each.end)
            keyOf.delete(each)
            own.splice(i--, 1)
          }
        }
      }
      if (found === undefined) {
        found = { n: 1, sum: price, start: at, end }
        if (own === undefined) open.set(key, [found])
        else own.push(found)
        keyOf.set(found, key)
        put(found)
      } else {
        found.n++
        found.sum += price
        if (at < found.start) found.start = at
        if (end > found.end) found.end = end
      }
    }
    for (; buckets.size > 0 && bucket * GAP_MS - 1 <= watermark; bucket++) {
      const due = buckets.get(bucket) ?? []
      buckets.delete(bucket)
      for (const each of due) {
        const key = keyOf.get(each)
        if (key === undefined) continue
        if (each.end - 1 > watermark) {
          put(each)
          continue
        }
        seen({ key, window: { start: each.start, end: each.end }, n: each.n, sum: each.sum })
        keyOf.delete(each)
        const own = open.get(key) as Session[]
        if (own.length === 1) open.delete(key)
        else own.splice(own.indexOf(each), 1)
      }
      if (due.some((each) => keyOf.has(each))) break
    }
  }
}

// ---------------------------------------------------------------- measuring

interface Tally {
  rows: number
  sum: number
}

function tally(): { readonly of: Tally; readonly seen: (row: Row) => void } {
  const of = { rows: 0, sum: 0 }
  return {
    of,
    seen(row) {
      of.rows++
      of.sum += row.n * 7 + row.sum + row.window.end * 1e-6
    },
  }
}

function measured(run: (seen: (row: Row) => void) => Promise<void> | void, expected: Tally): () => Promise<number> {
  return async () => {
    const { of, seen } = tally()
    const began = cpuMs()
    await run(seen)
    const seconds = (cpuMs() - began) / 1000
    if (of.rows !== expected.rows || Math.abs(of.sum - expected.sum) > 1e-6 * expected.sum)
      throw new Error(`wrong answer: ${of.rows} rows with sum ${of.sum} instead of ${expected.rows} with ${expected.sum}`)
    return RECORDS / seconds / 1e6
  }
}

interface Case {
  readonly name: string
  readonly goal: number
  readonly keys: readonly Key[]
  readonly step: (stream: Stream<Trade>) => Stream<Row>
  readonly byHand: (keys: readonly Key[], slideMs: number, seen: (row: Row) => void) => void
  readonly slideMs: number
}

const cases: readonly Case[] = [
  { name: 'tumbling, numbers', goal: 0.5, keys: numbers, step: tumbles, byHand: slicesByHand, slideMs: SIZE_MS },
  { name: 'sliding, numbers', goal: 0.5, keys: numbers, step: slides, byHand: slicesByHand, slideMs: SLIDE_MS },
  { name: 'tumbling, texts', goal: 0.4, keys: texts, step: tumbles, byHand: slicesByHand, slideMs: SIZE_MS },
  { name: 'sliding, texts', goal: 0.4, keys: texts, step: slides, byHand: slicesByHand, slideMs: SLIDE_MS },
  { name: 'sessions', goal: 0.3, keys: bursts, step: visits, byHand: sessionsByHand, slideMs: 0 },
]

async function compare({ name, goal, keys, step, byHand, slideMs }: Case): Promise<readonly Figure[]> {
  const expected = tally()
  byHand(keys, slideMs, expected.seen)
  const speeds = await interleaved(ROUNDS, {
    hand: measured((seen) => byHand(keys, slideMs, seen), expected.of),
    engine: measured(async (seen) => {
      const handle = await startJob(windowJob(keys, step, seen), {}, { env: nodeEnv() })
      await handle.finished
    }, expected.of),
  })
  return [
    { name: `${name}: by hand`, value: median(speeds.hand), unit: 'M records/CPU-s' },
    { name: `${name}: engine`, value: median(speeds.engine), unit: 'M records/CPU-s' },
    { name: `${name}: engine ÷ by hand`, value: ratio(speeds.engine, speeds.hand), unit: '', goal },
  ]
}

export const bench: Bench = {
  question: 'what windows cost beside tables of slices written by hand, after other jobs',
  async run(args) {
    const [only] = args
    await pollute()
    const figures: Figure[] = []
    for (const each of cases) if (only === undefined || each.name.includes(only)) figures.push(...(await compare(each)))
    return figures
  },
}
