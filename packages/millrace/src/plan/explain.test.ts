import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPlan } from '../api/job.ts'
import { explainPlan } from '../api/explain.ts'
import { explanationText } from '../api/explain-text.ts'
import { defineSink, defineSource } from '../connect.ts'
import {
  agg,
  arraySource,
  callbackSink,
  countWindow,
  defineJob,
  eventTimer,
  outputTag,
  printSink,
  session,
  sliding,
  tumbling,
  type Explanation,
  type JobBuilder,
  type Sink,
  type Source,
} from '../index.ts'

const never = (): never => assert.fail('nothing is opened')
const source = (replayable: boolean): Source<string> =>
  defineSource<string, null>({ kind: 'log', bounded: false, replayable, timestamps: false, open: never })
const sink = (delivery: 'exactly-once' | 'idempotent' | 'at-least-once'): Sink<unknown> =>
  defineSink<unknown, null>({ kind: 'table', delivery, because: 'it says so', open: never })

function explain(build: (job: JobBuilder) => unknown, parallelism?: number): Explanation {
  return explainPlan(
    buildPlan(
      defineJob('told', (job) => {
        build(job)
      }),
      undefined,
    ).plan,
    parallelism,
  )
}

/** D11: with checkpoints, after any number of failures. Without a replayable source the words exactly-once are never said. */
const guarantees = [
  [true, 'exactly-once', 'exactly-once', []],
  [true, 'idempotent', 'effectively-once', ['sink/s']],
  [true, 'at-least-once', 'at-least-once', ['sink/s']],
  [false, 'exactly-once', 'at-most-once', ['source/a']],
  [false, 'idempotent', 'at-most-once', ['source/a']],
  [false, 'at-least-once', 'none', ['source/a', 'sink/s']],
] as const
for (const [replayable, delivery, expected, limitedBy] of guarantees) {
  test(`${replayable ? 'a source that can be read again' : 'one that cannot'} into a sink that is ${delivery}: ${expected}`, () => {
    const { paths } = explain((job) => job.from('a', source(replayable)).to('s', sink(delivery)))
    assert.equal(paths.length, 1)
    const { because: _because, latency: _latency, ...path } = paths[0] as Explanation['paths'][number]
    assert.deepEqual(path, { from: 'source/a', to: 'sink/s', guarantee: expected, limitedBy })
    const because = paths[0]?.because.join('\n') as string
    assert.match(because, replayable ? /source\/a \(log\) can be read again/ : /source\/a \(log\) cannot be read again/)
    assert.match(because, /sink\/s \(table\) .*: it says so/)
    assert.match(because, /only with checkpoints/)
  })
}

test('a row for each source and each sink that it reaches, and no other', () => {
  const { paths } = explain((job) => {
    const a = job.from('a', source(true), { invalid: outputTag('broken') })
    const b = job.from('b', source(false))
    a.to('only-a', sink('exactly-once'))
    a.union(b)
      .map((x) => x)
      .to('both', sink('exactly-once'))
    a.side(outputTag('broken')).to('broken', sink('at-least-once'))
    b.map((x) => x)
  })
  assert.deepEqual(
    paths.map((path) => `${path.from} ${path.to} ${path.guarantee}`),
    [
      'source/a sink/only-a exactly-once',
      'source/a sink/both exactly-once',
      'source/a sink/broken at-least-once',
      'source/b sink/both at-most-once',
    ],
  )
})

test('resources are told on the paths that they are on, and what is not waited for where something waits', () => {
  const { paths } = explain((job) => {
    const timed = job.from('timed', source(true), { timestamp: () => 0 })
    const untimed = job.from('untimed', source(true))
    const looked = timed.process('look-up', { open: () => 1, onRecord() {} })
    looked.to('looked', sink('exactly-once'))
    timed
      .union(untimed.map((x) => x))
      .keyBy((x) => x)
      .process('p', { timers: { t: eventTimer() }, onRecord() {}, onTimer: { t() {} } })
      .to('s', sink('exactly-once'))
    untimed.to('alone', sink('exactly-once'))
  })
  const because = (to: string): string => paths.find((path) => path.to === to)?.because.join('\n') as string
  assert.match(because('sink/looked'), /step\/look-up opens a resource: what it does outside the job happens again/)
  assert.doesNotMatch(because('sink/s'), /resource/)
  const latency = (to: string): string => JSON.stringify(paths.find((path) => path.to === to)?.latency)
  assert.match(
    latency('sink/s'),
    /"kind":"untimed","at":"step\/p","ms":0,"because":"step\/p does not wait for the time of map#1, which has no event time"/,
  )
  assert.equal(latency('sink/alone'), '[]')
})

