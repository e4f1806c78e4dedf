import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import type { JobBuilder } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { collecting, inBothModes, scripted, settle, TaskHarness, type Row } from './harness.test.ts'

/** Two sources into one keyed step and a sink: task 2 has two channels. */
function twoInputs(sink: ReturnType<typeof collecting>, timestamps = true): (job: JobBuilder) => void {
  return (job) => {
    const [one, two] = [job.from('one', scripted(['a'], timestamps).source), job.from('two', scripted(['b'], timestamps).source)]
    one
      .union(two)
      .keyBy((n: number) => n)
      .aggregate('count', { n: agg.count() })
      .to('t', sink.sink)
  }
}
const opened = (sink: ReturnType<typeof collecting>, options: Parameters<typeof TaskHarness.open>[1] = {}): Promise<TaskHarness> =>
  TaskHarness.open(twoInputs(sink), { ...options, task: 2 })
/** What a snapshot says of a step. */
const reportOf = (harness: TaskHarness, snapshot: number, address: string): Row => harness.snapshots[snapshot]?.operators[address]
const keys = (sink: ReturnType<typeof collecting>): unknown[] => sink.values().map(({ key }) => key)

for (const first of [0, 1]) {
  test(`TS-2: the channel that delivered a barrier is held back until the other has delivered it (${first} first)`, async () => {
    const sink = collecting()
    const harness = await opened(sink)
    const second = 1 - first
    harness.batch(first, [1])
    harness.barrier(first, 5)
    harness.batch(first, [2])
    await harness.run()
    assert.deepEqual([keys(sink), harness.said], [[1], [`consumed ${first}`]])
    harness.batch(second, [3])
    harness.barrier(second, 5)
    harness.batch(second, [4])
    await harness.run()
    assert.deepEqual([...keys(sink).slice(0, 2), ...(keys(sink).slice(2) as number[]).toSorted((a, b) => a - b)], [1, 3, 2, 4])
    assert.deepEqual(harness.said.slice(1, 3), [`consumed ${second}`, 'held 5'])
    assert.deepEqual(harness.snapshots[0]?.operators['sink/t'], {
      kind: 'sink',
      committables: [{ checkpoint: 5, epoch: 1, subtask: 0, data: '5:2' }],
    })
  })
}

test('TS-2: an input that ends while others have delivered the barrier counts as one that has it', async () => {
  const sink = collecting()
  const harness = await opened(sink)
  harness.barrier(0, 1)
  harness.batch(0, [2])
  harness.batch(1, [1])
  harness.end(1)
  await harness.run()
  assert.deepEqual(harness.said, ['consumed 1', 'held 1', 'consumed 0', 'snapshot 1'])
  assert.deepEqual(keys(sink), [1, 2])
})

test('EO-3: a task whose input has ended takes barriers from its host', async () => {
  const harness = await opened(collecting())
  harness.end(0)
  harness.end(1)
  await harness.run()
  assert.deepEqual(harness.said, ['ended'])
  harness.barrier(0, 3) // of an upstream task that has ended too
  harness.task.barrier(3, 'checkpoint')
  await harness.run()
  assert.deepEqual(harness.said, ['ended', 'held 3', 'snapshot 3'])
})

test('T4, CP-3, TP-1: an aborted checkpoint lets its channels go, and what it covered is in the next one', async () => {
  const sink = collecting()
  const harness = await opened(sink)
  harness.batch(0, [1])
  harness.barrier(0, 1)
  harness.batch(0, [2])
  await harness.run()
  harness.task.abort(1)
  await harness.run()
  assert.deepEqual(keys(sink), [1, 2])
  harness.barrier(1, 1) // comes too late
  harness.batch(1, [3])
  await harness.run()
  assert.deepEqual(keys(sink), [1, 2, 3])
  harness.barrier(0, 2)
  harness.barrier(1, 2)
  await harness.run()
  harness.task.abort(2)
  harness.barrier(1, 3)
  harness.barrier(0, 3)
  await harness.run()
  const committables = harness.snapshots.map(({ operators }) => (operators['sink/t'] as Row).committables.map(({ data }: Row) => data))
  assert.deepEqual(committables, [['2:3'], ['2:3', '3:3']])
  const blocks = harness.snapshots.map((snapshot) => snapshot.blocks.reduce((sum, { block }) => sum + block.entries, 0))
  assert.deepEqual(blocks, [3, 3])
  harness.task.complete(3)
  harness.barrier(1, 4)
  harness.barrier(0, 4)
  await harness.run()
  assert.deepEqual([harness.snapshots[2]?.blocks, reportOf(harness, 2, 'sink/t').committables.length], [[], 1])
})

