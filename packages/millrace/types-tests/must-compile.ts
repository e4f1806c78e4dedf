/**
 * Programs that must compile, with every type inferred as they say: what of shared/api's examples is built. Never run.
 * `Equal` proves a type exactly; `is` proves that of a stream's records.
 */
import {
  agg,
  aggregator,
  arraySource,
  callbackSink,
  collectSink,
  countWindow,
  defineJob,
  durationMs,
  eventTimer,
  eventTimers,
  generatorSource,
  listState,
  mapState,
  outputTag,
  printSink,
  processingTimer,
  processingTimers,
  run,
  session,
  sliding,
  start,
  tumbling,
  valueState,
  type DeadLetter,
  type Frozen,
  type Job,
  type Key,
  type KeyedStream,
  type NotPromise,
  type Out,
  type RunOptions,
  type Stream,
  type TimeWindow,
  type WindowAssigner,
  type WindowedStream,
} from 'millrace'
import { csv, type Format, fileSink, fileSource, jsonLines, text as lineText } from 'millrace/files'
import { simulate, testJob, testStep } from 'millrace/testing'
import { z } from 'zod'

type Equal<A, B> = (<G>() => G extends A ? 1 : 2) extends <G>() => G extends B ? 1 : 2 ? true : false
declare function is<T>(): <A>(stream: Stream<A>, proof: Equal<A, T>) => void
declare function same<T>(): <A>(value: A, proof: Equal<A, T>) => void

interface Payment {
  id: string
  card: string
  amount: number
  at: number
  ok: boolean
}
interface Alert {
  card: string
  reason: string
}
interface Click {
  user: string
  page: string
  at: number
}
type Id = string & { readonly __brand: 'Id' }
interface Cart {
  items: string[]
  total: number
  at: Date
  bytes: Uint8Array
  id: Id
}
const Schema = z.object({
  id: z.string(),
  card: z.string(),
  amount: z.number(),
  at: z.string().transform((s) => Date.parse(s)),
  country: z.string().optional(),
})

// ---------------------------------------------------------------- examples
export default defineJob('fraud', (job) => {
  const broken = outputTag<DeadLetter>('broken')
  const payments = job.from('payments', arraySource<Payment>([]), {
    timestamp: (p) => p.at,
    outOfOrderness: '5s',
    idleness: '30s',
    invalid: broken,
  })
  const alerts = payments
    .keyBy((p) => p.card)
    .process('small-then-large', {
      state: { small: valueState<number>(), seen: valueState({ initial: () => 0, ttl: '30d' }), perShop: mapState<string, number>() },
      timers: { forget: eventTimer() },
      onRecord(payment, { key, state, timers }, out: Out<Alert>) {
        state.seen.set(state.seen.get() + 1)
        if (payment.amount > 500 && state.small.get() !== undefined) out.emit({ card: key, reason: 'small, then large' })
        if (payment.amount < 1) {
          state.small.set(payment.amount)
          timers.forget.set(payment.at + 60_000)
        }
      },
      onTimer: {
        forget(_at, { state }) {
          state.small.clear()
        },
      },
    })
  is<Alert>()(alerts, true)
  alerts.to('alerts', printSink())
  payments.side(broken).to('broken', printSink())
  payments
    .keyBy((p) => [p.card, p.ok])
    .aggregate('lifetime', {
      n: agg.count(),
      total: agg.sum((p) => p.amount),
      mean: agg.avg((p) => p.amount),
      largest: agg.top(3, (p) => p.amount),
    })
    .filter((s) => s.n > 3 && s.total > 1_000)
    .map(({ key: [card, ok], n, mean, largest }) => ({ card, ok, n, mean, ids: largest.map((p) => p.id) }))
    .to('lifetimes', printSink())
})

