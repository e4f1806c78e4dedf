/** Errors of a value say whose it is: the step that made it, the state or the aggregate that was given it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg, aggregator } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import { mapState } from '../api/state-specs.ts'
import type { Stream } from '../api/stream-types.ts'
import { tumbling } from '../api/windows.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import { codeOf, Lab, pacedSource, rowsOf, type Row } from './simulated-job.test.ts'

const rows = rowsOf('a', 12, 1)
const later = aggregator<Row, number, unknown>({
  create: () => 0,
  add: (count) => count + 1,
  merge: (a, b) => a + b,
  result: async (count) => count,
})

type Build = (rows: Stream<Row>) => Stream<unknown>
const cases: Readonly<Record<string, readonly [code: string, words: RegExp, build: Build]>> = {
  'a key of a map state that is none is told with its state': [
    'INVALID_KEY',
    /A key of the map state "seen" is an object\./,
    (all) =>
      all
        .keyBy((row) => row.key)
        .process('seeing', {
          state: { seen: mapState<string, number>() },
          onRecord: (row, { state }) => state.seen.set(row as never, 1),
        }),
  ],
  'what agg.distinct cannot count is told as that': [
    'INVALID_KEY',
    /What agg\.distinct counts, part 1 is undefined\./,
    (all) => all.keyBy((row) => row.key).aggregate('counted', { n: agg.distinct((row) => [row.n, undefined as never]) }),
  ],
  'a promise that an aggregator gives is told with its step, not with the next one': [
    'PROMISE',
    /step\/counted gave a promise/,
    (all) =>
      all
        .keyBy((row) => row.key)
        .aggregate('counted', { n: later })
        .filter(() => true),
  ],
  'and so is one of a window': [
    'PROMISE',
    /step\/counted gave a promise/,
    (all) =>
      all
        .keyBy((row) => row.key)
        .window(tumbling(50))
        .aggregate('counted', { n: later })
        .filter(() => true),
  ],
}
for (const [name, [code, words, build]] of Object.entries(cases))
  test(name, async () => {
    for (const parallelism of [1, 2]) {
      const job = defineJob('blamed', (builder) => {
        build(builder.from('rows', pacedSource({ a: rows }), { timestamp: (row) => row.at })).to(
          'out',
          callbackSink<unknown>(() => undefined),
        )
      })
      const end = await new Lab().run(job, { parallelism })
      assert.ok(typeof end === 'object')
      assert.equal(codeOf(end), code)
      assert.match(end.message, words)
    }
  })
