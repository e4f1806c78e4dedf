import assert from 'node:assert/strict'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import { eventTimer, eventTimers, processingTimer, processingTimers } from '../api/timers.ts'
import type { JobBuilder } from '../api/job-types.ts'
import { collecting, inBothModes, scripted, TaskHarness, type Collected, type Row, type Script } from '../task/harness.test.ts'

interface Rig {
  readonly harness: TaskHarness
  readonly source: Script
  readonly sink: Collected
}

type Make = (job: JobBuilder, source: Script, sink: Collected) => void

async function rig(mode: { readonly generate: boolean }, make: Make): Promise<Rig> {
  const source = scripted(['a'], true)
  const sink = collecting()
  const harness = await TaskHarness.open((job) => make(job, source, sink), mode)
  return { harness, source, sink }
}

/** Sets the timer that the record says, and emits what fires. */
const timers: Make = (job, source, sink) => {
  job
    .from('s', source.source)
    .keyBy((row: { k: number; at: number }) => row.k)
    .process('p', {
      timers: { due: eventTimer(), many: eventTimers(), late: processingTimer(), polls: processingTimers() },
      onRecord(row: Row, { timers, timestamp, watermark }, out: { emit(value: Row): void }) {
        if (row.timer === 'seen') out.emit(['seen', timestamp, watermark])
        else if (row.timer === 'due' || row.timer === 'late') {
          if (row.at === null) timers[row.timer as 'due'].clear()
          else timers[row.timer as 'due'].set(row.at)
        } else if (row.clear === true) timers[row.timer as 'many'].delete(row.at)
        else timers[row.timer as 'many'].add(row.at)
      },
      onTimer: {
        due: (at, context, out) => {
          out.emit(['due', context.key, at, context.timestamp, context.watermark, context.timers.due.at])
          if (at === 15) context.timers.due.set(16)
          if (at === 16) context.timers.due.set(500)
        },
        many: (at, context, out) => out.emit(['many', context.key, at]),
        late: (at, context, out) => out.emit(['late', context.key, at, context.timestamp]),
        polls: (at, context, out) => out.emit(['polls', context.key, at]),
      },
    })
    .to('t', sink.sink)
}

function give(
  { source }: Rig,
  rows: readonly Row[],
  timestamps: readonly number[] = rows.map(() => Number.NaN),
  more: { splitEnded?: boolean } = {},
): void {
  source.push({ split: 'a', values: rows, timestamps: Float64Array.from(timestamps), ...more })
}

inBothModes('TM-1: one pending time per key and name, setting moves it, clearing a missing one is nothing', async (mode) => {
  const made = await rig(mode, timers)
  give(
    made,
    [
      { k: 1, timer: 'due', at: 10 },
      { k: 2, timer: 'due', at: 11 },
      { k: 1, timer: 'due', at: 12 },
      { k: 3, timer: 'due', at: null },
    ],
    [0, 0, 0, 14],
  )
  await made.harness.run()
  assert.deepEqual(
    made.sink.values().map(([, key, at]) => [key, at]),
    [
      [2, 11],
      [1, 12],
    ],
  )
})

inBothModes('TM-1: many pending times, each once, deleted one by one', async (mode) => {
  const made = await rig(mode, timers)
  give(
    made,
    [
      { k: 1, timer: 'many', at: 10 },
      { k: 1, timer: 'many', at: 11 },
      { k: 1, timer: 'many', at: 10 },
      { k: 1, timer: 'many', at: 11, clear: true },
      { k: 1, timer: 'many', at: 99, clear: true },
    ],
    [0, 0, 0, 0, 50],
  )
  await made.harness.run()
  assert.deepEqual(made.sink.values(), [['many', 1, 10]])
})

inBothModes(
  'TM-2: the watermark is set first, then timers fire in order of time, those set meanwhile at or below it included',
  async (mode) => {
    const made = await rig(mode, timers)
    give(
      made,
      [
        { k: 1, timer: 'due', at: 15 },
        { k: 2, timer: 'due', at: 12 },
        { k: 3, timer: 'due', at: 20 },
      ],
      [0, 0, 20],
    )
    await made.harness.run()
    // The watermark is 19: 20 waits.
    assert.deepEqual(made.sink.values(), [
      ['due', 2, 12, 12, 19, undefined],
      ['due', 1, 15, 15, 19, undefined],
      ['due', 1, 16, 16, 19, undefined],
    ])
  },
)