export const rules = defineJob<{ in: string }>('rules', (job, config) => {
  const broken = outputTag<DeadLetter>('broken')
  const payments = job.from('payments', arraySource<unknown>([config.in]), {
    schema: Schema,
    timestamp: (p) => p.at,
    outOfOrderness: '5s',
    invalid: broken,
  })
  is<{ id: string; card: string; amount: number; at: number; country?: string | undefined }>()(payments, true)
  payments
    .side(broken)
    .map((letter) => letter.position ?? '')
    .to('broken', collectSink<string>([]))
})

interface Flight {
  date: string
  delay: number
  origin: string
}
export const flights = defineJob('flights', (job) => {
  const counts = job
    .from('flights', fileSource('data/flights-*.jsonl', jsonLines<Flight>()), {
      timestamp: (f) => Date.parse(f.date),
      outOfOrderness: '3h',
    })
    .keyBy((f) => f.origin)
    .aggregate('account', { flights: agg.count(), delay: agg.avg((f) => f.delay) })
  is<{ readonly key: string; readonly flights: number; readonly delay: number }>()(counts, true)
  counts.to('files', fileSink('out/account', jsonLines()))
})

export const formats = defineJob('formats', (job) => {
  const typed = job.from('typed', fileSource('a', csv({ columns: { amount: Number, at: Date.parse, name: String }, delimiter: ';' })))
  is<{ amount: number; at: number; name: string }>()(typed, true)
  const rows = job.from('rows', fileSource('a', csv({ header: false })))
  is<Record<string, string>>()(rows, true)
  const lines = job.from('lines', fileSource('a', lineText(), { follow: true }))
  is<string>()(lines, true)
  typed.to('json', fileSink('a', jsonLines(), { rollAfter: { checkpoint: false, bytes: 1 << 20, age: '5m' } }))
  rows.to('csv', fileSink('b', csv()))
  interface Sale {
    readonly k: string
    readonly n: number
    readonly at: Date
    readonly note?: string | null
  }
  const sales = job.from('sales', arraySource<Sale>([]))
  sales.to('sales', fileSink('d', csv()))
  sales.to('semicolons', fileSink('e', csv({ delimiter: ';' })))
  sales.to('some', fileSink('f', csv({ columns: { n: Number, at: Date.parse, missing: String } })))
  const row: Format<Record<string, string>> = csv()
  const tagged: Format<{ tags: string[] }> = csv({ columns: { tags: (text) => text.split(' ') } })
  rows.to('row', fileSink('g', row))
  is<{ tags: string[] }>()(job.from('tagged', fileSource('a', tagged)), true)
  is<Sale>()(job.from('explicit', fileSource<Sale>('a', jsonLines())), true)
  sales.to('explicit', fileSink<Sale>('h', jsonLines()))
  lines.to('text', fileSink('c', lineText(), { rollAfter: { bytes: 1_000 } }))
})

export const clicks = defineJob('clicks', (job) => {
  const c = job.from('clicks', arraySource<Click>([]), { timestamp: (x) => x.at })
  const k = c.keyBy((x) => x.user)
  const path = aggregator({
    create: () => [] as string[],
    add: (a: string[], x: Click) => [...a, x.page],
    merge: (a, b) => a.concat(b),
    result: (a) => a.join('>'),
  })
  const paths = k.aggregate('paths', { path, n: agg.count(), first: agg.min((x) => x.at), pages: agg.distinct((x) => x.page) })
  is<{ readonly key: string; readonly path: string; readonly n: number; readonly first: number; readonly pages: number }>()(paths, true)
  k.process('silence', {
    timers: { silent: processingTimer() },
    onRecord(_x, { timers, now }, _out: Out<{ user: string }>) {
      timers.silent.set(now + 60_000)
    },
    onTimer: {
      silent(_at, { key }, out) {
        out.emit({ user: key })
      },
    },
  }).map((a) => a.user)
  k.process('silence2', {
    timers: { silent: eventTimer() },
    onRecord(x, { timers }) {
      timers.silent.set(x.at + 60_000)
    },
    onTimer: {
      silent(at, { key }, out: Out<{ user: string; at: number }>) {
        out.emit({ user: key, at })
      },
    },
  }).map((a) => a.at)
  k.process('many', {
    timers: { a: eventTimers(), b: processingTimers() },
    onRecord(x, { timers }, _out: Out<number>) {
      timers.a.add(x.at)
      timers.b.delete(x.at)
    },
    onTimer: {
      a(at, _c, out) {
        out.emit(at)
      },
      b() {},
    },
  })
  k.process('dedup', {
    state: { seen: valueState<true>({ ttl: { after: '1d', refreshOn: 'read-and-write', expired: 'until-cleaned' }, version: 2 }) },
    onRecord(x, { state }, out: Out<Click>) {
      if (state.seen.get()) return
      state.seen.set(true)
      out.emit(x)
    },
  }).map((x) => x.page)
  c.to(
    'live',
    callbackSink((x) => {
      void x.page
    }),
  )
  c.to('anything', printSink())
  c.flatMap((x) => x.page.split('/')).map((s) => s.length)
})