test('steps are told with what they read, how wide they are and what they keep', () => {
  const { steps } = explain((job) => {
    const words = job.from('words', arraySource(['a']), { invalid: outputTag('broken') })
    words
      .keyBy((w) => w)
      .parallelism(2)
      .aggregate('counts', { n: agg.count(), last: agg.last() })
      .to('counts', sink('exactly-once'))
    words.side(outputTag('broken')).to('broken', sink('exactly-once'))
  }, 4)
  assert.deepEqual(steps, [
    { address: 'source/words', kind: 'array source', inputs: [], parallelism: 4, state: [] },
    { address: 'step/counts', kind: 'aggregate', inputs: ['source/words by key'], parallelism: 2, state: ['n', 'last'] },
    { address: 'sink/counts', kind: 'table sink', inputs: ['step/counts'], parallelism: 2, state: [] },
    { address: 'sink/broken', kind: 'table sink', inputs: ['source/words[broken]'], parallelism: 4, state: [] },
  ])
})

test('a sink that is at-least-once and waits for checkpoints says both', () => {
  const { paths } = explain((job) => {
    const numbers = job.from('a', arraySource([1]))
    numbers.to(
      'calls',
      callbackSink(() => {}),
    )
    numbers.to('lines', printSink())
  }, 1)
  const of = (to: string): string | undefined => paths.find((path) => path.to === to)?.because[1]
  assert.match(of('sink/calls') as string, /once the checkpoint that holds it is complete, and after a failure perhaps again: /)
  assert.match(of('sink/lines') as string, /writes without waiting for a checkpoint/)
})

const committing = defineSink<unknown, null>({ kind: 'table', delivery: 'exactly-once', open: never, committer: never })

test('what keeps a record back: the trip to another task, event time and what holds it up, the next checkpoint', () => {
  const { paths } = explain((job) => {
    const late = job.from('late', source(true), { timestamp: () => 0, outOfOrderness: '90s', idleness: '5m' })
    const quiet = job.from('quiet', source(true), { timestamp: () => 0 })
    late
      .union(quiet)
      .keyBy((x) => x)
      .process('p', { timers: { t: eventTimer() }, onRecord() {}, onTimer: { t() {} } })
      .to('s', committing)
    late.map((x) => x).to('direct', sink('at-least-once'))
  }, 2)
  const short = (from: string, to: string): unknown =>
    paths.find((path) => path.from === from && path.to === to)?.latency.map(({ kind, at, ms }) => `${kind} ${at} ${ms ?? '-'}`)
  const waits = [
    'exchange step/p 10',
    'event-time step/p -',
    'out-of-orderness source/late 90000',
    'idleness source/late 300000',
    'idleness source/quiet -',
    'checkpoint sink/s -',
  ]
  assert.deepEqual(short('source/late', 'sink/s'), waits)
  assert.deepEqual(short('source/quiet', 'sink/s'), waits)
  assert.deepEqual(short('source/late', 'sink/direct'), [])
  const because = paths.flatMap(({ latency }) => latency.map((each) => each.because)).join('\n')
  assert.match(because, /the event timers of step\/p fire once records of a later time have come from source\/late and source\/quiet/)
  assert.match(because, /source\/late may be 1m30s out of order/)
  assert.match(because, /a split of source\/quiet that gives nothing is waited for until it does or ends/)
})

test('windows are told in words, with what they keep', () => {
  const { steps } = explain((job) => {
    const keyed = job.from('a', source(true), { timestamp: () => 0 }).keyBy((x) => x)
    keyed.window(sliding('10m', '1m')).aggregate('sliced', { n: agg.count() })
    keyed.window(sliding('10m', '1m')).aggregate('in-order', { all: agg.list() })
    keyed.window(tumbling('1h', { time: 'processing' })).process('clock', () => {})
    keyed.window(session('15m')).aggregate('visits', { n: agg.count() })
    keyed.window(countWindow(100)).aggregate('hundreds', { n: agg.count() })
    keyed.window(countWindow(100, 10)).aggregate('last', { n: agg.count() })
  })
  assert.deepEqual(
    steps.slice(1).map(({ address, kind, state }) => `${address}: ${kind}; ${state.join(' ')}`),
    [
      'step/sliced: windows of 10m every 1m, from slices; n',
      'step/in-order: windows of 10m every 1m; all',
      'step/clock: windows of 1h in processing time; window:values',
      'step/visits: sessions with a gap of 15m; window:start window:end n',
      'step/hundreds: windows of 100 records; window:count n',
      'step/last: windows of the last 100 records, every 10 records; window:count window:values',
    ],
  )
})