inBothModes('PF-2: what an event timer emits carries its time, what a processing timer emits carries none', async (mode) => {
  const made = await rig(mode, timers)
  give(
    made,
    [
      { k: 1, timer: 'due', at: 12 },
      { k: 1, timer: 'late', at: 5 },
    ],
    [0, 20],
  )
  await made.harness.run()
  await made.harness.at(6)
  assert.deepEqual(
    made.sink.written.map(({ value, timestamp }) => [value[0], timestamp]),
    [
      ['due', 12],
      ['late', undefined],
    ],
  )
})

inBothModes('PF-2: context.timestamp in a timer is its time, in either domain', async (mode) => {
  const made = await rig(mode, timers)
  give(
    made,
    [
      { k: 1, timer: 'late', at: 5 },
      { k: 2, timer: 'due', at: 7 },
    ],
    [0, 20],
  )
  await made.harness.at(6)
  assert.deepEqual(
    made.sink.values().map((row) => [row[0], row[3]]),
    [
      ['due', 7],
      ['late', 5],
    ],
  )
})

inBothModes('TM-3: an event timer set at or below the watermark waits for the next one', async (mode) => {
  const made = await rig(mode, timers)
  give(made, [{ k: 1, timer: 'seen', at: 0 }], [101])
  await made.harness.run()
  give(made, [{ k: 1, timer: 'due', at: 50 }], [90])
  await made.harness.run()
  assert.deepEqual(made.sink.values(), [['seen', 101, Number.NEGATIVE_INFINITY]])
  give(made, [{ k: 1, timer: 'seen', at: 0 }], [102])
  await made.harness.run()
  assert.deepEqual(made.sink.values().slice(1), [
    ['seen', 102, 100],
    ['due', 1, 50, 50, 101, undefined],
  ])
})

inBothModes('TM-4: a processing timer fires when the clock is past its time, before the next record', async (mode) => {
  const made = await rig(mode, timers)
  give(made, [
    { k: 1, timer: 'late', at: 10 },
    { k: 1, timer: 'polls', at: 10 },
    { k: 1, timer: 'polls', at: 11 },
  ])
  await made.harness.at(10)
  assert.deepEqual(made.sink.values(), [])
  assert.equal(made.harness.task.wakeInMs(made.harness.time()), 1)
  give(made, [{ k: 1, timer: 'seen', at: 0 }])
  await made.harness.at(11)
  assert.deepEqual(
    made.sink.values().map(([name, , at]) => [name, name === 'seen' ? undefined : at]),
    [
      ['late', 10],
      ['polls', 10],
      ['seen', undefined],
    ],
  )
  await made.harness.at(12)
  assert.deepEqual(made.sink.values().slice(3), [['polls', 1, 11]])
})

inBothModes('TM-6, WM-11, EO-1: at the end of input all event timers fire and pending processing timers do not', async (mode) => {
  const made = await rig(mode, timers)
  give(
    made,
    [
      { k: 1, timer: 'due', at: 1_000_000 },
      { k: 1, timer: 'late', at: 10 },
    ],
    [0, 0],
    { splitEnded: true },
  )
  made.source.end()
  await made.harness.run()
  await made.harness.at(100)
  assert.deepEqual(made.sink.values(), [['due', 1, 1_000_000, 1_000_000, Number.POSITIVE_INFINITY, undefined]])
  assert.deepEqual([made.harness.message, made.harness.said], ['', ['ended']])
})

inBothModes('WM-11: what an event timer sets while it fires for the end fires too', async (mode) => {
  const made = await rig(mode, timers)
  give(made, [{ k: 1, timer: 'due', at: 15 }], [0], { splitEnded: true })
  made.source.end()
  await made.harness.run()
  assert.deepEqual(
    made.sink.values().map(([, , at]) => at),
    [15, 16, 500],
  )
})

inBothModes('rules 1.17: the clock of a task never goes back', async (mode) => {
  const made = await rig(mode, (job, source, sink) => {
    job
      .from('s', source.source)
      .keyBy(() => 1)
      .process('p', { onRecord: (_row: Row, { now }, out: { emit(value: number): void }) => out.emit(now) })
      .to('t', sink.sink)
  })
  for (const now of [100, 50, 120]) {
    made.harness.now = now
    give(made, [1])
    await made.harness.run()
  }
  assert.deepEqual(made.sink.values(), [100, 100, 120])
})

