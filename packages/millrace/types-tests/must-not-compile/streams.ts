import type { Case } from './case.ts'

/** Plain and keyed streams, sources, sinks, jobs. */
export const streamCases: readonly Case[] = [
  // What a field cannot hold.
  [`payments.to('p', fileSink('d', csv()))`, 'TS2379', "'string[]' is not assignable to type 'CsvField'"],
  // Per-record code is synchronous.
  [`payments.map(async (p) => p.amount)`, 'TS2322', 'per-record code is synchronous'],
  [`payments.map((p) => Promise.resolve(p.amount))`, 'TS2322', 'per-record code is synchronous'],
  [`payments.map((p) => (p.ok ? p.amount : Promise.resolve(p.amount)))`, 'TS2322', 'per-record code is synchronous'],
  [`payments.filter(async (p) => p.ok)`, 'TS2769', 'Promise<boolean>'],
  [`payments.flatMap(async (p) => [p.amount])`, 'TS2322', "'Promise<number[]>' is not assignable"],
  [`payments.keyBy((p) => Promise.resolve(p.card))`, 'TS2322', 'Promise<string>'],
  [`payments.keyBy(async (p) => p.card)`, 'TS2322', 'Promise<string>'],
  [`keyed.reduce('r', async (a) => a)`, 'TS2740', "'Promise<Payment>' is missing"],
  [`keyed.process('p', { async onRecord(_v, _c, out: Out<number>) { out.emit(await Promise.resolve(1)) } })`, 'TS2322', 'Promise<void>'],
  [`payments.process('p', { async onRecord(_v, _c, out: Out<number>) { out.emit(1) } })`, 'TS2322', 'Promise<void>'],
  [`keyed.process('p', { timers: { t: eventTimer() }, onRecord() {}, onTimer: { async t() {} } })`, 'TS2322', 'Promise<void>'],
  [
    `defineJob('a', async (job) => { job.from('x', arraySource([1])).to('y', printSink()) })`,
    'TS2345',
    "'Promise<void>' is not assignable to type 'Streams | Nothing'",
  ],
  [`defineJob<{ in: string }>('a', async (_job, _config) => {})`, 'TS2345', "'Promise<void>' is not assignable to type 'Nothing'"],

  // Keys.
  [`payments.keyBy((p) => ({ card: p.card }))`, 'TS2322', 'is not assignable to type'],
  [`payments.keyBy((p) => new Date(p.at))`, 'TS2322', "Type 'Date' is not assignable"],
  [`payments.keyBy((p) => (p.ok ? p.card : undefined))`, 'TS2322', "'undefined'"],
  [`payments.keyBy((p) => [p.card, p])`, 'TS2322', "Type 'Payment' is not assignable to type"],
  [`payments.keyBy('card')`, 'TS2345', "'string' is not assignable to parameter"],
  [`payments.aggregate('a', { n: agg.count() })`, 'TS2339', "'aggregate' does not exist on type 'Stream<Payment>'"],
  [`payments.reduce('r', (a) => a)`, 'TS2339', "'reduce' does not exist on type 'Stream<Payment>'"],

  // Records.
  [`payments.map((p) => p.amout)`, 'TS2551', "Did you mean 'amount'"],
  [`payments.flatMap((p) => p.card)`, 'TS2322', "Type 'string' is not assignable to type"],
  [`payments.flatMap((p) => p.amount)`, 'TS2322', "'number' is not assignable to type"],
  [`payments.map((p) => p.amount).filter((n) => n.card)`, 'TS2339', "'card' does not exist on type 'number'"],
  [`payments.union([payments])`, 'TS2740', "'Stream<Payment>[]' is missing"],
  [`payments.union(payments.map((p) => p.amount)).map((x) => x.card)`, 'TS2339', "'card' does not exist on type 'number | Payment'"],
  [`keyed.reduce('r', (a, b) => a.amount + b.amount)`, 'TS2322', "'number' is not assignable to type 'Payment'"],
  [`payments.apply((s) => s.window())`, 'TS2339', "'window' does not exist"],
  [`payments.parallelism('2')`, 'TS2345', "to parameter of type 'number'"],

  // What is not built is not there.
  [`payments.mapAsync('m', async (p) => p)`, 'TS2339', "'mapAsync' does not exist"],
  [`payments.broadcast()`, 'TS2339', "'broadcast' does not exist"],
  [`keyed.connect(keyed)`, 'TS2339', "'connect' does not exist"],
  [`payments.map((p) => p, { onError: 'skip' })`, 'TS2554', 'Expected 1 arguments, but got 2'],

  // Edges.
  [`job.from('z', printSink())`, 'TS2345', `'"sink"' is not assignable to type '"source"'`],
  [`payments.to('z', arraySource<Payment>([]))`, 'TS2345', `'"source"' is not assignable to type '"sink"'`],
  [`payments.to('z', numbers)`, 'TS2379', "'Payment' is not assignable to type 'number'"],
  [`payments.to('z', collectSink<string>([]))`, 'TS2379', "'Payment' is not assignable to type 'string'"],
  [`payments.to('z', callbackSink((n: number) => { void n }))`, 'TS2379', "'Payment' is not assignable to type 'number'"],
  [`payments.to(printSink())`, 'TS2554', 'Expected 2 arguments, but got 1'],
  [`payments.to('z', { write(p: Payment) { void p } })`, 'TS2353', "'write' does not exist in type 'Sink<Payment>'"],
  [`job.from(arraySource([1]))`, 'TS2554', 'Expected 2-3 arguments, but got 1'],
  [`arraySource<number>(['a'])`, 'TS2345', "'string[]' is not assignable to parameter of type 'Iterable<number>'"],
  [`generatorSource({ count: '10', record: (i) => i })`, 'TS2322', "'string' is not assignable to type 'number'"],

  // Options of from.
  [`job.from('f', arraySource<Payment>([]), { timestamp: (p) => p.card })`, 'TS2769', "'string' is not assignable to type 'number'"],
  [
    `job.from('f', arraySource<Payment>([]), { timestamp: async (p) => p.at })`,
    'TS2769',
    "'Promise<number>' is not assignable to type 'number'",
  ],
  [
    `job.from('f', arraySource<Payment>([]), { outOfOrderness: '10 parsecs' })`,
    'TS2769',
    `'"10 parsecs"' is not assignable to type 'Duration`,
  ],
  [`job.from('f', arraySource<Payment>([]), { idleness: 'long' })`, 'TS2769', `'"long"' is not assignable to type 'Duration`],
  [`job.from('f', arraySource<Payment>([]), { outOfOrdernes: '5s' })`, 'TS2769', "'outOfOrdernes' does not exist"],
  [`job.from('f', arraySource<Payment>([]), { invalid: named })`, 'TS2769', "'Tag<string>' is not assignable to type 'Tag<DeadLetter>'"],
  [
    `job.from('f', arraySource<unknown>([]), { schema: stringSchema }).map((s) => s.amount)`,
    'TS2339',
    "'amount' does not exist on type 'string'",
  ],
  [`job.from('f', arraySource<unknown>([]), { schema: stringSchema, timestamp: (s) => s.at })`, 'TS2769', 'No overload matches this call'],
  [
    `job.from('f', arraySource<unknown>([]), { schema: (value: unknown) => value })`,
    'TS2769',
    "'schema' does not exist in type 'FromOptions<unknown>'",
  ],
  [`durationMs('1 hour')`, 'TS2345', `'"1 hour"' is not assignable to parameter of type 'Duration'`],
]
