/** Windows that are open when the next version of their job comes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import { session, sliding, tumbling } from '../api/windows.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import type { Duration } from '../core/duration.ts'
import { checkpointed, codeOf, Lab, pacedSource, type Row } from './simulated-job.test.ts'

const given = Array.from({ length: 100 }, (_zero, n): Row => ({ key: 'k', at: 1_000 + n, n }))
const source = pacedSource({ a: given }, { everyMs: 8 })
const kinds = { tumbling: tumbling(10_000), sliding: sliding(20_000, 10_000), session: session(10_000) }

function job(kind: keyof typeof kinds, version: 1 | 2, size: number = 1): Job<void, unknown> {
  return defineJob('windows', (builder) => {
    const windows = builder
      .from('rows', source, { timestamp: (row) => row.at })
      .keyBy((row) => row.key)
      .window(size === 1 ? kinds[kind] : tumbling(10_000 * size))
    const rows =
      version === 1
        ? windows.aggregate('w', { n: agg.count() })
        : windows.aggregate('w', { n: agg.count(), mean: agg.avg((row) => row.n), since: agg.min((row) => row.n) })
    rows.to('out', fileSink('/out', jsonLines()))
  })
}

interface Result {
  readonly n: number
  readonly mean: number
  readonly since: number
}

for (const kind of ['tumbling', 'sliding', 'session'] as const)
  test(`an aggregate that is new has what came since: ${kind} windows`, async () => {
    const lab = new Lab()
    const life = await lab.start(job(kind, 1), checkpointed())
    await life.when(() => life.handle.status().records >= 12)
    await lab.wait(life.handle.stop())
    assert.equal(await life.end(), 'stopped')
    assert.equal(await lab.run(job(kind, 2), checkpointed()), 'finished')
    const rows = lab.rows<Result>()
    assert.ok(rows.length > 0)
    for (const { n, mean, since } of rows) {
      assert.equal(n, given.length)
      assert.ok(since >= 12 && since < n, `since ${since}`)
      assert.equal(mean, (since + n - 1) / 2)
    }
  })

test('windows of another size do not take over what those before hold: refused, with both in words', async () => {
  const lab = new Lab()
  const life = await lab.start(job('tumbling', 1), checkpointed())
  await life.when(() => life.handle.status().records >= 12)
  await lab.wait(life.handle.stop())
  await life.end()
  const refused = await lab.run(job('tumbling', 1, 2), checkpointed())
  assert.equal(codeOf(refused), 'STATE_MISMATCH')
  assert.match(String(refused), /10s.*20s/)
})

const short = {
  tumbling: tumbling(10),
  sliding: sliding(10, 5),
  'sliding in panes': sliding(10, 4),
  sessions: session(3),
  'sessions with gaps of their own': session(() => 3),
}
/** A record every 10 ms of its time, so that each session has one. */
const sparse = Array.from({ length: 60 }, (_zero, n): Row => ({ key: `k${n % 3}`, at: n * 10, n }))

function lateJob(kind: keyof typeof short, lateness: Duration): Job<void, unknown> {
  return defineJob('windows', (builder) => {
    builder
      .from('rows', pacedSource({ a: sparse }, { everyMs: 8 }), { timestamp: (row) => row.at })
      .keyBy((row) => row.key)
      .window(short[kind])
      .allowedLateness(lateness)
      .aggregate('w', { n: agg.count() })
      .to('out', fileSink('/out', jsonLines()))
  })
}

for (const kind of Object.keys(short) as (keyof typeof short)[])
  for (const [before, after] of [
    ['1h', 0],
    ['1h', 50],
    [0, '1h'],
  ] as const)
    test(`a lateness of ${after} after one of ${before}: no window fires again (${kind})`, async () => {
      const lab = new Lab()
      const life = await lab.start(lateJob(kind, before), checkpointed())
      await life.when(() => life.handle.status().records >= 20)
      await lab.wait(life.handle.stop())
      assert.equal(await life.end(), 'stopped')
      assert.equal(await lab.run(lateJob(kind, after), checkpointed()), 'finished')
      const fired = lab.rows<{ key: string; window: object; n: number }>().map(({ key, window }) => JSON.stringify([key, window]))
      assert.ok(fired.length >= sparse.length)
      assert.equal(new Set(fired).size, fired.length)
    })