inBothModes('WM-8, T5: the next operator gets a watermark only when all that it fired has arrived', async (mode) => {
  const log: string[] = []
  const made = await rig(mode, (job, source, sink) => {
    job
      .from('s', source.source)
      .keyBy((n: number) => n)
      .process('first', {
        timers: { due: eventTimer() },
        onRecord: (n: number, { timers }, _out: { emit(value: number): void }) => timers.due.set(n),
        onTimer: { due: (at, _context, out) => out.emit(at) },
      })
      .keyBy(() => 'all')
      .process('second', {
        timers: { due: eventTimer() },
        onRecord(n: number, { watermark, timers }, _out: { emit(value: number): void }) {
          log.push(`record ${n} at ${watermark}`)
          timers.due.set(n + 1)
        },
        onTimer: { due: (at, { watermark }) => void log.push(`timer ${at} at ${watermark}`) },
      })
      .to('t', sink.sink)
  })
  give(made, [10, 20], [0, 31])
  await made.harness.run()
  assert.deepEqual(log, ['record 10 at -Infinity', 'record 20 at -Infinity', 'timer 21 at 30'])
  assert.deepEqual(made.harness.watermarks, ['step/first 30', 'step/second 30', 'sink/t 30'])
})

inBothModes('rules 1.4: timers of a watermark pause when the writer is full, and a barrier waits for them', async (mode) => {
  const made = await rig(mode, timers)
  made.sink.isFull = true
  give(
    made,
    [
      { k: 1, timer: 'due', at: 1 },
      { k: 2, timer: 'due', at: 2 },
      { k: 3, timer: 'due', at: 3 },
    ],
    [0, 0, 10],
  )
  await made.harness.run()
  assert.equal(made.sink.written.length, 1)
  made.harness.task.barrier(1, 'checkpoint')
  for (const count of [2, 3]) {
    made.sink.makeRoom()
    await made.harness.run()
    assert.deepEqual([made.sink.written.length, made.harness.said], [count, []])
  }
  made.sink.makeRoom()
  await made.harness.run()
  assert.deepEqual(made.harness.said, ['held 1', 'snapshot 1'])
})

inBothModes(
  'rules 1.2 c, TM-5: state, timers and the watermark come back; a past-due processing timer fires before the first record',
  async (mode) => {
    const counting: Make = (job, source, sink) => {
      job
        .from('s', source.source)
        .keyBy((n: number) => n)
        .process('p', {
          state: { count: valueState({ initial: () => 0 }) },
          timers: { late: processingTimer(), due: eventTimer() },
          onRecord(n: number, { state, timers, watermark }, out: { emit(value: Row): void }) {
            state.count.update((count) => count + 1)
            timers.late.set(10)
            timers.due.set(1_000)
            out.emit([n, state.count.get(), watermark])
          },
          onTimer: { late: (at, { key }, out) => out.emit(['late', key, at]), due: (at, { key }, out) => out.emit(['due', key, at]) },
        })
        .to('t', sink.sink)
    }
    const before = await rig(mode, counting)
    give(before, [1, 2, 1], [0, 0, 200])
    await before.harness.run()
    before.harness.task.barrier(1, 'checkpoint')
    await before.harness.run()
    const [snapshot] = before.harness.snapshots
    const source = scripted(['a'], true)
    const sink = collecting()
    const harness = await TaskHarness.open((job) => counting(job, source, sink), {
      ...mode,
      restored: {
        'step/p': {
          kind: 'keyed',
          runs: [{ blocks: (snapshot?.blocks ?? []).map(({ block }) => block.bytes), ignored: [] }],
          watermark: 199,
        },
      },
    })
    source.push({ split: 'a', values: [1], timestamps: Float64Array.of(100) })
    await harness.at(11)
    assert.deepEqual(
      sink
        .values()
        .slice(0, 2)
        .map(([name]) => name),
      ['late', 'late'],
    )
    assert.deepEqual(sink.values()[2], [1, 3, 199])
    assert.deepEqual(
      harness.watermarks.filter((each) => each.startsWith('step/p')),
      [],
      'a watermark below the restored one is none',
    )
  },
)

inBothModes('ST-1, OUTSIDE_CALL: state and timers after the call has returned are refused, and no other key is touched', async (mode) => {
  const source = scripted()
  const sink = collecting()
  const later: (() => void)[] = []
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .keyBy((value: string) => value)
        .process('p', {
          state: { n: valueState({ initial: () => 0 }) },
          timers: { t: processingTimer() },
          onRecord(value, { state, timers }, out: Out<Row>) {
            later.push(
              () => state.n.set(99),
              () => void state.n.get(),
              () => timers.t.set(1),
              () => out.emit('late'),
            )
            state.n.set(state.n.get() + 1)
            out.emit([value, state.n.get()])
          },
          onTimer: { t: () => undefined },
        })
        .to('t', sink.sink),
    mode,
  )
  source.push({ split: 'a', values: ['a', 'b'] })
  await harness.run()
  for (const use of later) assert.throws(use, { code: 'OUTSIDE_CALL' })
  source.push({ split: 'a', values: ['a', 'b'] })
  await harness.run()
  assert.deepEqual(
    sink.written.map(({ value }) => value as Row),
    [
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['b', 2],
    ],
  )
})
