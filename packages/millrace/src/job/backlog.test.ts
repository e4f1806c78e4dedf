/** Sinks that keep rows until they are committed: what is not handed over is bounded, and nobody waits for ever. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import { BACKLOG_UNITS } from '../connectors/backlog.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import type { Process } from './simulated-job.test.ts'
import { checkpointed, codeOf, countingJob, checkpointsOf, Lab, pacedSource, rowsOf, type Counted, type Row } from './simulated-job.test.ts'
import { assertCounted } from './simulated-job.test.ts'

const COUNT = 3 * BACKLOG_UNITS
const rows = rowsOf('a', COUNT)
/** Far faster than any callback here. */
const fast = (endless = false): ReturnType<typeof pacedSource<Row>> => pacedSource({ a: rows }, { batch: 512, everyMs: 0.1, endless })

/** Takes a while for each. */
function slow(process: Process, ms: number): { readonly sink: ReturnType<typeof callbackSink<Counted>>; readonly seen: Counted[] } {
  const seen: Counted[] = []
  const sink = callbackSink<Counted>((row) => new Promise((resolve) => void process.timers.after(ms, () => resolve(void seen.push(row)))))
  return { sink, seen }
}

/** The longest file of the log: what a checkpoint without other state stores again and again. */
function largestEntry(lab: Lab): number {
  const entries = [...lab.machine.disk.snapshot()].filter(([path]) => path.startsWith('/checkpoints/log/'))
  return Math.max(...entries.map(([, bytes]) => bytes.length))
}

/** What may be between source and sink: batches of each channel, buffers, and what each subtask has begun. */
const inFlight = (parallelism: number): number => 4 * 512 * parallelism * parallelism + 2 * 512

for (const parallelism of [1, 2])
  test(`a callback that is slower than its source holds it back, and manifests stay small (parallelism ${parallelism})`, async () => {
    const lab = new Lab()
    const process = lab.machine.start()
    const { sink, seen } = slow(process, 1)
    const options = checkpointed({ every: 200 }, { parallelism })
    const life = await lab.start(countingJob({ source: fast(), sink }), options, { process })
    let most = 0
    let largest = 0
    await life.when(() => {
      most = Math.max(most, life.handle.status().records - seen.length)
      if (seen.length % 1_000 === 999) largest = Math.max(largest, largestEntry(lab))
      return seen.length >= COUNT - 10
    })
    assert.equal(await life.end(), 'finished')
    assertCounted(seen, rows)
    assert.ok(most <= parallelism * BACKLOG_UNITS + inFlight(parallelism), `${most} were read and not handed over`)
    assert.ok(largest < parallelism * BACKLOG_UNITS * 100, `a manifest has ${largest} bytes`)
  })

test('a full sink does not wait for the next checkpoint of the interval: one is taken for it', async () => {
  for (const parallelism of [1, 3]) {
    const lab = new Lab()
    const seen: Counted[] = []
    const options = checkpointed({ every: '1d' }, { parallelism })
    const life = await lab.start(countingJob({ source: fast(), sink: collectSink(seen) }), options)
    assert.equal(await life.end(), 'finished')
    assertCounted(seen, rows)
    assert.ok(lab.machine.nowMs < 3_600_000)
    assert.ok(checkpointsOf(life.events).length <= 2 + 2 * parallelism * (COUNT / BACKLOG_UNITS), 'no more than are of use')
  }
})

