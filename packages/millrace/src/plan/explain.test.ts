import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPlan } from '../api/job.ts'
import { explainPlan } from '../api/explain.ts'
import { defineSink, defineSource } from '../connect.ts'
import {
  agg,
  arraySource,
  callbackSink,
  defineJob,
  eventTimer,
  outputTag,
  printSink,
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
  [true, 'exactly-once', 'exactly-once'],
  [true, 'idempotent', 'effectively-once'],
  [true, 'at-least-once', 'at-least-once'],
  [false, 'exactly-once', 'at-most-once'],
  [false, 'idempotent', 'at-most-once'],
  [false, 'at-least-once', 'none'],
] as const
for (const [replayable, delivery, expected] of guarantees) {
  test(`${replayable ? 'a source that can be read again' : 'one that cannot'} into a sink that is ${delivery}: ${expected}`, () => {
    const { paths } = explain((job) => job.from('a', source(replayable)).to('s', sink(delivery)))
    assert.equal(paths.length, 1)
    assert.deepEqual({ ...paths[0], because: [] }, { from: 'source/a', to: 'sink/s', guarantee: expected, because: [] })
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

test('resources and inputs without event time are told on the paths that they are on', () => {
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
  assert.match(because('sink/s'), /step\/p does not wait for the time of map#1, which has no event time/)
  assert.doesNotMatch(because('sink/s'), /resource/)
  assert.doesNotMatch(because('sink/alone'), /event time/)
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

test('the text is a table and the paths', () => {
  const text = String(
    explain((job) =>
      job
        .from('a', source(true))
        .keyBy((x) => x)
        .reduce('newest', (_a, b) => b)
        .to('s', sink('exactly-once')),
    ),
  )
  assert.equal(
    text,
    `job told

  step         kind        parallelism  reads            state
  source/a     log source  1            -                -
  step/newest  reduce      1            source/a by key  reduced
  sink/s       table sink  1            step/newest      -

source/a → sink/s: exactly-once
  · source/a (log) can be read again from the positions in a checkpoint
  · sink/s (table) shows a record once the checkpoint that holds it is complete, so as late as checkpoints are apart: it says so
  · only with checkpoints: a run without them starts from nothing after a failure and writes again`,
  )
  assert.deepEqual(Object.keys(structuredClone(explain((job) => job.from('a', source(true))))), ['steps', 'paths'])
  assert.match(String(explain((job) => job.from('a', source(true)))), /No sink: nothing leaves this job\.$/)
})
