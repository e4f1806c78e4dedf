/** The jobs of growth.ts. Each has a size, and does so many rounds of it. */
import { agg, defineJob, eventTimer, eventTimers, type Job, type Out, sliding, tumbling } from '../../packages/millrace/src/index.ts'
import type { Stream } from '../../packages/millrace/src/index.ts'
import { defineSource, type Batch, type Source } from '../../packages/millrace/src/connect.ts'
import { replaySource } from './edges.ts'
import { ownSink } from './own-sink.ts'

export interface Growing {
  readonly size: number
  readonly rounds: number
  run(runJob: (job: Job<void>) => Promise<void>): Promise<void>
  /** @throws when the last run gave a wrong answer */
  verify(): void
}

const BATCH = 512
/** Records of a small size: enough for cold code and the start of a job to be lost in. */
const RECORDS = 400_000

function roundsOf(size: number): number {
  return Math.max(1, Math.ceil(RECORDS / size))
}

interface Feed<T> {
  readonly count: number
  readonly recordAt: (i: number) => T
  /** So many records have been read and worked off: `then` is called once. */
  readonly peak?: { readonly at: number; readonly then: () => void } | undefined
}

function batchAt<T>({ count, recordAt }: Feed<T>, read: number): T[] {
  const batch: T[] = []
  for (let i = read, end = Math.min(count, read + BATCH); i < end; i++) batch.push(recordAt(i))
  return batch
}

function source<T>(feed: Feed<T>): Source<T> {
  return defineSource<T, number>({
    kind: 'feed',
    bounded: true,
    replayable: true,
    timestamps: false,
    async open() {
      let read = 0
      let isBelowPeak = true
      return {
        splits: new Map([['0', 0]]),
        poll(): Batch<T, number> | 'end' {
          if (isBelowPeak && feed.peak !== undefined && read >= feed.peak.at) {
            isBelowPeak = false
            feed.peak.then()
          }
          if (read >= feed.count) return 'end'
          const values = batchAt(feed, read)
          read += values.length
          return { split: '0', values, next: read, splitEnded: read >= feed.count }
        },
        ready: async () => undefined,
        close: async () => undefined,
      }
    },
  })
}

/** 0 to `size - 1`, each once, in an order that no cache and no heap can guess. */
function scattered(size: number): Int32Array {
  const order = Int32Array.from({ length: size }, (_, i) => i)
  let random = 0x9e3779b9
  for (let i = size - 1; i > 0; i--) {
    random ^= random << 13
    random ^= random >>> 17
    random ^= random << 5
    const other = (random >>> 0) % (i + 1)
    const held = order[i] as number
    order[i] = order[other] as number
    order[other] = held
  }
  return order
}

interface Parts<R> {
  readonly size: number
  readonly rounds: number
  readonly build: (seen: (row: R) => void) => Job<void>
  readonly numberOf: (row: R) => number
  readonly rows: number
  readonly sum: number
}

function growing<R>({ size, rounds, build, numberOf, rows, sum }: Parts<R>): Growing {
  const seen = { rows: 0, sum: 0 }
  return {
    size,
    rounds,
    async run(runJob) {
      seen.rows = seen.sum = 0
      await runJob(
        build((row) => {
          seen.rows++
          seen.sum += numberOf(row)
        }),
      )
    },
    verify() {
      if (seen.rows !== rows || seen.sum !== sum)
        throw new Error(`wrong answer at ${size}: ${seen.rows} rows with sum ${seen.sum} instead of ${rows} with ${sum}`)
    },
  }
}

interface Counted {
  readonly key: number
  readonly n: number
}
interface At {
  readonly key: number
  readonly at: number
}

function windowsOf(feed: Feed<At>, outOfOrderness: number, step: (stream: Stream<At>) => Stream<Counted>): Parts<Counted>['build'] {
  return (seen) =>
    defineJob('growth', (job) => {
      step(job.from('feed', source(feed), { timestamp: ({ at }) => at, outOfOrderness })).to('tap', ownSink(seen))
    })
}

