/** How a bounded job ends: time runs out, the tail is committed, and the log says so last. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { eventTimer, processingTimer } from '../api/timers.ts'
import { decodeEntry } from '../checkpoint/entry.ts'
import type { Entry } from '../checkpoint/manifest.ts'
import { defineSource } from '../connect/contract.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { nodeDigest } from '../env/node-digest.ts'
import {
  assertCounted,
  checkpointed,
  countingJob,
  errorsOf,
  Lab,
  pacedSource,
  rowsOf,
  type Counted,
  type Row,
} from './simulated-job.test.ts'

interface Fired {
  readonly what: 'row' | 'event' | 'processing'
  readonly key: string
  readonly watermark: number | 'end'
}

const rows = rowsOf('a', 12)

function timersJob(count: number): Job<void, unknown> {
  return defineJob('timers', (job) => {
    job
      .from('rows', pacedSource({ a: rows.slice(0, count) }), { timestamp: (row: Row) => row.at })
      .keyBy((row) => row.key)
      .process('timers', {
        timers: { late: eventTimer(), never: processingTimer() },
        onRecord(row, { timers, now }, out: Out<Fired>) {
          timers.late.set(9_000_000)
          timers.never.set(now + 3_600_000)
          out.emit({ what: 'row', key: row.key, watermark: 0 })
        },
        onTimer: {
          late: (_at, { key, watermark }, out) =>
            out.emit({ what: 'event', key, watermark: Number.isFinite(watermark) ? watermark : 'end' }),
          never: (_at, { key }, out) => out.emit({ what: 'processing', key, watermark: 0 }),
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

function entriesOf(lab: Lab): Entry[] {
  const files = lab.machine.disk.snapshot()
  return lab
    .paths('/checkpoints/log')
    .filter((path) => path.endsWith('.entry'))
    .map((path) => decodeEntry(files.get(path) as Uint8Array, { number: Number(/(\d+)\.entry/.exec(path)?.[1]), name: path }, nodeDigest))
}

for (const options of [checkpointed(), {}])
  test(`at the end event timers fire and processing timers are dropped, ${options.checkpoints === undefined ? 'without' : 'with'} checkpoints`, async () => {
    const lab = new Lab()
    const before = lab.machine.nowMs
    assert.equal(await lab.run(timersJob(12), options), 'finished')
    assert.ok(lab.machine.nowMs - before < 3_000_000, 'nobody waits for processing timers')
    const seen = lab.rows<Fired>()
    assert.equal(seen.filter(({ what }) => what === 'row').length, 12)
    assert.deepEqual(
      seen
        .filter(({ what }) => what === 'event')
        .map(({ key, watermark }) => `${key} ${watermark}`)
        .toSorted((a, b) => (a < b ? -1 : 1)),
      ['k0 end', 'k1 end', 'k2 end'],
    )
    assert.equal(seen.filter(({ what }) => what === 'processing').length, 0)
  })

test('the last checkpoint commits the tail, and `finished` is the last entry', async () => {
  const lab = new Lab()
  // No periodic checkpoint: all output is in the last one.
  assert.equal(await lab.run(countingJob({ source: pacedSource({ a: rows }) }), checkpointed({ every: '1h' })), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
  const entries = entriesOf(lab)
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    ['claim', 'checkpoint', 'checkpoint', 'finished'],
  )
  const [, first, last] = entries
  assert.deepEqual(
    [first?.kind === 'checkpoint' && first.manifest.reason, last?.kind === 'checkpoint' && last.manifest.reason],
    ['first', 'end'],
  )
})

test('a job without any input finishes, with and without checkpoints', async () => {
  for (const options of [checkpointed(), {}]) {
    const lab = new Lab()
    assert.equal(await lab.run(countingJob({ source: pacedSource<Row>({}) }), options), 'finished')
    assert.equal(
      await lab.run(countingJob({ source: pacedSource<Row>({ a: [] }) }), {
        ...options,
        ...(options.checkpoints && { checkpoints: { ...options.checkpoints, storage: '/second' } }),
      }),
      'finished',
    )
    assert.deepEqual(lab.rows(), [])
  }
})

test('sources that end at different times: checkpoints go on with those that live', async () => {
  const lab = new Lab()
  const long = rowsOf('b', 40, 3).map((row) => ({ ...row, n: row.n + 1_000 }))
  const job = defineJob('two', (builder) => {
    const short = builder.from('short', pacedSource({ a: rows.slice(0, 3) }))
    const other = builder.from('long', pacedSource({ b: long }, { everyMs: 8 }))
    short.union(other).to('out', fileSink('/out', jsonLines()))
  })
  const life = await lab.start(job, checkpointed())
  await life.when(() => life.handle.status().records >= 15)
  lab.machine.kill(life.process)
  const checkpoints = life.events.filter(({ kind }) => kind === 'checkpoint').length
  assert.ok(checkpoints >= 4)
  assert.equal(await lab.run(job, checkpointed()), 'finished')
  assert.deepEqual(
    lab
      .rows<Row>()
      .map(({ n }) => n)
      .toSorted((a, b) => a - b),
    [0, 1, 2, ...long.map(({ n }) => n)],
  )
})

test('died between the last checkpoint and its commit: the next life commits, opens nothing, and says finished', async () => {
  const lab = new Lab()
  const job = countingJob({ source: pacedSource({ a: rows }) })
  lab.machine.crashPoint = (name) => (name === 'commit.before' ? 'kill' : undefined)
  assert.equal(await lab.run(job, checkpointed({ every: '1h' })), 'died')
  assert.deepEqual(lab.rows(), [])
  lab.machine.crashPoint = undefined
  const next = await lab.start(job, checkpointed())
  assert.equal(await next.end(), 'finished')
  assert.equal(next.events.filter(({ kind }) => kind === 'running').length, 0)
  assertCounted(lab.rows<Counted>(), rows)
  assert.equal(entriesOf(lab).at(-1)?.kind, 'finished')
})

test('a job without checkpoints commits at the end, and nothing before', async () => {
  const lab = new Lab()
  const seen: Counted[] = []
  const life = await lab.start(countingJob({ source: pacedSource({ a: rows }), sink: collectSink(seen) }), {})
  await life.when(() => life.handle.status().records === rows.length - 1)
  assert.deepEqual(seen, [])
  assert.equal(await life.end(), 'finished')
  assertCounted(seen, rows)
  assert.deepEqual(lab.paths('/'), [])
})

test('a second run without checkpoints into the directory of the first is refused: nothing is lost silently', async () => {
  const lab = new Lab()
  const job = countingJob({ source: pacedSource({ a: rows }) })
  assert.equal(await lab.run(job, {}), 'finished')
  const before = lab.rows()
  const end = await lab.run(countingJob({ source: pacedSource({ a: rows.slice(0, 5) }) }), {})
  assert.match(String(end), /another run|exists/)
  assert.deepEqual(lab.rows(), before)
})

test('sources hear what is durable, and never more', async () => {
  const lab = new Lab()
  const acknowledged = new Map<string, number>()
  const life = await lab.start(countingJob({ source: pacedSource({ a: rows }, { acknowledged, everyMs: 10 }) }), checkpointed())
  await life.until('checkpoint', 4)
  await lab.machine.advance(0)
  const [newest] = entriesOf(lab)
    .flatMap((entry) => (entry.kind === 'checkpoint' ? [entry.manifest] : []))
    .slice(-1)
  const part = newest?.operators['source/rows']
  assert.ok(part?.kind === 'source')
  assert.ok((acknowledged.get('a') as number) > 0)
  assert.ok((acknowledged.get('a') as number) <= (part.splits['a']?.position as number))
  assert.equal(await life.end(), 'finished')
})

test('a job that starts from nothing into the output of another run is refused before it reads, and nothing is added', async () => {
  const lab = new Lab()
  assert.equal(await lab.run(countingJob({ source: pacedSource({ a: rows }) }), checkpointed()), 'finished')
  const before = lab.picture('/out')
  // The refused start has claimed its log: the next one is of a later epoch, and no less refused.
  for (const options of [{}, {}, checkpointed({ storage: '/other' }), checkpointed({ storage: '/other' })]) {
    const end = await lab.run(countingJob({ source: pacedSource({ a: rows }) }), options)
    assert.ok(typeof end === 'object' && end.code === 'OUTPUT_EXISTS', String(end))
    assert.match(end.message, /sink\/out starts from nothing, but \/out\/part-\d+/)
    assert.deepEqual(lab.picture('/out'), before)
  }
})

/** Found by a look with fresh eyes: it hung for ever, or ended with INVARIANT. */
test('a reader that fails when the last entry is on its way changes nothing: the job has finished', async () => {
  const lab = new Lab()
  let fail: ((error: Error) => void) | undefined
  const source = defineSource<Row, number>({
    kind: 'late',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: async () => {
      const splits = new Map(Array.from({ length: 20 }, (_zero, n) => [`split ${n}`, 0]))
      return {
        splits,
        poll: () => {
          if (fail === undefined) return 'wait'
          splits.clear()
          return 'end'
        },
        // Never resolves: the engine polls again as it looks for idle splits, and still awaits this one when the job is over.
        ready: () =>
          new Promise((_resolve, reject) => {
            fail = reject
          }),
        close: async () => undefined,
      }
    },
  })
  const job = defineJob('late', (builder) => {
    builder.from('rows', source, { idleness: '20ms', timestamp: (row) => row.at }).to('out', fileSink('/out', jsonLines()))
  })
  let entries = 0
  lab.machine.crashPoint = (name) => {
    if (name === 'entry.beforeCreate' && ++entries === 4) fail?.(new Error('connection lost'))
    return undefined
  }
  const life = await lab.start(job, checkpointed({ every: '1h' }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(errorsOf(life.events), [])
  assert.equal(entries, 4)
  assert.equal(entriesOf(lab).at(-1)?.kind, 'finished')
})
