/** What user code gives, throws or leaves behind: it ends the job with an error that says whose it is, never the process. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ErrorCode } from '../core/error-codes.ts'
import { defineSink, defineSource, type SourceProgress } from '../connect.ts'
import {
  agg,
  aggregator,
  arraySource,
  collectSink,
  countWindow,
  defineJob,
  run,
  session,
  StreamError,
  valueState,
  type Job,
  type Stream,
} from '../index.ts'
import { Lab } from './simulated-job.test.ts'

const has = (code: ErrorCode, words: RegExp) => (error: unknown) => {
  assert.ok(StreamError.is(error), String(error))
  assert.equal(error.code, code)
  assert.match(error.message, words)
  return true
}

test('a promise that a step gives is refused, and its rejection does not end the process; nor does what throws when it is looked at', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const later = (): never => Promise.reject(new Error('later')) as never
  const hostile = (): never => {
    const refuse = (): never => {
      throw new Error('hands off')
    }
    throw new Proxy({}, { get: refuse, getPrototypeOf: refuse })
  }
  const cases: readonly (readonly [ErrorCode, (numbers: Stream<number>) => Stream<unknown>])[] = [
    ['PROMISE', (numbers) => numbers.process('p', { onRecord: later })],
    ['PROMISE', (numbers) => numbers.filter(later)],
    ['UNSUPPORTED_VALUE', (numbers) => numbers.map(later)],
    ['UNSUPPORTED_VALUE', (numbers) => numbers.map(() => ({ deep: [later()] }))],
    ['UNSUPPORTED_VALUE', (numbers) => numbers.map(() => ({ a: later(), list: [later(), { deep: later() }] }))],
    ['PROMISE', (numbers) => numbers.keyBy(() => 1).reduce('r', later)],
    ['PROMISE', (numbers) => numbers.flatMap(later)],
    [
      'PROMISE',
      (numbers) =>
        numbers
          .keyBy(() => 1)
          .process('k', { state: { n: valueState({ initial: later }) }, onRecord: (_n, { state }) => void state.n.get() }),
    ],
    ['INVALID_KEY', (numbers) => numbers.keyBy(later).aggregate('a', { n: agg.count() })],
    ['INVALID_KEY', (numbers) => numbers.keyBy(() => 1).aggregate('a', { n: agg.distinct(later) })],
    ['USER_CODE', (numbers) => numbers.keyBy(() => 1).aggregate('a', { n: agg.sum(later) })],
    ['USER_CODE', (numbers) => numbers.map(hostile)],
    ['USER_CODE', (numbers) => numbers.process('p', { open: hostile, onRecord: () => undefined })],
  ]
  for (const [code, build] of cases) {
    const job = defineJob('refusing', (builder) => {
      build(builder.from('n', arraySource([1, 2]))).to('out', collectSink<unknown>([]))
    })
    await assert.rejects(run(job), has(code, code === 'PROMISE' ? /^A function of (?!a step)/ : /./))
  }
  const timed = defineJob('refusing', (builder) => {
    builder.from('n', arraySource([1, 2]), { timestamp: later }).to('out', collectSink<number>([]))
  })
  await assert.rejects(run(timed), has('INVALID_RECORD', /timestamp gave/))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
})

test('an open or a close that throws names its step, whatever it throws', async () => {
  const opening = (open: () => unknown): Job<void, unknown> =>
    defineJob('opening', (builder) => {
      builder
        .from('n', arraySource([1]))
        .process('enrich', { open, onRecord: () => undefined })
        .to('out', collectSink<unknown>([]))
    })
  const cannot = (): never => {
    throw new Error('cannot connect')
  }
  await assert.rejects(run(opening(cannot)), has('USER_CODE', /The open function of step\/enrich threw: cannot connect/))
  await assert.rejects(
    run(opening(() => Promise.reject(undefined))),
    has('USER_CODE', /The open function of step\/enrich threw: undefined/),
  )
})

/** Found by the attack hostile: the task was named, with all its steps, and the message spoke of a function. */
test('a seal that throws, or whose output cannot be made durable, names its sink', async () => {
  const failing = (): never => {
    throw new Error('no room')
  }
  for (const seal of [failing, () => ({ durable: Promise.reject(new Error('no room')) })]) {
    const sink = defineSink<number, null>({
      kind: 'failing',
      delivery: 'at-least-once',
      open: async () => ({ write: () => true, ready: async () => undefined, seal, close: async () => undefined }),
    })
    const job = defineJob('sealing', (builder) => {
      builder.from('n', arraySource([1, 2])).to('out', sink)
    })
    await assert.rejects(run(job), has('SINK', /^sink\/out could not make durable what it has written: no room\.$/))
  }
})

