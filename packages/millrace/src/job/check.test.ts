/** `check: true` in whole jobs: what would differ after a restore is found while the job runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import { agg, aggregator } from '../api/aggregates.ts'
import type { Job, JobBuilder } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import type { Stream, WindowedStream } from '../api/stream-types.ts'
import { outputTag } from '../api/tag.ts'
import { tumbling } from '../api/windows.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import type { StreamError } from '../core/errors.ts'
import { checkpointed, codeOf, Lab, pacedSource, rowsOf, type Counted, type Row } from './simulated-job.test.ts'

const rows = rowsOf('a', 12, 1)

/** Collects in a Set that it changes in place, and writes a copy of it, or never any. */
function careless(isWritten: boolean): Job<void, unknown> {
  return defineJob('careless', (job) => {
    job
      .from('rows', pacedSource({ a: rows }))
      .keyBy((row) => row.key)
      .process('seen', {
        state: { seen: valueState<Set<number>>() },
        onRecord({ n }, { key, state }, out: Out<Counted>) {
          const seen = (state.seen.get() ?? new Set()) as Set<number>
          if (seen.size === 0) state.seen.set(new Set([n]))
          else seen.add(n)
          if (isWritten) state.seen.set(new Set([...seen, n]))
          out.emit({ key, seq: n, n })
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

for (const isWritten of [true, false])
  test(`check: true finds a Set of state that is changed in place, ${isWritten ? 'though' : 'and'} ${isWritten ? 'another is written' : 'nothing is written'} afterwards`, async () => {
    assert.equal(await new Lab().run(careless(isWritten), checkpointed()), 'finished', 'nothing is noticed without it')
    const end = await new Lab().run(careless(isWritten), checkpointed({}, { check: true }))
    assert.equal(codeOf(end), 'FROZEN_RECORD')
    assert.match((end as StreamError).message, /the state "seen" of step\/seen was changed in place .*for the key "k0"/)
  })

test('a change in place of what initial makes is refused in every run: it would be lost', async () => {
  const lost = defineJob('lost', (job) => {
    job
      .from('rows', pacedSource({ a: rows }))
      .keyBy((row) => row.key)
      .process('count', {
        state: { count: valueState({ initial: () => ({ n: 0 }) }) },
        onRecord: (_row, { state }) => void (state.count.get() as { n: number }).n++,
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  const end = await new Lab().run(lost, checkpointed())
  assert.equal(codeOf(end), 'FROZEN_RECORD')
  assert.match((end as StreamError).message, /step\/count/)
})

const leaking = aggregator<Row, number[], readonly number[]>({
  create: () => [],
  add: (all, { n }) => {
    all.push(n)
    return all
  },
  merge: (a, b) => [...a, ...b],
  result: (all) => all,
})
const withTime = (job: JobBuilder): Stream<Row> => job.from('rows', pacedSource({ a: rows }), { timestamp: (row) => row.at })
const windows = (job: JobBuilder): WindowedStream<Row, string> =>
  withTime(job)
    .keyBy((row) => row.key)
    .window(tumbling(50))

/** Found by hand: between steps that call each other nothing was frozen, so that a job could pass with check and be wrong. */
const changing: Readonly<Record<string, readonly [RegExp, (job: JobBuilder) => Stream<unknown>]>> = {
  'a process function': [
    /step\/late changed/,
    (job) =>
      withTime(job).process('late', {
        onRecord(_row, _context, out: Out<{ n: number }>) {
          const made = { n: 1 }
          out.emit(made)
          made.n = 2
        },
      }),
  ],
  'the process function of a window': [
    /step\/late changed/,
    (job) =>
      windows(job).process('late', (_context, _values, out: Out<{ n: number[] }>) => {
        const made = { n: [1] }
        out.emit(made)
        made.n.push(2)
      }),
  ],
  'a side output': [
    /step\/late changed/,
    (job) => {
      const tag = outputTag<{ n: number }>('made')
      return withTime(job)
        .process('late', {
          onRecord(_row, _context, out: Out<never>) {
            const made = { n: 1 }
            out.side(tag, made)
            made.n = 2
          },
        })
        .side(tag)
    },
  ],
  'a rolling aggregate that gives its accumulator away': [
    /step\/leak changed/,
    (job) =>
      withTime(job)
        .keyBy((row) => row.key)
        .aggregate('leak', { all: leaking }),
  ],
  'a step after a window that sorts its list': [
    /map#1 changed/,
    (job) =>
      windows(job)
        .aggregate('all', { list: agg.list<Row>() })
        .map(({ list }) => (list as Row[]).sort((a, b) => b.n - a.n)),
  ],
}
for (const [name, [words, build]] of Object.entries(changing))
  for (const parallelism of [1, 2])
    test(`check: true finds what ${name} changes after it was emitted (parallelism ${parallelism})`, async () => {
      for (const isSpread of [false, true]) {
        const job = defineJob('changing', (builder) => {
          const made = build(builder)
          // To another task by a key, or to a sink in the same one.
          ;(isSpread ? made.keyBy(() => 1).reduce('last', (_last, next) => next) : made).to(
            'out',
            callbackSink<unknown>(() => undefined),
          )
        })
        const end = await new Lab().run(job, { check: true, parallelism })
        assert.equal(codeOf(end), 'FROZEN_RECORD', `spread: ${isSpread}`)
        assert.match((end as StreamError).message, words)
      }
    })