// The type of a state's values comes from its schema, from migrate, or as an argument.
export const versions = defineJob('versions', (job) => {
  const keyed = job.from('n', arraySource([1])).keyBy((n) => n)
  keyed.process('versions', {
    state: {
      checked: valueState({ schema: z.object({ n: z.number() }), initial: () => ({ n: 0 }) }),
      moved: listState({ version: 2, migrate: (old, fromVersion) => `${String(old)} ${fromVersion.toFixed()}` }),
      both: mapState<string, number>({ version: 3, schema: z.number(), migrate: Number }),
    },
    onRecord(_n, { state }) {
      void state.checked.get().n.toFixed()
      for (const line of state.moved) void line.length
      void state.both.get('k')?.toFixed()
    },
  })
})

export const carts = defineJob('carts', (job) => {
  const all: Cart[] = []
  job
    .from('c', arraySource(all))
    .keyBy((c) => c.id)
    .process('cart', {
      state: { cart: valueState<Cart>(), all: mapState<string, Cart>(), list: listState<Cart>() },
      onRecord(_e, { state }, out: Out<Cart>) {
        const cart = state.cart.get()
        if (!cart) return
        state.cart.set({ ...cart, total: cart.total + 1 })
        state.cart.set(cart)
        out.emit(cart)
        out.emit({ ...cart, items: [...cart.items, 'x'] })
        const id: Id = cart.id
        const bytes: Uint8Array = cart.bytes
        void [id, bytes]
        for (const [k, v] of state.all) state.all.set(k, { ...v, total: 0 })
        state.list.replace([...state.list].filter((c) => c.total > 0))
      },
    })
    .map((c) => c.items)
})

// ---------------------------------------------------------------- windows
export const windows = defineJob('windows', (job) => {
  const late = outputTag<Payment>('late')
  const payments = job.from('payments', arraySource<Payment>([]), { timestamp: (p) => p.at, outOfOrderness: '5s' })
  const keyed = payments.keyBy((p) => p.card)
  const spending = keyed
    .window(sliding('10m', '1m'))
    .allowedLateness('1m')
    .lateTo(late)
    .aggregate('spending', {
      payments: agg.count(),
      total: agg.sum((p) => p.amount),
      mean: agg.avg((p) => p.amount),
      largest: agg.top(3, (p) => p.amount),
    })
  is<{
    readonly key: string
    readonly window: TimeWindow
    readonly payments: number
    readonly total: number
    readonly mean: number
    readonly largest: readonly Payment[]
  }>()(spending, true)
  is<Payment>()(spending.side(late), true)
  spending
    .filter((s) => s.payments > 3 && s.total > 1_000)
    .map((s) => ({ card: s.key, from: s.window.start, mean: s.mean, ids: s.largest.map((p) => p.id) }))
    .to('spenders', printSink())
  spending.side(late).to('late', printSink())
  is<{ readonly key: string; readonly window: TimeWindow; readonly n: number; readonly peak: number }>()(
    keyed.window(session('15m')).aggregate('visits', { n: agg.count(), peak: agg.max((p) => p.amount) }),
    true,
  )
})