test('an error of a key selector is told as that of keyBy, also where it is called to find the subtask', async () => {
  for (const [code, select] of [
    ['INVALID_KEY', () => undefined as never],
    ['USER_CODE', () => assert.fail('no key')],
  ] as const) {
    const job = defineJob('selecting', (builder) => {
      const doubled = builder.from('n', arraySource([1, 2])).map((n) => 2 * n)
      doubled.keyBy(select).aggregate('count', { n: agg.count() }).to('out', collectSink<unknown>([]))
    })
    await assert.rejects(run(job, { parallelism: 3 }), has(code, /the keyBy after map#1/))
  }
})

test('a key that is none, or a value that cannot be sent or kept, is told with its step, also when it comes long after the first records', async () => {
  const AFTER = 500
  const late =
    <T>(value: T, odd: unknown): ((n: number) => T) =>
    (n) =>
      n < AFTER ? value : (odd as T)
  const cases: readonly (readonly [ErrorCode, RegExp, (numbers: Stream<number>) => Stream<unknown>])[] = [
    [
      'INVALID_KEY',
      /step\/count: The key is undefined/,
      (numbers) => numbers.keyBy(late(1, undefined)).aggregate('count', { n: agg.count() }),
    ],
    ['UNSUPPORTED_VALUE', /step\/kept.*symbol/, (numbers) => numbers.keyBy(() => 1).reduce('kept', (_sum, n) => late(1, Symbol('x'))(n))],
  ]
  for (const [code, words, build] of cases) {
    const job = defineJob('naming', (builder) => {
      build(builder.from('n', arraySource(Array.from({ length: 2 * AFTER }, (_zero, n) => n)))).to('out', collectSink<unknown>([]))
    })
    await assert.rejects(run(job), has(code, words))
  }
})

/** Found by a look with fresh eyes: the error named the task alone, and a restart took the iterable, which had ended with its error, for one at its end. */
test('an iterable that throws ends the job, also where it could start again, and nothing passes for its end', async () => {
  const values = function* (): Generator<number> {
    yield 1
    yield 2
    throw new RangeError('no more')
  }
  const source = arraySource(values())
  for (const restart of ['none', { strategy: 'fixed-delay', attempts: 3, delay: 1 }] as const) {
    const job = defineJob('throwing', (builder) => {
      builder.from('numbers', source).to('out', collectSink<number>([]))
    })
    const storage = mkdtempSync(join(tmpdir(), 'millrace-iterable-'))
    await assert.rejects(
      run(job, { checkpoints: { storage }, restart }),
      has('USER_CODE', /^The iterable of source\/numbers threw after 2 values: no more$/),
    )
    rmSync(storage, { recursive: true })
  }
})

/** Found by the attack hostile: what came of it was an accumulator, and later records were wrong without an error; or its rejection was nobody's. */
test('a promise from a reducer, an aggregate or the gap of sessions is refused where it is given, also after the first records', async () => {
  const AFTER = 500
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const late = <T>(value: T, n: number): T => (n < AFTER ? value : (Promise.reject(new Error('later')) as T))
  type Held = { n: number }
  const held = { create: (): Held => ({ n: 0 }), add: (_held: Held, n: number): Held => ({ n }), result: (of: Held): Held => of }
  // The promise is given for record n of an accumulator that has one record, or by what joins two.
  let created = 0
  const creating = aggregator<number, Held, number>({
    create: () => late({ n: 0 }, created++),
    add: (_held, n) => ({ n }),
    merge: (left) => left,
    result: ({ n }) => n,
  })
  const adding = aggregator<number, Held, number>({
    ...held,
    add: (_held, n) => late({ n }, n),
    merge: (left) => left,
    result: ({ n }) => n,
  })
  const giving = aggregator<number, Held, Held>({ ...held, merge: (left) => left, result: (of) => late(of, of.n) })
  const joining = aggregator<number, Held, number>({ ...held, merge: (left) => late(left, AFTER), result: ({ n }) => n })
  const cases: readonly (readonly [step: string, build: (numbers: Stream<number>) => Stream<unknown>])[] = [
    ['reduced', (numbers) => numbers.keyBy(() => 1).reduce('reduced', (_sum, n) => late(n, n))],
    ['created', (numbers) => numbers.keyBy((n) => n).aggregate('created', { creating })],
    ['added', (numbers) => numbers.keyBy(() => 1).aggregate('added', { adding })],
    ['given', (numbers) => numbers.keyBy(() => 1).aggregate('given', { giving })],
    ['several', (numbers) => numbers.keyBy(() => 1).aggregate('several', { n: agg.count(), adding })],
    [
      'window',
      (numbers) =>
        numbers
          .keyBy(() => 1)
          .window(session(1))
          .aggregate('window', { adding }),
    ],
    [
      'joined',
      (numbers) =>
        numbers
          .keyBy(() => 1)
          .window(session(2))
          .aggregate('joined', { joining }),
    ],
    ...[{ adding }, { giving }, { creating }].map((aggregates, i): readonly [string, (numbers: Stream<number>) => Stream<unknown>] => [
      `last${i}`,
      (numbers) =>
        numbers
          .keyBy(() => 1)
          .window(countWindow(3, 1))
          .aggregate<Record<string, typeof adding | typeof giving>>(`last${i}`, aggregates),
    ]),
    [
      'gap',
      (numbers) =>
        numbers
          .keyBy(() => 1)
          .window(session((n) => late(1, n)))
          .aggregate('gap', { n: agg.count() }),
    ],
  ]
  for (const [step, build] of cases) {
    created = 0
    const job = defineJob('refusing', (builder) => {
      // Every third comes before the one that it follows: of sessions there are two, which become one.
      const timestamp = (n: number): number => 2 * (n + (n % 3 === 1 ? 1 : n % 3 === 2 ? -1 : 0))
      const values = Array.from({ length: 2 * AFTER }, (_zero, n) => n)
      build(builder.from('n', arraySource(values), { timestamp, outOfOrderness: 10 })).to('out', collectSink<unknown>([]))
    })
    await assert.rejects(run(job), has('PROMISE', new RegExp(`^A function of step/${step} gave a promise`)), step)
  }
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
})

/** Found by the attack hostile: the error came out of whoever asked, and ended the process without a code. */
test('a source that fails to say how far it has come ends no job, and is told of once', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const failing: readonly (() => SourceProgress)[] = [
    () => {
      throw new Error('no idea')
    },
    () => Promise.reject(new Error('no idea')) as never,
  ]
  for (const progress of failing) {
    let left = 3
    const source = defineSource<number, number>({
      kind: 'silent',
      bounded: true,
      replayable: true,
      timestamps: false,
      open: async () => ({
        splits: new Map([['0', 0]]),
        poll: () => (left === 0 ? 'end' : { split: '0', values: [left--], next: left, splitEnded: left === 0 }),
        ready: async () => undefined,
        progress,
        close: async () => undefined,
      }),
    })
    const out: number[] = []
    const job = defineJob('asking', (builder) => {
      builder.from('n', source).to('out', collectSink(out))
    })
    const life = await new Lab().start(job, {})
    for (let asked = 0; asked < 3; asked++) life.handle.status()
    assert.equal(await life.end(), 'finished')
    assert.deepEqual(out, [3, 2, 1])
    assert.equal(life.handle.status().records, 3)
    const told = life.process.logged.filter(({ level }) => level === 'warn').map(({ fields }) => fields['source'])
    assert.deepEqual(told, ['source/n'])
  }
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
})

/** Found by the attack hostile: the warning gave the error and no name. */
test('a source, a sink or a committer that fails to close is named in the warning, and the job has finished', async () => {
  const refuse = (): never => {
    throw new Error('cannot close')
  }
  const quiet = async (): Promise<void> => undefined
  const source = defineSource<number, number>({
    kind: 'closing',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: async () => ({ splits: new Map(), poll: () => 'end' as const, ready: quiet, close: async () => refuse() }),
  })
  const sink = defineSink<number, null>({
    kind: 'closing',
    delivery: 'exactly-once',
    open: async () => ({
      write: () => true,
      ready: quiet,
      seal: () => ({ durable: Promise.resolve({ committables: [] }) }),
      close: refuse,
    }),
    committer: async () => ({ commit: async () => [], withdraw: quiet, close: refuse }),
  })
  const job = defineJob('closing', (builder) => {
    const numbers = builder.from('n', source)
    numbers
      .parallelism(1)
      .keyBy(() => 1)
      .reduce('r', (sum) => sum)
      .to('out', sink)
  })
  const life = await new Lab().start(job, { parallelism: 2 })
  assert.equal(await life.end(), 'finished')
  const causes = life.process.logged.filter(({ level }) => level === 'warn').map(({ fields }) => String(fields['cause']))
  assert.deepEqual([...new Set(causes)].sort(), [
    'sink/out could not be closed: cannot close.',
    'sink/out could not close its committer: cannot close.',
    'source/n could not be closed: cannot close.',
  ])
})