const countOf = { n: agg.count<At>() }
const numberOf = ({ n }: Counted): number => n

/** Tumbling windows of one key each: in a round `size` of them open, in any order, and stay open until the last is there. */
export function liveWindows(size: number, atPeak?: () => void): Growing {
  const WIDTH_MS = 1_000
  const rounds = roundsOf(size)
  const order = scattered(size)
  const recordAt = (i: number): At => {
    const place = order[i % size] as number
    return { key: place, at: (Math.floor(i / size) * 2 * size + place) * WIDTH_MS }
  }
  const feed = { count: rounds * size, recordAt, peak: atPeak && { at: size, then: atPeak } }
  const build = windowsOf(feed, size * WIDTH_MS, (stream) =>
    stream
      .keyBy(({ key }) => key)
      .window(tumbling(WIDTH_MS))
      .aggregate('w', countOf),
  )
  return growing({ size, rounds, build, numberOf, rows: feed.count, sum: feed.count })
}

const WINDOW_KEYS = 100

function slidingJob(feed: Feed<At>, sizeMs: number, slideMs: number): Parts<Counted>['build'] {
  return windowsOf(feed, 0, (stream) =>
    stream
      .keyBy(({ key }) => key)
      .window(sliding(sizeMs, slideMs))
      .aggregate('w', countOf),
  )
}

/** Windows of one length that begin ever more often: the size is what a window's length of time has of records and of results. */
export function finerSlides(ratio: number): Growing {
  const SIZE_MS = 1_000_000
  const PER_KEY = 10
  const records = WINDOW_KEYS * PER_KEY
  const rounds = roundsOf(records + WINDOW_KEYS * ratio)
  const slideMs = SIZE_MS / ratio
  const recordAt = (i: number): At => ({ key: i % WINDOW_KEYS, at: i * (SIZE_MS / records) })
  const feed = { count: rounds * records, recordAt }
  let rows = 0
  for (let key = 0; key < WINDOW_KEYS; key++) {
    const [first, last] = [key, feed.count - WINDOW_KEYS + key].map((i) => Math.floor(recordAt(i).at / slideMs)) as [number, number]
    rows += last - first + ratio
  }
  const build = slidingJob(feed, SIZE_MS, slideMs)
  return growing({ size: (feed.count + rows) / rounds, rounds, build, numberOf, rows, sum: feed.count * ratio })
}

/** Windows that begin equally often and are ever longer: records and results stay as many, so a round is `ratio` of them. */
export function longerWindows(ratio: number): Growing {
  const SLIDE_MS = 1_000
  const slices = 4_000
  const recordAt = (i: number): At => ({ key: i % WINDOW_KEYS, at: Math.floor(i / WINDOW_KEYS) * SLIDE_MS })
  const feed = { count: slices * WINDOW_KEYS, recordAt }
  const rows = WINDOW_KEYS * (slices + ratio - 1)
  const build = slidingJob(feed, ratio * SLIDE_MS, SLIDE_MS)
  return growing({ size: ratio, rounds: (feed.count + rows) / ratio, build, numberOf, rows, sum: feed.count * ratio })
}

interface Due extends At {
  readonly due: number
}