export const moreWindows = defineJob('windows', (job) => {
  const payments = job.from('payments', arraySource<Payment>([]), { timestamp: (p) => p.at })
  const keyed = payments.keyBy((p) => p.card)
  // Without times there is no window in what comes out.
  is<{ readonly key: string; readonly n: number }>()(keyed.window(countWindow(10, 5)).aggregate('tens', { n: agg.count() }), true)
  is<undefined>()(
    keyed.window(countWindow(10)).process('ten', ({ window }, _values, out: Out<undefined>) => out.emit(window)),
    true,
  )
  is<readonly [string, boolean]>()(
    payments
      .keyBy((p) => [p.card, p.ok])
      .window(tumbling('1h', { offset: -60_000, time: 'processing' }))
      .aggregate('pairs', { n: agg.count() })
      .map((r) => r.key),
    true,
  )
  is<{ card: string; ids: string[]; at: number }>()(
    keyed
      .window(tumbling('1h'))
      .process('ids', ({ key, window, watermark, now }, values, out: Out<{ card: string; ids: string[]; at: number }>) => {
        void (watermark + now)
        out.emit({ card: key, ids: [...values].map((p) => p.id), at: window.start })
      }),
    true,
  )
  is<never>()(
    keyed.window(tumbling('1h')).process('silent', () => {}),
    true,
  )
  // A gap of each record's own, by its type or by a wider one.
  keyed.window(session((p: Payment) => (p.ok ? '15m' : 60_000))).aggregate('own', { n: agg.count() })
  keyed.window(session((p: { amount: number }) => p.amount)).aggregate('wider', { n: agg.count() })
  const gap: WindowAssigner<TimeWindow, Payment> = session((p: Payment) => p.amount)
  same<WindowedStream<Payment, string>>()(keyed.window(gap), true)
  same<WindowedStream<Payment, string, undefined>>()(keyed.window(countWindow(10)), true)
  same<WindowedStream<Payment, string>>()(keyed.parallelism(2).window(tumbling('1m')), true)
  // A helper for windows of anything.
  const hourly = <T, K>(stream: KeyedStream<T, K>): WindowedStream<T, K> => stream.window(tumbling('1h')).allowedLateness('1d')
  is<{ readonly key: string; readonly window: TimeWindow; readonly n: number }>()(
    hourly(keyed).aggregate('hourly', { n: agg.count() }),
    true,
  )
  job
    .from('flights', fileSource('data/flights-*.jsonl', jsonLines<Flight>()), {
      timestamp: (f) => Date.parse(f.date),
      outOfOrderness: '3h',
    })
    .keyBy((f) => f.origin)
    .window(tumbling('1h'))
    .aggregate('flights', { flights: agg.count(), delay: agg.avg((f) => f.delay) })
    .to('hourly-files', fileSink('out/hourly', jsonLines()))
})

// ---------------------------------------------------------------- inference
export const inference = defineJob('t', (job) => {
  const c = job.from('c', arraySource<Click>([]), { timestamp: (x) => x.at })
  const k = c.keyBy((x) => x.user)
  same<KeyedStream<Click, string>>()(k, true)
  same<KeyedStream<Click, 'a' | 'b'>>()(
    c.keyBy((x) => (x.at > 0 ? 'a' : 'b')),
    true,
  )
  is<{ a: number }>()(
    k.process('p', {
      state: { n: valueState<number>() },
      onRecord(_x, _c, out: Out<{ a: number }>) {
        out.emit({ a: 1 })
      },
    }),
    true,
  )
  is<never>()(k.process('silent', { onRecord() {} }), true)
  is<number | string>()(c.map((x) => x.at).union(c.map((x) => x.page)), true)
  is<Click>()(c.union(c), true)
  is<string>()(
    c.flatMap((x) => x.page.split('/')),
    true,
  )
  is<number>()(
    c.flatMap(function* (x) {
      yield x.at
    }),
    true,
  )
  is<readonly [string, number]>()(
    c
      .keyBy((x) => [x.user, x.at])
      .aggregate('x', { n: agg.count() })
      .map((x) => x.key),
    true,
  )
  is<Click & { page: 'pay' }>()(
    c.filter((x): x is Click & { page: 'pay' } => x.page === 'pay'),
    true,
  )
})

