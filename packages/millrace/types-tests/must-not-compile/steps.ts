import type { Case } from './case.ts'

/** Process functions, state, timers, tags, aggregates. */
export const stepCases: readonly Case[] = [
  // What a process function emits.
  [`keyed.process('p', { onRecord(_v, _c, out) { out.emit(1) } })`, 'TS2345', "'1' is not assignable to parameter of type 'never'"],
  [`payments.process('p', { onRecord(_v, _c, out) { out.emit('x') } })`, 'TS2345', `'"x"' is not assignable to parameter of type 'never'`],
  [
    `keyed.process('p', { onRecord(_v, _c, out: Out<string>) { out.emit(1) } })`,
    'TS2345',
    "'number' is not assignable to parameter of type 'string'",
  ],
  [
    `keyed.process('p', { timers: { t: eventTimer() }, onRecord(_v, _c, out: Out<{ a: number }>) { out.emit({ a: 1 }) }, onTimer: { t(_at, _c, out: Out<{ b: string }>) { out.emit({ b: 'x' }) } } })`,
    'TS2322',
    "'Out<{ a: number; }>' is not assignable to type 'Out<{ b: string; }>'",
  ],
  [
    `keyed.process('p', { onRecord(_v, _c, out: Out<string>) { out.emit('x') } }).map((s) => s.amount)`,
    'TS2339',
    "'amount' does not exist on type 'string'",
  ],
  [`keyed.process('p', { onRecord(v, _c, out: Out<Payment>) { return v } })`, 'TS2322', "'Payment' is not assignable to type"],
  [`keyed.process({ onRecord() {} })`, 'TS2554', 'Expected 2 arguments, but got 1'],
  [`keyed.process('p', {})`, 'TS2741', "Property 'onRecord' is missing"],
  [`payments.process('p', { open: () => 1 })`, 'TS2741', "Property 'onRecord' is missing"],
  [`keyed.process('p', { onrecord() {} })`, 'TS2561', "Did you mean to write 'onRecord'"],
  [`payments.process('p', (p: Payment) => p)`, 'TS2345', "is not assignable to parameter of type 'PlainProcess<Payment"],

  // State.
  [
    `payments.process('p', { state: { n: valueState<number>() }, onRecord() {} })`,
    'TS2353',
    "'state' does not exist in type 'PlainProcess",
  ],
  [`payments.process('p', { timers: { t: eventTimer() }, onRecord() {} })`, 'TS2353', "'timers' does not exist in type 'PlainProcess"],
  [`payments.process('p', { onRecord(_v, { key }) { void key } })`, 'TS2339', "'key' does not exist on type 'PlainContext"],
  [
    `keyed.process('p', { state: { n: valueState<number>() }, onRecord(_v, { state }) { state.m.set(1) } })`,
    'TS2339',
    "'m' does not exist on type",
  ],
  [`keyed.process('p', { onRecord(_v, { state }) { state.n.set(1) } })`, 'TS2339', "'n' does not exist on type"],
  [
    `keyed.process('p', { state: { n: valueState<number>() }, onRecord(_v, { state }) { state.n.set('x') } })`,
    'TS2345',
    "'string' is not assignable to parameter of type 'number'",
  ],
  [
    `keyed.process('p', { state: { n: valueState<number>() }, onRecord(_v, { state }) { const n: number = state.n.get(); void n } })`,
    'TS2322',
    "'number | undefined' is not assignable to type 'number'",
  ],
  [
    `keyed.process('p', { state: { n: valueState({ initial: () => 0 }) }, onRecord(_v, { state }) { state.n.set('x') } })`,
    'TS2345',
    "'string' is not assignable to parameter of type 'number'",
  ],
  [
    `keyed.process('p', { state: { l: listState<number>() }, onRecord(_v, { state }) { state.l.set([1]) } })`,
    'TS2339',
    "'set' does not exist on type 'ListState<number>'",
  ],
  [
    `keyed.process('p', { state: { l: listState<number>() }, onRecord(_v, { state }) { state.l.add('x') } })`,
    'TS2345',
    "'string' is not assignable to parameter of type 'number'",
  ],
  [
    `keyed.process('p', { state: { m: mapState<string, number>() }, onRecord(_v, { state }) { state.m.set(1, 1) } })`,
    'TS2345',
    "'number' is not assignable to parameter of type 'string'",
  ],
  [`keyed.process('p', { state: { n: 0 }, onRecord() {} })`, 'TS2322', "'number' is not assignable to type 'StateSpec<unknown>'"],
  [`keyed.process('p', { state: { t: eventTimer() }, onRecord() {} })`, 'TS2322', `'"timer"' is not assignable to type '"state"'`],
  [`mapState<{ a: number }, string>()`, 'TS2344', "'{ a: number; }' does not satisfy the constraint 'Key'"],
  [`valueState<number>({ ttl: '30 days' })`, 'TS2769', '30 days'],
  [`valueState<number>({ ttl: { after: '1d', refreshOn: 'read' } })`, 'TS2769', `'"read"' is not assignable to type`],
  [`valueState<number>({ initial: () => 'x' })`, 'TS2769', 'No overload matches this call'],

  // State is never changed in place.
  [
    `keyed.process('p', { state: { v: valueState<Payment>() }, onRecord(_v, { state }) { state.v.get()!.amount++ } })`,
    'TS2540',
    "Cannot assign to 'amount' because it is a read-only property",
  ],
  [
    `keyed.process('p', { state: { v: valueState<Payment>() }, onRecord(_v, { state }) { state.v.get()!.items.push('x') } })`,
    'TS2339',
    "'push' does not exist on type 'readonly string[]'",
  ],
  [
    `keyed.process('p', { state: { m: mapState<string, Payment>() }, onRecord(_v, { state }) { state.m.get('x')!.amount = 1 } })`,
    'TS2540',
    'read-only property',
  ],
  [
    `keyed.process('p', { state: { l: listState<Payment>() }, onRecord(_v, { state }) { for (const p of state.l) p.items.push('x') } })`,
    'TS2339',
    "'push' does not exist on type 'readonly string[]'",
  ],
  [
    `keyed.process('p', { state: { d: valueState<Date>() }, onRecord(_v, { state }) { state.d.get()!.setTime(0) } })`,
    'TS2551',
    "'setTime' does not exist on type 'FrozenDate'",
  ],
  [
    `keyed.process('p', { state: { m: valueState<Map<string, number>>() }, onRecord(_v, { state }) { state.m.get()!.set('a', 1) } })`,
    'TS2339',
    "'set' does not exist on type 'ReadonlyMap<string, number>'",
  ],
  [`keyed.process('p', { onRecord(_v, context) { context.key = 'x' } })`, 'TS2540', "Cannot assign to 'key'"],

  // Timers.
  [
    `keyed.process('p', { timers: { a: eventTimer() }, onRecord(_v, { timers }) { timers.b.set(1) } })`,
    'TS2339',
    "'b' does not exist on type",
  ],
  [`keyed.process('p', { onRecord(_v, { timers }) { timers.a.set(1) } })`, 'TS2339', "'a' does not exist on type"],
  [`keyed.process('p', { timers: { a: eventTimer() }, onRecord() {}, onTimer: { b() {} } })`, 'TS2353', "'b' does not exist in type"],
  [
    `keyed.process('p', { timers: { a: eventTimer() }, onRecord(_v, { timers }) { timers.a.add(1) }, onTimer: { a() {} } })`,
    'TS2339',
    "'add' does not exist on type 'Timer'",
  ],
  [
    `keyed.process('p', { timers: { a: eventTimers() }, onRecord(_v, { timers }) { timers.a.set(1) }, onTimer: { a() {} } })`,
    'TS2339',
    "'set' does not exist on type 'Timers'",
  ],
  [
    `keyed.process('p', { timers: { a: eventTimer() }, onRecord(_v, { timers }) { timers.a.set('5s') }, onTimer: { a() {} } })`,
    'TS2345',
    "'string' is not assignable to parameter of type 'number'",
  ],
  [
    `keyed.process('p', { timers: { a: processingTimer() }, onRecord(_v, { timers }) { timers.a.at = 1 }, onTimer: { a() {} } })`,
    'TS2540',
    "Cannot assign to 'at'",
  ],
  [`keyed.process('p', { timers: { a: valueState<number>() }, onRecord() {} })`, 'TS2322', `'"state"' is not assignable to type '"timer"'`],

  // Tags and resources.
  [
    `keyed.process('p', { onRecord(v, _c, out: Out<Payment>) { out.side(named, v.amount) } })`,
    'TS2345',
    "'number' is not assignable to parameter of type 'string'",
  ],
  [
    `keyed.process('p', { onRecord(v, _c, out: Out<Payment>) { out.side('named', v) } })`,
    'TS2345',
    "'string' is not assignable to parameter of type 'Tag<",
  ],
  [`payments.side(named).map((s) => s.amount)`, 'TS2339', "'amount' does not exist on type 'string'"],
  [`payments.side('named')`, 'TS2345', "'string' is not assignable to parameter of type 'Tag<"],
  [`const wide: Tag<unknown> = named; void wide`, 'TS2375', "'Tag<string>' is not assignable to type 'Tag<unknown>'"],
  [
    `payments.process('p', { open: () => ({ n: 1 }), onRecord(_v, { resource }) { void resource.m } })`,
    'TS2339',
    "'m' does not exist on type '{ n: number; }'",
  ],
  [
    `keyed.process('p', { open: async () => 1, close(n: string) { void n }, onRecord() {} })`,
    'TS2322',
    "'number' is not assignable to type 'string'",
  ],

  // Aggregates.
  [`keyed.aggregate('a', { key: agg.count() })`, 'TS2322', "is not assignable to type 'never'"],
  [`keyed.aggregate('a', { n: agg.count() }).map((r) => r.m)`, 'TS2339', "'m' does not exist on type"],
  [`keyed.aggregate('a', { n: agg.sum((p) => p.card) })`, 'TS2322', "'string' is not assignable to type 'number'"],
  [`keyed.aggregate('a', { n: 1 })`, 'TS2322', "'number' is not assignable to type 'Aggregate<Payment"],
  [`keyed.aggregate('a', { t: agg.top((p) => p.amount) })`, 'TS2554', 'Expected 2 arguments, but got 1'],
  [`keyed.aggregate('a', { d: agg.distinct((p) => p) })`, 'TS2322', "'Payment' is not assignable to type 'Key'"],
  [`keyed.aggregate('a', { l: agg.list() }).map((r) => r.l.push(1))`, 'TS2339', "'push' does not exist on type 'readonly Payment[]'"],
  [
    `keyed.aggregate('a', { n: aggregator({ create: () => 0, add: (a: number, s: string) => a + s.length, merge: (a, b) => a + b, result: (a) => a }) })`,
    'TS2322',
    "'Payment' is not assignable to type 'string'",
  ],
  [`aggregator({ create: () => 0, add: (a: number) => a, result: (a: number) => a })`, 'TS2741', "Property 'merge' is missing"],
  [
    `keyed.aggregate('a', { n: agg.count() }).to('n', numbers)`,
    'TS2379',
    "'{ readonly key: string; readonly n: number; }' is not assignable to type 'number'",
  ],

  // State.
  [`valueState<number>({ version: 2, migrate: (old) => String(old) })`, 'TS2769', "'string' is not assignable to type 'number'"],
  [`valueState<number>({ version: 2, migrate: (old) => old })`, 'TS2769', "'unknown' is not assignable to type 'number'"],
  [`listState<number>({ schema: stringSchema })`, 'TS2322', "'string' is not assignable to type 'number'"],
]
