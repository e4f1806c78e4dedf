/** Jobs over files that are followed: event time across files that come and fall silent, stops, kills. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { fileSource } from '../connectors/file-source.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'
import { assertCounted, checkpointed, countingJob, Lab, rowsOf, SEED, type Counted, type Row } from './simulated-job.test.ts'

interface Seen {
  readonly at: number
  readonly watermark: number | null
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
const append = (lab: Lab, path: string, rows: readonly object[]): void => {
  const { disk } = lab.machine
  if (disk.info(path) === undefined) lab.write(path, '')
  disk.open(path).append(new TextEncoder().encode(lines(rows)))
}
const followed = (): ReturnType<typeof fileSource<Row>> => fileSource('/in', jsonLines<Row>(), { follow: true })

/** Each row with the watermark that it meets. */
function watching(idleness?: '5s'): Job<void, unknown> {
  return defineJob('watching', (job) => {
    job
      .from('rows', followed(), { timestamp: (row) => row.at, ...(idleness === undefined ? {} : { idleness }) })
      .process('watch', {
        onRecord: ({ at }, { watermark }, out: Out<Seen>) => out.emit({ at, watermark: Number.isFinite(watermark) ? watermark : null }),
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

test('WM-7: a file that comes while the job runs holds the watermark until its first batch, and takes part from then on', async () => {
  const lab = new Lab()
  append(lab, '/in/a.jsonl', [{ at: 1_000 }])
  const life = await lab.start(watching(), checkpointed())
  await life.when(() => life.handle.status().records === 1)
  append(lab, '/in/b.jsonl', [])
  await lab.machine.advance(1_000)
  append(lab, '/in/a.jsonl', [{ at: 5_000 }])
  await life.when(() => life.handle.status().records === 2)
  append(lab, '/in/a.jsonl', [{ at: 6_000 }])
  await life.when(() => life.handle.status().records === 3)
  append(lab, '/in/b.jsonl', [{ at: 3_000 }])
  await life.when(() => life.handle.status().records === 4)
  append(lab, '/in/a.jsonl', [{ at: 7_000 }])
  await life.when(() => life.handle.status().records === 5)
  await lab.wait(life.handle.stop())
  assert.deepEqual(lab.rows(), [
    { at: 1_000, watermark: null },
    { at: 5_000, watermark: 999 },
    { at: 6_000, watermark: 999 },
    { at: 3_000, watermark: 999 },
    { at: 7_000, watermark: 2_999 },
  ])
})

test('ID-1: a file that has fallen silent holds event time back no longer than its idleness; one that was removed not at all', async () => {
  const lab = new Lab()
  append(lab, '/in/a.jsonl', [{ at: 1_000 }])
  append(lab, '/in/b.jsonl', [{ at: 2_000 }])
  const life = await lab.start(watching('5s'), checkpointed())
  await life.when(() => life.handle.status().records === 2)
  append(lab, '/in/b.jsonl', [{ at: 3_000 }])
  await life.when(() => life.handle.status().records === 3)
  await lab.machine.advance(1_000)
  append(lab, '/in/b.jsonl', [{ at: 4_000 }])
  await life.when(() => life.handle.status().records === 4)
  for (let at = 5_000; at <= 12_000; at += 1_000) {
    await lab.machine.advance(1_000)
    append(lab, '/in/b.jsonl', [{ at }])
  }
  await life.when(() => life.handle.status().records === 12)
  await lab.wait(life.handle.stop())
  const seen = lab.rows<Seen>()
  assert.equal(seen.find(({ at }) => at === 4_000)?.watermark, 999, 'a holds it back')
  assert.equal(seen.find(({ at }) => at === 12_000)?.watermark, 10_999, 'a is idle')

  const other = new Lab()
  append(other, '/in/a.jsonl', [{ at: 1_000 }])
  append(other, '/in/b.jsonl', [{ at: 2_000 }])
  const next = await other.start(watching(), checkpointed())
  await next.when(() => next.handle.status().records === 2)
  await other.machine.advance(1_000)
  other.machine.disk.unlink('/in/a.jsonl')
  await other.machine.advance(1_000)
  append(other, '/in/b.jsonl', [{ at: 3_000 }])
  await next.when(() => next.handle.status().records === 3)
  await other.wait(next.handle.stop())
  assert.deepEqual(other.rows<Seen>().at(-1), { at: 3_000, watermark: 1_999 })
})

test('a stop does not wait for the next look', async () => {
  const lab = new Lab()
  append(lab, '/in/a.jsonl', [{ at: 1 }])
  const life = await lab.start(watching(), checkpointed({ every: '1h' }))
  await life.when(() => life.handle.status().records === 1)
  await lab.machine.advance(60_000)
  const before = lab.machine.nowMs
  await lab.wait(life.handle.stop())
  assert.ok(lab.machine.nowMs - before < 100, `${lab.machine.nowMs - before} ms`)
})

test(`exactly once through kills, while files grow and come (SEED=${SEED})`, async () => {
  for (let round = 0; round < 3; round++) {
    const random = new SeededRandom(SEED, `followed ${round}`)
    const lab = new Lab()
    const rows = Array.from({ length: 5 }, (_zero, file) => rowsOf(`f${file}`, 60).map((row) => ({ ...row, key: `f${file}${row.key}` })))
    const given = rows.map(() => 0)
    lab.machine.disk.makeDirectory('/in')
    lab.write('/in/.keep', '')
    const grow = (): void => {
      const file = random.below(rows.length)
      const from = given[file] as number
      const to = Math.min(60, from + random.below(30))
      if (to > from) append(lab, `/in/f${file}.jsonl`, (rows[file] as Row[]).slice(from, to))
      given[file] = to
    }
    const total = rows.flat().length
    for (let isDone = false; !isDone;) {
      const life = await lab.start(countingJob({ source: followed() }), checkpointed({ lease: '1s' }, { parallelism: 1 + random.below(3) }))
      for (let turn = random.below(12); turn >= 0; turn--) {
        grow()
        await lab.machine.advance(random.below(300))
      }
      if (given.every((count) => count === 60)) {
        await lab.machine.advance(5_000)
        isDone = true
        await lab.wait(life.handle.stop())
      } else if (random.chance(0.7)) life.process.kill()
      else await lab.wait(life.handle.stop())
    }
    assert.equal(lab.rows().length, total)
    assertCounted(lab.rows<Counted>(), rows.flat())
  }
})