export const keyedInference = defineJob('t', (job) => {
  const c = job.from('c', arraySource<Click>([]), { timestamp: (x) => x.at })
  const k = c.keyBy((x) => x.user)
  is<Click>()(
    k.reduce('newest', (a, b) => (a.at > b.at ? a : b)),
    true,
  )
  is<Click>()(
    k
      .parallelism(2)
      .reduce('newest2', (_a, b) => b)
      .parallelism(3),
    true,
  )
  is<{ b: number }>()(
    c.process('plain', {
      onRecord(x, { now }, out: Out<{ b: number }>) {
        out.emit({ b: x.at + now })
      },
    }),
    true,
  )
  is<Click>()(
    k.aggregate('best', { most: agg.maxBy((x) => x.at), least: agg.minBy((x) => x.at) }).map((r) => r.most),
    true,
  )
  is<readonly Click[]>()(
    k.aggregate('all', { all: agg.list(), f: agg.first(), l: agg.last(), m: agg.max((x) => x.at) }).map((r) => r.all),
    true,
  )
  is<number>()(
    c.apply((s) => s.map((x) => x.at)),
    true,
  )
  is<DeadLetter>()(c.side(outputTag<DeadLetter>('broken')), true)
  is<{ i: number; r: number }>()(
    job.from('g', generatorSource({ count: 10, rate: 5, seed: 1, record: (i, random) => ({ i, r: random() }) })),
    true,
  )
})

export const processes = defineJob('t', (job) => {
  const c = job.from('c', arraySource<Click>([]), { timestamp: (x) => x.at })
  const k = c.keyBy((x) => x.user)
  k.process('upd', {
    state: { n: valueState({ initial: () => 0 }), m: mapState<string, number>() },
    timers: { t: eventTimer() },
    onRecord(x, { state, timers }, _out: Out<number>) {
      state.n.update((n) => n + 1)
      state.m.update(x.page, (n) => (n ?? 0) + 1)
      if (timers.t.at === undefined) timers.t.set(x.at + durationMs('1h30m'))
    },
    onTimer: { t() {} },
  })
  // A generic helper, and a resource per subtask.
  const dedup = <V>(s: KeyedStream<V, string>): Stream<V> =>
    s.process('dedup', {
      state: { seen: valueState<true>() },
      onRecord(e, { state }, out: Out<V>) {
        if (!state.seen.get()) {
          state.seen.set(true)
          out.emit(e)
        }
      },
    })
  is<Click>()(dedup(k), true)
  const mapped = <A, B>(s: Stream<A>, f: (a: A) => B): Stream<B> => s.map((a) => f(a) as B & NotPromise<B>)
  is<number>()(
    mapped(c, (x) => x.at),
    true,
  )
  is<number>()(
    k.process('res', {
      open: async () => ({ query: (s: string) => s.length }),
      close(db) {
        void db.query
      },
      onRecord(x, { resource }, out: Out<number>) {
        out.emit(resource.query(x.page))
      },
    }),
    true,
  )
  is<number>()(
    c.process('res2', {
      open: () => ({ n: 1 }),
      onRecord(x, { resource }, out: Out<number>) {
        out.emit(resource.n + x.at)
      },
    }),
    true,
  )
})