test('T4, CP-3: a checkpoint of which nobody said what became of it is in the next one too', async () => {
  const sink = collecting()
  const harness = await opened(sink)
  const barriers = async (checkpoint: number): Promise<void> => {
    for (const channel of [0, 1]) harness.barrier(channel, checkpoint)
    await harness.run()
  }
  harness.batch(0, [1])
  await barriers(1)
  harness.batch(1, [2])
  await barriers(2)
  // Told late, and then not at all.
  harness.task.complete(1)
  await barriers(3)
  harness.task.complete(3)
  await barriers(4)
  assert.equal(harness.said.at(-1), 'snapshot 4')
  const entries = harness.snapshots.map(({ blocks }) => blocks.reduce((sum, { block }) => sum + block.entries, 0))
  assert.deepEqual(entries, [1, 2, 2, 0], 'the state of the key that came before a barrier that was not completed')
})

test('T4: nothing is answered for a checkpoint that was aborted while its sinks became durable', async () => {
  const sink = collecting({ slowSeals: true })
  const harness = await opened(sink)
  harness.batch(0, [1])
  for (const channel of [0, 1]) harness.barrier(channel, 1)
  await harness.run()
  harness.task.abort(1)
  sink.settleSeals()
  await harness.run()
  assert.deepEqual(harness.said, ['consumed 0', 'held 1'])
  for (const channel of [0, 1]) harness.barrier(channel, 2)
  await harness.run()
  sink.settleSeals()
  await harness.run()
  assert.deepEqual(harness.said.slice(2), ['held 2', 'snapshot 2'])
  assert.equal(reportOf(harness, 0, 'sink/t').committables.length, 2)
})

test('an alignment that is aborted while the end that completed it still fires timers takes no checkpoint', async () => {
  const sink = collecting()
  sink.isFull = true
  const harness = await opened(sink)
  harness.barrier(0, 1)
  harness.batch(1, [1])
  harness.end(1)
  await harness.run()
  harness.task.abort(1)
  sink.makeRoom()
  await harness.run()
  assert.deepEqual(harness.said, ['consumed 1'])
})

test('T2: between held and resume nothing happens, whatever the host brings', async () => {
  const sink = collecting()
  const harness = await opened(sink)
  harness.resumesAtOnce = false
  for (const channel of [0, 1]) harness.barrier(channel, 1)
  await harness.run()
  harness.batch(0, [1])
  harness.watermark(0, 5)
  await harness.at(1_000)
  assert.deepEqual([harness.said, keys(sink)], [['held 1'], []])
  harness.task.resume(1)
  await harness.run()
  assert.deepEqual(
    harness.said,
    ['held 1', 'consumed 0', 'snapshot 1'].toSorted((a) => (a === 'held 1' ? -1 : 0)),
  )
  assert.deepEqual(keys(sink), [1])
})

inBothModes('TS-6, rules 1.4: draining waits for credits, and what was buffered leaves before the barrier', async (mode) => {
  const source = scripted()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .keyBy((n: number) => n)
        .aggregate('c', { n: agg.count() })
        .to('t', collecting().sink),
    { ...mode, chainKeyed: false, batchRecords: 1, credits: 1 },
  )
  harness.creditsAtOnce = false
  source.push({ split: 'a', values: [1, 2] }, { split: 'a', values: [3] })
  await harness.run()
  harness.task.barrier(1, 'checkpoint')
  await harness.run()
  assert.deepEqual(harness.said, ['0→0 [1]'])
  harness.task.credit(0, 0, 1)
  await harness.run()
  // The batch was taken in whole: its second record has left, the next batch has not begun.
  assert.deepEqual(harness.said, ['0→0 [1]', '0→0 [2]', 'held 1', 'snapshot 1'])
  assert.deepEqual(reportOf(harness, 0, 'source/s').splits.a.position, 2)
})