/** In a round `size` timers are set, in any order; all are pending until the last is there, then all are due. */
export function pendingTimers(kind: 'one a key' | 'many a key', size: number, atPeak?: () => void): Growing {
  const keys = kind === 'one a key' ? size : 100
  const rounds = roundsOf(size)
  const order = scattered(size)
  const recordAt = (i: number): Due => {
    const round = Math.floor(i / size)
    const at = round * 2 * size
    // Of two rounds in a row each has its keys: a batch may have the end of one and the beginning of the next.
    return { key: (round & 1) * keys + (i % keys), at, due: at + 1 + (order[i % size] as number) }
  }
  const feed = { count: rounds * size, recordAt, peak: atPeak && { at: size, then: atPeak } }
  const onTimer = {
    due(at: number, { key }: { readonly key: number }, out: Out<Counted>) {
      out.emit({ key, n: at })
    },
  }
  const one = (stream: Stream<Due>): Stream<Counted> =>
    stream
      .keyBy(({ key }) => key)
      .process('p', {
        timers: { due: eventTimer() },
        onRecord: ({ due }, { timers }) => timers.due.set(due),
        onTimer,
      })
  const many = (stream: Stream<Due>): Stream<Counted> =>
    stream
      .keyBy(({ key }) => key)
      .process('p', {
        timers: { due: eventTimers() },
        onRecord: ({ due }, { timers }) => timers.due.add(due),
        onTimer,
      })
  const step = kind === 'one a key' ? one : many
  const build = (seen: (row: Counted) => void): Job<void> =>
    defineJob('growth', (job) => {
      step(job.from('feed', source(feed), { timestamp: ({ at }) => at })).to('tap', ownSink(seen))
    })
  const sum = (rounds * size * (size + 1)) / 2 + size * size * rounds * (rounds - 1)
  return growing({ size, rounds, build, numberOf, rows: feed.count, sum })
}

const PASSES = 2

function keyFeed(size: number, atPeak?: () => void): Feed<{ readonly key: number }> & { readonly passes: number } {
  const passes = Math.max(PASSES, roundsOf(size))
  const order = scattered(size)
  const recordAt = (i: number): { key: number } => ({ key: order[i % size] as number })
  return { passes, count: passes * size, recordAt, peak: atPeak && { at: size, then: atPeak } }
}

/** A count of each key; in a round each key comes once. */
export function countOfKeys(size: number, atPeak?: () => void): Growing {
  const feed = keyFeed(size, atPeak)
  const build = (seen: (row: Counted) => void): Job<void> =>
    defineJob('growth', (job) => {
      job
        .from('feed', source(feed))
        .keyBy(({ key }) => key)
        .aggregate('count', { n: agg.count() })
        .to('tap', ownSink(seen))
    })
  return growing({ size, rounds: feed.passes, build, numberOf, rows: feed.count, sum: (size * feed.passes * (feed.passes + 1)) / 2 })
}

/** The same records, each of which changes one place, known at once, in as much memory as what they are compared with takes. */
export function randomAccess(size: number, bytesEach: number): Growing {
  const feed = keyFeed(size)
  const cells = Math.ceil(bytesEach / Float64Array.BYTES_PER_ELEMENT)
  let sum = 0
  return {
    size,
    rounds: feed.passes,
    async run() {
      const counts = new Float64Array(size * cells)
      sum = 0
      for (let read = 0; read < feed.count; read += BATCH) {
        for (const { key } of batchAt(feed, read)) {
          const at = key * cells
          sum += counts[at] = (counts[at] as number) + 1
        }
      }
    },
    verify() {
      const expected = (size * feed.passes * (feed.passes + 1)) / 2
      if (sum !== expected) throw new Error(`wrong answer of random access at ${size}: ${sum} instead of ${expected}`)
    },
  }
}

/** A chain of so many steps: a round is a record. What a step does is not folded into the next one. */
export function chainOf(length: number): Growing {
  const records = 4_000_000
  const rows = Array.from({ length: 16_384 }, (_, i): Counted => ({ key: i, n: i % 977 }))
  const batches = Array.from({ length: rows.length / BATCH }, (_, i) => rows.slice(i * BATCH, (i + 1) * BATCH))
  const next = ({ key, n }: Counted): Counted => ({ key, n: (n * 31 + key) % 1_009 })
  const count = Math.ceil(records / BATCH) * BATCH
  const ends = rows.map((row) => {
    let end = row
    for (let step = 0; step < length; step++) end = next(end)
    return end.n
  })
  let sum = 0
  for (let i = 0; i < count; i++) sum += ends[i % ends.length] as number
  const build = (seen: (row: Counted) => void): Job<void> =>
    defineJob('growth', (job) => {
      let stream: Stream<Counted> = job.from('rows', replaySource(batches, records))
      for (let step = 0; step < length; step++) stream = stream.map(next)
      stream.to('tap', ownSink(seen))
    })
  return growing({ size: length, rounds: count, build, numberOf, rows: count, sum })
}