export const handles = defineJob('h', (job, config: { in: string }) => {
  const a = job.from('a', arraySource([config.in]))
  return { a, b: a.map((x) => x.length), k: a.keyBy((x) => x) }
})
type H = NonNullable<(typeof handles)['~handles']>
export const handleProofs: [Equal<H['b'], Stream<number>>, Equal<H['k'], KeyedStream<string, string>>] = [true, true]
export const jobProof: Equal<
  typeof handles,
  Job<{ in: string }, { a: Stream<string>; b: Stream<number>; k: KeyedStream<string, string> }>
> = true
export const withSchema = defineJob('s', { config: z.object({ limit: z.number() }) }, (job, config) => {
  same<{ limit: number }>()(config, true)
  job.from('n', arraySource([config.limit])).to('n', printSink())
})
export const schemaProof: Equal<typeof withSchema, Job<{ limit: number }, void>> = true

/** Never called: for the compiler alone. */
export async function running(): Promise<void> {
  await run(clicks)
  await run(rules, { config: { in: 'x' } })
  await run(clicks, { restart: { strategy: 'exponential' }, checkpoints: { storage: 'chk', every: '1s' } })
  await run(new URL('file:///jobs/x.ts'), { config: { in: 'x' } })
  const handle = await start(new URL('file:///jobs/x.ts'), { parallelism: 2, config: { in: 'x' } })
  same<Promise<void>>()(handle.finished, true)
  await handle.stop({ deadline: '2s' })
  await using another = await start(handles, { config: { in: 'x' } })
  await another.finished
}
export const guarantee: string | undefined = clicks.explain().paths[0]?.guarantee
export const text: string = String(rules.explain({ in: 'x' }))
export const options: RunOptions = {
  parallelism: 4,
  keyGroups: 128,
  checkpoints: { storage: 'chk', every: '1s', timeout: '1m', retain: 3, lease: '10s' },
  restore: { from: 'chk/3', acceptLoss: true },
  restart: { strategy: 'exponential', initial: '1s', max: '1m', multiplier: 2, jitter: 0.1, resetAfter: '10m' },
  check: true,
  signal: new AbortController().signal,
}
export const key: Key = ['a', 1, [true, 1n]]
export const frozenProofs: [
  Equal<
    Frozen<{ a: number[]; d: Map<string, { x: number }> }>,
    { readonly a: readonly number[]; readonly d: ReadonlyMap<string, { readonly x: number }> }
  >,
  Equal<Frozen<string | undefined>, string | undefined>,
] = [true, true]

export async function testing(): Promise<void> {
  const t = await testJob(handles, { config: { in: 'x' }, splits: { a: ['one', 'two'] } })
  await t.feed(t.streams.a, ['x'], { split: 'two', at: '2026-01-01' })
  await t.feed('a', [1])
  same<string[]>()(t.output(t.streams.k), true)
  same<unknown[]>()(t.output('out'), true)
  const next = await t.restoreInto(handles, { config: { in: 'y' }, allowDropped: true })
  same<{ value: number; timestamp: number | undefined }[]>()(
    next.records(next.streams.b).map(({ value, timestamp }) => ({ value, timestamp })),
    true,
  )
  const step = await testStep((names: Stream<string>) => names.map((name) => name.length))
  await step.push('a', 'b')
  same<number[]>()(step.output(), true)
  const steps = await testStep((names: Stream<string>) => ({ names, lengths: names.map((name) => name.length) }))
  await steps.push('a')
  same<number[]>()(steps.output(steps.streams.lengths), true)
  same<unknown[]>()(
    t.records('out').map(({ value }) => value),
    true,
  )
  await using plain = await testJob(clicks)
  await plain.advanceTo(new Date())
  await simulate(handles, { config: { in: 'x' }, input: (feed, { a }) => feed(a, ['x'], { split: 'b' }), faults: ['kill'] })
}
