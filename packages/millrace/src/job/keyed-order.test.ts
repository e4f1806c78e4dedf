/** PT-1, PT-4: what comes after keyBy gets the records of a key in one subtask, in their order, also where it keeps nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Out } from '../api/process-types.ts'
import type { KeyedStream, Stream } from '../api/stream-types.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { codeOf, Lab, pacedSource, rowsOf, type Row } from './simulated-job.test.ts'

const rows = rowsOf('a', 3_000, 7)

interface Seen {
  readonly key: string
  readonly n: number
  readonly subtask: number
}

/** One source subtask, then everything at parallelism 3: which subtask saw a key, and what it saw. */
async function seenAfter(step: (keyed: KeyedStream<Row, string>) => Stream<Row>): Promise<Seen[]> {
  const lab = new Lab()
  const job = defineJob('order', (builder) => {
    const read = builder.from('rows', pacedSource({ a: rows }, { batch: 100 })).parallelism(1)
    step(read.keyBy((row) => row.key))
      .process('where', {
        open: ({ subtask }) => subtask,
        onRecord({ key, n }, { resource }, out: Out<Seen>) {
          out.emit({ key, n, subtask: resource })
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  assert.equal(await lab.run(job, { parallelism: 3, keyGroups: 16 }), 'finished')
  return lab.rows<Seen>()
}

const steps: Readonly<Record<string, (keyed: KeyedStream<Row, string>) => Stream<Row>>> = {
  map: (keyed) => keyed.map((row) => row),
  filter: (keyed) => keyed.filter(() => true),
  flatMap: (keyed) => keyed.flatMap((row) => [row]),
  union: (keyed) => keyed.union(keyed.filter(() => false)),
}

for (const [name, step] of Object.entries(steps))
  test(`PT-1: ${name} after keyBy gets each key in one subtask, in order`, async () => {
    const seen = await seenAfter(step)
    assert.equal(seen.length, rows.length)
    for (const key of new Set(rows.map((row) => row.key))) {
      const own = seen.filter((one) => one.key === key)
      assert.equal(new Set(own.map(({ subtask }) => subtask)).size, 1, key)
      assert.deepEqual(
        own.map(({ n }) => n),
        rows.filter((row) => row.key === key).map(({ n }) => n),
      )
    }
    assert.ok(new Set(seen.map(({ subtask }) => subtask)).size > 1)
  })

test('PT-4: two steps by the same key, with a map between them, keep the order of each key', async () => {
  const lab = new Lab()
  const job = defineJob('twice', (builder) => {
    builder
      .from('rows', pacedSource({ a: rows }, { batch: 100 }))
      .parallelism(1)
      .keyBy((row) => row.key)
      .map((row) => row)
      .keyBy((row) => row.key)
      .reduce('last', (before, row) => ({ ...row, n: row.n > before.n ? row.n : -1 }))
      .to('out', fileSink('/out', jsonLines()))
  })
  assert.equal(await lab.run(job, { parallelism: 2, keyGroups: 16 }), 'finished')
  assert.equal(lab.rows<Row>().filter(({ n }) => n < 0).length, 0)
})

for (const parallelism of [1, 2])
  test(`what is no key is refused by a step that keeps nothing, at parallelism ${parallelism} too`, async () => {
    const job = defineJob('no-key', (builder) => {
      builder
        .from('rows', pacedSource({ a: rows }))
        .keyBy(() => ({}) as never)
        .map((row) => row)
        .to('out', fileSink('/out', jsonLines()))
    })
    assert.equal(codeOf(await new Lab().run(job, { parallelism, restart: 'none' })), 'INVALID_KEY')
  })
