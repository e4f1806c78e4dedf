import type { Case } from './case.ts'

/** Assigners, lateness, and what comes out of windows. */
export const windowCases: readonly Case[] = [
  // Assigners.
  [`tumbling('10 parsecs')`, 'TS2345', `'"10 parsecs"' is not assignable to parameter of type 'Duration'`],
  [`tumbling('1w')`, 'TS2345', `'"1w"' is not assignable`],
  [`tumbling()`, 'TS2554', 'Expected 1-2 arguments, but got 0'],
  [`tumbling('1h', '1m')`, 'TS2559', `'"1m"' has no properties in common with type 'WindowTime'`],
  [`sliding('1h')`, 'TS2554', 'Expected 2-3 arguments, but got 1'],
  [`tumbling('1h', { ofset: '5m' })`, 'TS2561', "Did you mean to write 'offset'"],
  [`tumbling('1h', { time: 'ingestion' })`, 'TS2322', `'"ingestion"' is not assignable to type '"event" | "processing" | undefined'`],
  [`tumbling('1d', { timeZone: 'Europe/Berlin' })`, 'TS2353', "'timeZone' does not exist in type 'WindowTime'"],
  [`session('1h', { offset: '5m' })`, 'TS2353', "'offset' does not exist in type"],
  [`session(() => 'soon')`, 'TS2345', `'"soon"' is not assignable to type 'Duration'`],
  [`countWindow('10')`, 'TS2345', "'string' is not assignable to parameter of type 'number'"],
  [`countWindow(10, '1m')`, 'TS2345', "'string' is not assignable to parameter of type 'number'"],
  [`keyed.window('1h')`, 'TS2345', "'string' is not assignable to parameter of type 'WindowAssigner<unknown, Payment>'"],
  [`keyed.window(tumbling)`, 'TS2345', "is not assignable to parameter of type 'WindowAssigner<unknown, Payment>'"],
  [
    `keyed.window(session((click: { page: string }) => click.page === '/' ? '1h' : '5m'))`,
    'TS2379',
    "Property 'page' is missing in type 'Payment' but required in type '{ page: string; }'",
  ],
  [`payments.window(tumbling('1h'))`, 'TS2339', "'window' does not exist on type 'Stream<Payment>'"],
  [`payments.windowAll(tumbling('1h'))`, 'TS2339', "'windowAll' does not exist on type 'Stream<Payment>'"],

  // Lateness.
  [`windowed.allowedLateness('a day')`, 'TS2345', `'"a day"' is not assignable to parameter of type 'Duration'`],
  [`windowed.lateTo(named)`, 'TS2379', "'Tag<string>' is not assignable to parameter of type 'Tag<Payment>'"],
  [`windowed.lateTo('late')`, 'TS2345', "'string' is not assignable to parameter of type 'Tag<Payment>'"],
  [`windowed.side(latePayments)`, 'TS2339', "'side' does not exist on type 'WindowedStream<Payment"],
  [`windowed.to('out', printSink())`, 'TS2339', "'to' does not exist on type 'WindowedStream<Payment"],
  [`windowed.trigger()`, 'TS2339', "'trigger' does not exist on type 'WindowedStream<Payment"],
  [`windowed.reduce('r', (a) => a)`, 'TS2339', "'reduce' does not exist on type 'WindowedStream<Payment"],

  // Aggregates.
  [`windowed.aggregate('a', { key: agg.count() })`, 'TS2322', "is not assignable to type 'never'"],
  [`windowed.aggregate('a', { window: agg.count() })`, 'TS2322', "is not assignable to type 'never'"],
  [`windowed.aggregate({ n: agg.count() })`, 'TS2554', 'Expected 2 arguments, but got 1'],
  [`windowed.aggregate('a', agg.count())`, 'TS2345', "is not assignable to parameter of type 'Aggregates<Payment>"],
  [`windowed.aggregate('a', { n: agg.sum((p) => p.card) })`, 'TS2322', "'string' is not assignable to type 'number'"],
  [`windowed.aggregate('a', { n: agg.count() }).map((r) => r.m)`, 'TS2339', "'m' does not exist on type"],
  [`windowed.aggregate('a', { n: agg.count() }).map((r) => r.window.from)`, 'TS2339', "'from' does not exist on type 'TimeWindow'"],
  [
    `windowed.aggregate('a', { n: agg.count() }).map((r) => { r.window.end = 0; return r })`,
    'TS2540',
    "Cannot assign to 'end' because it is a read-only property",
  ],
  [`windowed.aggregate('a', { n: agg.count() }).map((r) => r.key.amount)`, 'TS2339', "'amount' does not exist on type 'string'"],
  [`keyed.window(countWindow(10)).aggregate('a', { n: agg.count() }).map((r) => r.window)`, 'TS2339', "'window' does not exist on type"],
  [
    `windowed.aggregate('a', { n: agg.count() }).to('n', numbers)`,
    'TS2379',
    "'{ readonly window: TimeWindow; readonly key: string; readonly n: number; }' is not assignable to type 'number'",
  ],

  // All values.
  [`windowed.process('p', async () => {})`, 'TS2345', "'Promise<void>' is not assignable to type 'Nothing'"],
  [`windowed.process('p', (_c, values, out: Out<Payment>) => Promise.resolve(values))`, 'TS2345', "is not assignable to type 'Nothing'"],
  [`windowed.process('p', ({ key }, values) => [...values])`, 'TS2322', "'Payment[]' is not assignable to type 'Nothing'"],
  [`windowed.process('p', (_c, _v, out) => out.emit(1))`, 'TS2345', "'1' is not assignable to parameter of type 'never'"],
  [
    `windowed.process('p', (_c, values, out: Out<number>) => { for (const p of values) out.emit(p.card) })`,
    'TS2345',
    "'string' is not assignable to parameter of type 'number'",
  ],
  [
    `windowed.process('p', (_c, values, out: Out<number>) => out.emit(values.length))`,
    'TS2339',
    "'length' does not exist on type 'Iterable<Payment",
  ],
  [`windowed.process('p', { onRecord() {} })`, 'TS2353', "'onRecord' does not exist in type"],
  [`windowed.process('p', ({ state }) => state.n.clear())`, 'TS2339', "'state' does not exist on type"],
  [
    `keyed.window(countWindow(10)).process('p', ({ window }, _v, out: Out<number>) => out.emit(window.end))`,
    'TS18048',
    "'window' is possibly 'undefined'",
  ],
]