inBothModes('rules 1.10: with credits of one record a task stops after each, and nothing is lost or out of order', async (mode) => {
  const source = scripted(['a'], true)
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .flatMap((n: number) => [n, -n])
        .keyBy((n) => n)
        .aggregate('c', { n: agg.count() })
        .to('t', collecting().sink),
    { ...mode, chainKeyed: false, batchRecords: 1, credits: 1 },
  )
  harness.creditsAtOnce = false
  source.push(
    { split: 'a', values: [1, 2, 3], timestamps: Float64Array.of(1, 2, 3) },
    { split: 'a', values: [4], timestamps: Float64Array.of(9), splitEnded: true },
  )
  source.end()
  await harness.run()
  for (let i = 1; i <= 8; i++) {
    const batches = harness.said.filter((each) => each.includes('['))
    assert.equal(batches.length, i)
    harness.task.credit(0, 0, 1)
    await harness.run()
  }
  assert.deepEqual(harness.said, [
    '0→0 [1]',
    '0→0 [-1]',
    '0→0 [2]',
    '0→0 [-2]',
    '0→0 [3]',
    '0→0 [-3]',
    '0→0 wm 2',
    '0→0 [4]',
    '0→0 [-4]',
    '0→0 idle',
    '0→0 wm Infinity',
    '0→0 end',
    'ended',
  ])
})

test('rules 1.1: before begin only a barrier is taken', async () => {
  const sink = collecting()
  const source = scripted()
  const harness = await TaskHarness.open((job) => job.from('s', source.source).to('t', sink.sink))
  harness.task.barrier(1, 'stop')
  await harness.run()
  // After the hold of a stop it is as before `begin`.
  source.push({ split: 'a', values: [1] })
  await harness.run()
  assert.deepEqual([harness.said, sink.written], [['held 1', 'snapshot 1'], []])
})

test('wakeInMs: nothing is due while the task has no room, so that nobody calls in vain', async () => {
  const sink = collecting()
  sink.isFull = true
  const source = scripted()
  const harness = await TaskHarness.open((job) => job.from('s', source.source, { idleness: 5 }).to('t', sink.sink))
  source.push({ split: 'a', values: [1, 2] })
  await harness.run()
  assert.equal(harness.task.wakeInMs(harness.time()), undefined)
  sink.makeRoom()
  await settle()
})

test('rules 1.2 c: after a restore nothing behind an operator hears of less than it had reached, with or without a key', async () => {
  const seen: number[] = []
  const harness = await TaskHarness.open(
    (job) => {
      const watched = job
        .from('s', scripted(['a'], true).source)
        .parallelism(2)
        .process('plain', {
          onRecord(row: Row, { watermark }, out: Out<Row>) {
            seen.push(watermark)
            out.emit(row)
          },
        })
        .parallelism(1)
      watched
        .map((row: Row) => row)
        .keyBy((row: Row) => row)
        .reduce('r', (row: Row) => row)
        .parallelism(1)
    },
    { task: 1, chainKeyed: false, restored: { 'step/plain': { kind: 'keyed', runs: [], watermark: 2_099 } } },
  )
  harness.batch(0, [1], [3_000])
  for (const channel of [0, 1]) harness.watermark(channel, 4)
  harness.batch(1, [2], [3_000])
  await harness.run()
  for (const channel of [0, 1]) harness.watermark(channel, 2_500)
  harness.batch(1, [3], [3_000])
  await harness.run()
  assert.deepEqual(seen, [2_099, 2_099, 2_500])
  const told = harness.said.filter((each) => each.includes('wm')).map((each) => Number(each.split(' ').at(-1)))
  assert.deepEqual([...new Set(told)], [2_099, 2_500])
  for (const channel of [0, 1]) harness.barrier(channel, 1)
  await harness.run()
  assert.deepEqual(reportOf(harness, 0, 'step/plain'), { kind: 'keyed', states: {}, first: 0, last: 127, watermark: 2_500 })
})
