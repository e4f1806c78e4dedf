/** Another parallelism after a restore, several splits, unions; time goes on where it was (rules 1.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { listState, mapState, valueState } from '../api/state-specs.ts'
import { eventTimer, eventTimers, processingTimer } from '../api/timers.ts'
import type { Source } from '../connect/contract.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { checkpointed, Lab, pacedSource, rowsOf, type Life, type Row } from './simulated-job.test.ts'

interface Seen {
  readonly kind: 'row' | 'close' | 'once'
  readonly key: string
  readonly at: number
  readonly seq: number
  readonly latest: readonly number[]
  readonly buckets: number
}

const BUCKET_MS = 50

/** All kinds of state and event timers, over sources given. */
function wideJob(sources: readonly Source<Row>[], outOfOrderness: number): Job<void, unknown> {
  return defineJob('wide', (job) => {
    const streams = sources.map((source, index) => job.from(`rows-${index}`, source, { timestamp: (row) => row.at, outOfOrderness }))
    const [first, ...others] = streams
    const all = others.length === 0 ? first! : first!.union(...others)
    all
      .keyBy((row) => row.key)
      .process('wide', {
        state: { seq: valueState({ initial: () => 0 }), latest: listState<number>(), buckets: mapState<number, number>() },
        timers: { close: eventTimers(), once: eventTimer() },
        onRecord(row, { key, state, timers }, out: Out<Seen>) {
          state.seq.set(state.seq.get() + 1)
          if (state.latest.size === 4) state.latest.replace([row.n])
          else state.latest.add(row.n)
          const end = (Math.floor(row.at / BUCKET_MS) + 1) * BUCKET_MS
          state.buckets.set(end, (state.buckets.get(end) ?? 0) + 1)
          timers.close.add(end)
          if (timers.once.at === undefined) timers.once.set(1_100)
          out.emit({ kind: 'row', key, at: row.at, seq: state.seq.get(), latest: [...state.latest], buckets: state.buckets.size })
        },
        onTimer: {
          close(at, { key, state }, out) {
            const count = state.buckets.get(at) ?? -1
            state.buckets.delete(at)
            out.emit({ kind: 'close', key, at, seq: count, latest: [], buckets: -1 })
          },
          once(at, { key }, out) {
            out.emit({ kind: 'once', key, at, seq: 0, latest: [], buckets: -1 })
          },
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

/** Counts per key and bucket and the once-timers, from the rows alone. */
function closesOf(rows: readonly Row[]): string[] {
  const counts = new Map<string, number>()
  for (const { key, at } of rows) {
    const bucket = `${key} ${(Math.floor(at / BUCKET_MS) + 1) * BUCKET_MS}`
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  return [...counts].map(([bucket, count]) => `${bucket}: ${count}`).toSorted(byText)
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function assertWide(lab: Lab, rows: readonly Row[]): void {
  const seen = lab.rows<Seen>()
  const closes = seen.filter(({ kind }) => kind === 'close').map(({ key, at, seq }) => `${key} ${at}: ${seq}`)
  assert.deepEqual(closes.toSorted(byText), closesOf(rows), 'each bucket is closed once, with all its rows')
  const perKey = new Map<string, number[]>()
  for (const { kind, key, seq } of seen) if (kind === 'row') perKey.set(key, [...(perKey.get(key) ?? []), seq])
  for (const [key, seqs] of perKey) {
    const count = rows.filter((row) => row.key === key).length
    assert.deepEqual(
      seqs.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_zero, index) => index + 1),
      key,
    )
  }
  // Several event times later: it fires once for each time that it was set, and is set anew only by a later row.
  assert.ok(seen.filter(({ kind }) => kind === 'once').length >= perKey.size)
}

async function stopAfter(lab: Lab, life: Life, records: number): Promise<void> {
  await life.when(() => life.handle.status().records >= records)
  await lab.wait(life.handle.stop())
  assert.equal(await life.end(), 'stopped')
}

async function killAfter(lab: Lab, life: Life, checkpoints: number): Promise<void> {
  await life.until('checkpoint', checkpoints)
  lab.machine.kill(life.process)
  assert.equal(await life.end(), 'died')
}

const splits = { a: rowsOf('a', 60, 7), b: rowsOf('b', 60, 5), c: rowsOf('c', 60, 11), d: [] as Row[] }
const rows = Object.values(splits).flat()

for (const end of ['stop', 'kill'] as const)
  test(`parallelism 1 → 3 → 2 after a ${end}: keyed state, timers, splits`, async () => {
    const lab = new Lab()
    // Splits are read side by side, at most some batches apart.
    const job = wideJob([pacedSource(splits, { batch: 2, everyMs: 12 })], 1_000)
    const options = (parallelism: number) => checkpointed({}, { parallelism, keyGroups: 16 })
    for (const parallelism of [1, 3]) {
      const life = await lab.start(job, options(parallelism))
      if (end === 'stop') await stopAfter(lab, life, 24)
      else await killAfter(lab, life, 3)
    }
    assert.equal(await lab.run(job, options(2)), 'finished')
    assertWide(lab, rows)
  })

test('a union of two sources with several splits each, at 3 → 1', async () => {
  const lab = new Lab()
  const other = { x: rowsOf('x', 25, 4), y: rowsOf('y', 10, 9) }
  const job = wideJob([pacedSource(splits, { batch: 2, everyMs: 9 }), pacedSource(other, { batch: 2, everyMs: 9 })], 1_000)
  await killAfter(lab, await lab.start(job, checkpointed({}, { parallelism: 3, keyGroups: 16 })), 4)
  assert.equal(await lab.run(job, checkpointed({}, { parallelism: 1 })), 'finished')
  assertWide(lab, [...rows, ...Object.values(other).flat()])
})

test('more subtasks than splits or keys: those without anything to do hold nothing back', async () => {
  const lab = new Lab()
  const job = wideJob([pacedSource({ a: rowsOf('a', 40, 2) }, { batch: 2 })], 0)
  await killAfter(lab, await lab.start(job, checkpointed({}, { parallelism: 8, keyGroups: 16 })), 3)
  assert.equal(await lab.run(job, checkpointed({}, { parallelism: 5, keyGroups: 16 })), 'finished')
  assertWide(lab, rowsOf('a', 40, 2))
})

// ---------------------------------------------------------------- time

interface Told {
  readonly key: string
  readonly at: number
  readonly watermark: number | null
  readonly fired?: true
}

/** Tells the watermark that each record sees, and when its timer, set by the first record of its key for at + 35, fires. */
function timeJob(source: Source<Row>): Job<void, unknown> {
  return defineJob('time', (job) => {
    job
      .from('rows', source, { timestamp: (row) => row.at })
      .keyBy((row) => row.key)
      .process('time', {
        timers: { due: eventTimer() },
        state: { hasSet: valueState<boolean>() },
        onRecord(row, { key, watermark, timers, state }, out: Out<Told>) {
          if (state.hasSet.get() !== true) timers.due.set(row.at + 35)
          state.hasSet.set(true)
          out.emit({ key, at: row.at, watermark: Number.isFinite(watermark) ? watermark : null })
        },
        onTimer: {
          due: (at, { key, watermark }, out) =>
            out.emit({ key, at, watermark: Number.isFinite(watermark) ? watermark : null, fired: true }),
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

test('the watermark is carried over a restore: a timer fires once, not before its time, and late records stay late', async () => {
  for (const [before, after] of [
    [1, 1],
    [1, 3],
    [3, 2],
  ] as const) {
    const lab = new Lab()
    // Rows of each key in order; then rows whose time has passed long ago.
    const times = Array.from({ length: 72 }, (_zero, n) => 1_000 + n * 10)
    const given: Row[] = times.map((at, n) => ({ key: `k${n % 3}`, at, n }))
    const late: Row[] = Array.from({ length: 6 }, (_zero, n) => ({ key: `k${n % 3}`, at: 1_001 + n, n: 100 + n }))
    const job = timeJob(pacedSource({ a: [...given, ...late] }, { batch: 1, everyMs: 8 }))
    const life = await lab.start(job, checkpointed({}, { parallelism: before, keyGroups: 16 }))
    await stopAfter(lab, life, 12)
    assert.equal(await lab.run(job, checkpointed({}, { parallelism: after })), 'finished')
    const told = lab.rows<Told>()
    const fired = told.filter((one) => one.fired === true)
    assert.deepEqual(fired.map(({ key, at }) => `${key} ${at}`).toSorted(byText), ['k0 1035', 'k1 1045', 'k2 1055'], 'once each')
    for (const { at, watermark } of fired) assert.ok(watermark === null || watermark >= at)
    // Watermarks of one key never go back, also not over the restore.
    for (const key of ['k0', 'k1', 'k2']) {
      const seen = told.filter((one) => one.key === key && one.watermark !== null).map(({ watermark }) => watermark as number)
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
        `${before} → ${after}, ${key}`,
      )
    }
    for (const { at, watermark } of told.filter((one) => one.at < 1_010 && one.at > 1_000 && one.fired !== true))
      assert.ok((watermark as number) > at, 'late: the watermark has passed it')
  }
})

test('after a restore the first record sees the watermark of before, not -Infinity', async () => {
  const lab = new Lab()
  // Enough for the checkpoint that a stop may have to wait for.
  const given = Array.from({ length: 100 }, (_zero, n): Row => ({ key: 'k', at: 1_000 + n * 10, n }))
  const job = timeJob(pacedSource({ a: given }, { everyMs: 8 }))
  const life = await lab.start(job, checkpointed())
  await stopAfter(lab, life, 12)
  const count = lab.rows<Told>().filter((one) => one.fired !== true).length
  assert.equal(await lab.run(job, checkpointed()), 'finished')
  const records = lab.rows<Told>().filter((one) => one.fired !== true)
  assert.equal(records[count]?.watermark, 1_000 + (count - 1) * 10 - 1)
})

test('a processing timer that fell due while nothing ran fires after the restore, before the first record', async () => {
  const lab = new Lab()
  const told: string[] = []
  const job = defineJob('processing', (builder) => {
    builder
      .from('rows', pacedSource({ a: rowsOf('a', 30, 1) }, { everyMs: 8 }))
      .keyBy((row) => row.key)
      .process('process', {
        timers: { due: processingTimer() },
        onRecord(row, { timers, now }, out: Out<{ n: number }>) {
          if (row.n === 5) timers.due.set(now + 10_000)
          told.push(`record ${row.n}`)
          out.emit({ n: row.n })
        },
        onTimer: { due: () => void told.push('timer') },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  await stopAfter(lab, await lab.start(job, checkpointed()), 12)
  assert.ok(!told.includes('timer'))
  const before = told.length
  await lab.machine.advance(60_000)
  assert.equal(await lab.run(job, checkpointed()), 'finished')
  assert.deepEqual(told.slice(before, before + 2), ['timer', `record ${before}`])
  assert.equal(told.filter((one) => one === 'timer').length, 1)
})