test('what a window keeps back: its length, event time, and with lateness the same result again', () => {
  const late = outputTag<string>('late')
  const explanation = explain((job) => {
    const keyed = job.from('a', source(true), { timestamp: () => 0, outOfOrderness: '5s', idleness: '1m' }).keyBy((x) => x)
    const hours = keyed.window(tumbling('1h')).allowedLateness('1d').lateTo(late).aggregate('hours', { n: agg.count() })
    hours.to('h', committing)
    hours.side(late).to('l', sink('at-least-once'))
    keyed.window(session('15m')).aggregate('visits', { n: agg.count() }).to('v', sink('at-least-once'))
    keyed
      .window(tumbling('1h', { time: 'processing' }))
      .aggregate('clock', { n: agg.count() })
      .to('c', sink('at-least-once'))
    keyed.window(countWindow(10)).aggregate('tens', { n: agg.count() }).to('t', sink('at-least-once'))
  })
  const latency = (to: string): Explanation['paths'][number]['latency'] => explanation.paths.find((path) => path.to === to)?.latency ?? []
  const short = (to: string): readonly string[] => latency(to).map(({ kind, at, ms }) => `${kind} ${at} ${ms ?? '-'}`)
  const time = ['out-of-orderness source/a 5000', 'idleness source/a 60000']
  assert.deepEqual(short('sink/h'), ['window step/hours 3600000', 'event-time step/hours -', ...time, 'checkpoint sink/h -'])
  assert.deepEqual(short('sink/l'), [], 'late records leave at once')
  assert.deepEqual(short('sink/v'), ['window step/visits -', 'event-time step/visits -', ...time])
  assert.deepEqual(short('sink/c'), ['window step/clock 3600000'])
  assert.deepEqual(short('sink/t'), ['window step/tens -'])
  const because = (to: string): string =>
    latency(to)
      .map((each) => each.because)
      .join('\n')
  assert.match(
    because('sink/h'),
    /step\/hours \(windows of 1h\) gives a result when a window has ended; a late record of the 1d after that gives its result again/,
  )
  assert.match(because('sink/h'), /the windows of step\/hours fire once records of a later time have come from source\/a/)
  assert.match(because('sink/v'), /a result when a session has ended, which lasts as long as its records come$/m)
  assert.match(because('sink/t'), /those of a window that is not full wait for good/)
  assert.match(String(explanation), /source\/a +sink\/h +exactly-once +- +window, event time, checkpoint/)
})

test('tasks, and the edges between them', () => {
  const { tasks, edges } = explain((job) => {
    const a = job.from('a', source(true), { invalid: outputTag('broken') })
    a.keyBy((x) => x)
      .parallelism(3)
      .reduce('newest', (_a, b) => b)
      .to('s', sink('exactly-once'))
    a.side(outputTag('broken'))
      .map((x) => x)
      .parallelism(2)
      .to('broken', sink('exactly-once'))
  })
  assert.deepEqual(tasks, [
    { name: 'source/a', steps: ['source/a'], parallelism: 1 },
    { name: 'step/newest → sink/s', steps: ['step/newest', 'sink/s'], parallelism: 3 },
    { name: 'map#1 → sink/broken', steps: ['map#1', 'sink/broken'], parallelism: 2 },
  ])
  assert.deepEqual(edges, [
    { from: 'source/a', to: 'step/newest', partitioning: 'hash', timed: false },
    { from: 'source/a[broken]', to: 'map#1', partitioning: 'rebalance', timed: false },
  ])
})

test('the text says in a line each what is guaranteed, then why; no line is wider than the terminal', () => {
  const explanation = explain((job) =>
    job
      .from('a', source(true))
      .keyBy((x) => x)
      .reduce('newest', (_a, b) => b)
      .to('s', committing),
  )
  assert.equal(
    String(explanation),
    `job told

FROM      TO      DELIVERY      LIMITED BY  WAITS FOR
source/a  sink/s  exactly-once  -           checkpoint
After any number of failures, in a run with checkpoints.

STEP         KIND        WHAT IT READS AND KEEPS
source/a     log source
step/newest  reduce      reads source/a by key; keeps reduced
sink/s       table sink  reads step/newest

TASK  SUBTASKS  STEPS, JOINED BY DIRECT CALLS
   1         1  source/a → step/newest → sink/s

WHY
- source/a (log) can be read again from the positions in a checkpoint
- sink/s (table) shows a record once the checkpoint that holds it is complete,
  and withdraws what no checkpoint holds
- only with checkpoints: a run without them starts from nothing after a failure
  and writes again

WHAT KEEPS A RECORD BACK
- sink/s shows a record with the next checkpoint: as late as checkpoints are
  apart`,
  )
  for (const width of [60, 80, 120]) {
    const lines = explanationText('told', explanation, { width }).split('\n')
    assert.ok(lines.every((line) => line.length <= width && !line.endsWith(' ')))
  }
  assert.deepEqual(Object.keys(structuredClone(explanation)), ['steps', 'tasks', 'edges', 'paths'])
  assert.match(String(explain((job) => job.from('a', source(true)))), /\n\nNo sink: nothing leaves this job\.\n\n/)
})

test('colours change nothing but colours', () => {
  const explanation = explain((job) => job.from('a', source(false)).to('s', sink('at-least-once')))
  const painted = explanationText('told', explanation, { paint: (style, text) => `\u001B[${style.length}m${text}\u001B[0m` })
  assert.ok(painted.includes('\u001B[3mnone\u001B[0m      source/a, sink/s  nothing\n'), painted)
  assert.equal(
    ['0', '3', '4'].reduce((text, code) => text.replaceAll(`\u001B[${code}m`, ''), painted),
    String(explanation),
  )
})