test('large rows count for more than small ones', async () => {
  const lab = new Lab()
  const seen: string[] = []
  const texts = Array.from({ length: 40 }, (_zero, n) => `${n}:${'x'.repeat(400_000)}`)
  const job = defineJob('large', (builder) => {
    builder.from('texts', pacedSource({ a: texts }, { batch: 1, everyMs: 0.1 })).to('out', collectSink(seen))
  })
  const life = await lab.start(job, checkpointed({ every: '1d' }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual(seen, texts)
  assert.ok(checkpointsOf(life.events).length >= 4)
})

test('a checkpoint that fails while a sink is full is followed by another', async () => {
  const lab = new Lab()
  const seen: Counted[] = []
  let left = 2
  const life = await lab.start(countingJob({ source: fast(), sink: collectSink(seen) }), checkpointed({ every: '1d' }), {
    tuning: { failureBudget: 3 },
  })
  await life.until('running')
  lab.machine.faults = ({ kind, path }) =>
    kind === 'sync' && path.includes('/chunks/') && left-- > 0 ? { kind: 'error', code: 'EIO' } : undefined
  assert.equal(await life.end(), 'finished')
  assert.ok(life.events.some(({ kind }) => kind === 'checkpoint-aborted'))
  assertCounted(seen, rows)
})

test('a sink that becomes full while a checkpoint is stored gets another one at once', async () => {
  const lab = new Lab()
  const seen: Counted[] = []
  const source = pacedSource({ a: rows }, { batch: 512, everyMs: 1_000 })
  const life = await lab.start(countingJob({ source, sink: collectSink(seen) }), checkpointed({ every: '10s', lease: '1d' }))
  await life.until('running')
  lab.machine.faults = ({ kind, path }) => (kind === 'sync' && path.includes('/log/') ? { kind: 'slow', byMs: 63_000 } : undefined)
  await life.when(() => life.handle.status().records >= BACKLOG_UNITS)
  lab.machine.faults = undefined
  const before = checkpointsOf(life.events).length
  await life.until('checkpoint', before + 1)
  const { nowMs } = lab.machine
  await life.until('checkpoint', before + 2)
  assert.ok(lab.machine.nowMs - nowMs < 1_000, `${lab.machine.nowMs - nowMs} ms later`)
})

test('without checkpoints an endless job hands over what it has, every second', async () => {
  const lab = new Lab()
  const few = rows.slice(0, 100)
  const seen: Counted[] = []
  const job = countingJob({ source: pacedSource({ a: few }, { endless: true }), sink: callbackSink<Counted>((row) => void seen.push(row)) })
  const life = await lab.start(job, {})
  await life.until('running')
  await lab.machine.advance(3_000)
  assertCounted(seen, few)
  await lab.wait(life.handle.stop())
  assert.equal(await life.end(), 'stopped')
  assertCounted(seen, few)
})

test('without checkpoints a job that ends hands over at its end, unless there is too much for that', async () => {
  for (const count of [100, COUNT]) {
    const lab = new Lab()
    const seen: Counted[] = []
    const some = rows.slice(0, count)
    let before = 0
    const inspect = ({ n }: Row): void => void (n === count - 1 && (before = seen.length))
    const job = countingJob({ source: pacedSource({ a: some }, { batch: 512, everyMs: 0.1 }), sink: collectSink(seen), inspect })
    assert.equal(await lab.run(job, {}), 'finished')
    assertCounted(seen, some)
    assert.equal(before > 0, count === COUNT)
  }
})

/** Two branches of which one is full: the barrier has to pass both. */
test('a full sink next to one that is not', async () => {
  const lab = new Lab()
  const process = lab.machine.start()
  const quick: number[] = []
  const seen: number[] = []
  const numbers = rows.map(({ n }) => n)
  const take = (n: number): Promise<void> => new Promise((resolve) => void process.timers.after(0.5, () => resolve(void seen.push(n))))
  const job: Job<void, unknown> = defineJob('two', (builder) => {
    const all = builder.from('numbers', pacedSource({ a: numbers }, { batch: 512, everyMs: 0.1 }))
    all.to('quick', collectSink(quick))
    all
      .keyBy((n) => n % 7)
      .reduce('last', (_last, n) => n)
      .to('slow', callbackSink(take))
  })
  const life = await lab.start(job, checkpointed({ every: '1d' }, { parallelism: 2 }), { process })
  assert.equal(codeOf(await life.end()), 'finished')
  assert.equal(quick.length, COUNT)
  assert.equal(seen.length, COUNT)
})
