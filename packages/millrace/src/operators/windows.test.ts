/** The contract of window operators: for both that there are where both can run it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agg } from '../api/aggregates.ts'
import type { Out } from '../api/process-types.ts'
import { outputTag } from '../api/tag.ts'
import type { Stream, WindowedStream } from '../api/stream-types.ts'
import type { WindowAssigner } from '../api/window-types.ts'
import { countWindow, session, sliding, tumbling } from '../api/windows.ts'
import type { StreamError } from '../core/errors.ts'
import type { Floor } from '../operator/contract.ts'
import { keyGroupOfKey } from '../serde/key.ts'
import { readBlock } from '../state/block.ts'
import { collecting, scripted, TaskHarness, type Collected, type HarnessOptions, type Script } from '../task/harness.test.ts'

/** [key, time, value]. */
type Event = readonly [key: string, at: number, value: number]
type Result = readonly [key: string, start: number | undefined, end: number | undefined, values: string]
type Windows = WindowedStream<Event, string, { readonly start: number; readonly end: number } | undefined>

interface Options extends HarnessOptions {
  /** `lateTo` names a tag that nobody reads. */
  readonly isUnread?: boolean
  readonly lateness?: number
  readonly how?: How
  readonly outOfOrderness?: number
}
interface Rig {
  readonly harness: TaskHarness
  readonly source: Script
  readonly sink: Collected
  readonly lateSink: Collected
  /** One batch; the watermark after it is its greatest time - 1. What comes out: `key start end values @timestamp`. */
  give(...events: readonly Event[]): Promise<readonly string[]>
  end(): Promise<readonly string[]>
}

const lateTag = outputTag<Event>('late')

/** How what is in a window comes out: as bits of a sum, which slices can be put together to; in a list; by `process`. */
type How = 'sum' | 'list' | 'process'

function results(windows: Windows, how: How): { readonly step: Stream<unknown>; readonly rows: Stream<Result> } {
  if (how === 'process') {
    const rows = windows.process('w', ({ key, window }, values, out: Out<Result>) =>
      out.emit([key, window?.start, window?.end, [...values].map(([, , value]) => value).join()]),
    )
    return { step: rows, rows }
  }
  const step =
    how === 'sum'
      ? windows.aggregate('w', { n: agg.count(), values: agg.sum((event: Event) => 2 ** event[2]) })
      : windows.aggregate('w', { n: agg.count(), values: agg.list() })
  return { step, rows: (step as Stream<Row>).map(resultOf) }
}

interface Row {
  readonly key: string
  readonly window?: { readonly start: number; readonly end: number }
  readonly n: number
  readonly values: number | readonly Event[]
}

function resultOf({ key, window, n, values }: Row): Result {
  const all = typeof values === 'number' ? bitsOf(values) : values.map((each) => each[2])
  assert.equal(all.length, n)
  return [key, window?.start, window?.end, all.join()]
}

function bitsOf(sum: number): number[] {
  return Array.from({ length: 31 }, (_, bit) => bit).filter((bit) => (sum >> bit) & 1)
}

async function open(assigner: WindowAssigner<unknown, Event>, options: Options = {}): Promise<Rig> {
  const source = scripted(['a'], true)
  const [sink, lateSink] = [collecting(), collecting()]
  const harness = await TaskHarness.open((job) => {
    const windows = job
      .from('s', source.source, { timestamp: (row: Event, own) => own ?? row[1], outOfOrderness: options.outOfOrderness ?? 0 })
      .keyBy((row: Event) => row[0])
      .window(assigner) as unknown as Windows
    const { lateness } = options
    const { step, rows } = results(
      lateness === undefined ? windows : windows.allowedLateness(lateness).lateTo(lateTag),
      options.how ?? 'sum',
    )
    rows.to('t', sink.sink)
    if (lateness !== undefined && options.isUnread !== true) step.side(lateTag).to('late', lateSink.sink)
  }, options)
  let seen = 0
  const news = async (): Promise<readonly string[]> => {
    await harness.run()
    assert.equal(harness.message, '')
    const all = sink.written.slice(seen)
    seen = sink.written.length
    return all.map(({ value, timestamp }) => `${(value as Result).filter((part) => part !== undefined).join(' ')} @${timestamp}`)
  }
  return {
    harness,
    source,
    sink,
    lateSink,
    give(...events) {
      source.push({ split: 'a', values: events, timestamps: Float64Array.from(events, ([, at]) => at) })
      return news()
    },
    end() {
      source.push({ split: 'a', values: [], splitEnded: true })
      source.end()
      return news()
    },
  }
}

/** Aggregates over time run in either operator; what they give is the same. */
function inBothOperators(name: string, body: (options: Options) => Promise<void>): void {
  test(`${name} (sliced)`, () => body({}))
  test(`${name} (general)`, () => body({ generalWindows: true }))
  test(`${name} (general, in order)`, () => body({ how: 'list', generalWindows: true }))
  test(`${name} (general, all values)`, () => body({ how: 'process' }))
}

inBothOperators('WA-1, WO-6: a window is [start, end), fires when the watermark has reached end - 1, with that time', async (options) => {
  const rig = await open(tumbling(10), options)
  assert.deepEqual(await rig.give(['a', 0, 1], ['b', 9, 2], ['a', 9, 3]), [])
  assert.deepEqual(await rig.give(['a', 10, 4]), ['a 0 10 1,3 @9', 'b 0 10 2 @9'])
  assert.deepEqual(await rig.give(['a', 19, 5]), [])
  assert.deepEqual(await rig.give(['a', 20, 6]), ['a 10 20 4,5 @19'])
  assert.deepEqual(await rig.end(), ['a 20 30 6 @29'])
})

inBothOperators('WA-2: windows below zero, and with an offset', async (options) => {
  const rig = await open(tumbling(10, { offset: -5 }), options)
  assert.deepEqual(await rig.give(['a', -6, 1], ['a', -5, 2], ['a', 4, 3]), ['a -15 -5 1 @-6'])
  assert.deepEqual(await rig.end(), ['a -5 5 2,3 @4'])
})

inBothOperators('WA-3: a sliding window begins with every slide, and each fires at its end', async (options) => {
  const rig = await open(sliding(10, 5), options)
  assert.deepEqual(await rig.give(['a', 1, 1], ['a', 6, 2]), ['a -5 5 1 @4'])
  assert.deepEqual(await rig.give(['b', 7, 3], ['a', 12, 4]), ['a 0 10 1,2 @9', 'b 0 10 3 @9'])
  assert.deepEqual(await rig.end(), ['a 5 15 2,4 @14', 'b 5 15 3 @14', 'a 10 20 4 @19'])
})

test('WA-3: where the slide is longer than the size, records in the gaps are in no window', async () => {
  const rig = await open(sliding(5, 10), { lateness: 0 })
  assert.deepEqual(await rig.give(['a', 1, 1], ['a', 7, 2], ['a', 12, 3]), ['a 0 5 1 @4'])
  assert.deepEqual(await rig.end(), ['a 10 15 3 @14'])
  assert.deepEqual(rig.lateSink.values(), [])
})

test('a size that is no multiple of the slide', async () => {
  const rig = await open(sliding(10, 4))
  assert.deepEqual(await rig.give(['a', 5, 1], ['a', 9, 2]), ['a -4 6 1 @5'])
  assert.deepEqual(await rig.end(), ['a 0 10 1,2 @9', 'a 4 14 1,2 @13', 'a 8 18 2 @17'])
})

inBothOperators(
  'WO-2, WO-3: what comes when the window is gone goes to the late output as it came; else it is counted',
  async (options) => {
    for (const lateness of [0, undefined]) {
      const rig = await open(tumbling(10), { ...options, ...(lateness === undefined ? {} : { lateness }) })
      await rig.give(['a', 10, 1])
      assert.deepEqual(await rig.give(['a', 9, 2], ['a', 11, 3]), [])
      assert.deepEqual(await rig.end(), ['a 10 20 1,3 @19'])
      assert.deepEqual(rig.lateSink.written, lateness === undefined ? [] : [{ value: ['a', 9, 2], timestamp: 9 }])
      assert.equal(rig.harness.task.counts().late, lateness === undefined ? 1 : 0)
    }
  },
)

inBothOperators('WO-3: what goes to a late output that nobody reads is counted', async (options) => {
  const rig = await open(tumbling(10), { ...options, lateness: 0, isUnread: true })
  await rig.give(['a', 10, 1], ['a', 11, 3])
  await rig.give(['a', 9, 2])
  assert.deepEqual(await rig.end(), ['a 10 20 1,3 @19'])
  assert.equal(rig.harness.task.counts().late, 1)
})

inBothOperators(
  'TR-1, WO-1, WO-4: with lateness each late record fires the window of its key again, itself included, until the cleanup time',
  async (options) => {
    const rig = await open(tumbling(10), { ...options, lateness: 5 })
    assert.deepEqual(await rig.give(['a', 1, 1], ['b', 2, 2], ['a', 11, 3]), ['a 0 10 1 @9', 'b 0 10 2 @9'])
    assert.deepEqual(await rig.give(['a', 3, 4], ['c', 4, 5]), ['a 0 10 1,4 @9', 'c 0 10 5 @9'])
    // Cleanup at 9 + 5: the watermark is 13.
    assert.deepEqual(await rig.give(['a', 14, 6]), [])
    assert.deepEqual(await rig.give(['b', 5, 7]), ['b 0 10 2,7 @9'])
    assert.deepEqual(await rig.give(['a', 15, 8]), [])
    assert.deepEqual(await rig.give(['a', 6, 9]), [])
    assert.deepEqual(rig.lateSink.values(), [['a', 6, 9]])
    assert.deepEqual(await rig.end(), ['a 10 20 3,6,8 @19'])
  },
)

inBothOperators(
  'WO-3: in sliding windows a record is late only if it is so for all; late ones fire in those that have fired, the latest first',
  async (options) => {
    const rig = await open(sliding(10, 5), { ...options, lateness: 3 })
    assert.deepEqual(await rig.give(['a', 1, 1], ['a', 6, 2], ['a', 11, 3]), ['a -5 5 1 @4', 'a 0 10 1,2 @9'])
    // The watermark is 10: [-5, 5) is gone at 4 + 3, [0, 10) is not.
    assert.deepEqual(
      (await rig.give(['a', 4, 4])).map((row) => row.slice(0, 6)),
      ['a 0 10'],
    )
    assert.deepEqual(await rig.give(['a', 7, 5]).then((rows) => rows.length), 1)
    assert.deepEqual(rig.lateSink.values(), [])
    await rig.give(['a', 14, 6])
    assert.deepEqual(await rig.give(['a', 4, 7]), [])
    assert.deepEqual(rig.lateSink.values(), [['a', 4, 7]])
  },
)

inBothOperators('WO-8: windows without records give nothing', async (options) => {
  const rig = await open(tumbling(10), options)
  await rig.give(['a', 1, 1])
  assert.deepEqual(await rig.give(['a', 1_000_001, 2]), ['a 0 10 1 @9'])
  assert.deepEqual(await rig.end(), ['a 1000000 1000010 2 @1000009'])
})

for (const [name, assigner] of [
  ['tumbling windows', tumbling(10)],
  ['sessions', session(10)],
] as const)
  inBothOperators(`WA-4: a record without a timestamp stops the job, and the error names the step (${name})`, async (options) => {
    const harness = await TaskHarness.open(
      (job) => {
        const windows = job
          .from('timed', scripted(['a'], true).source)
          .union(job.from('untimed', scripted(['b']).source))
          .keyBy((row: Event) => row[0])
          .window(assigner as WindowAssigner<unknown>) as Windows
        results(windows, options.how ?? 'sum').rows.to('t', collecting().sink)
      },
      { ...options, task: 2 },
    )
    harness.batch(0, [['a', 1, 1]], [1])
    await harness.run()
    assert.equal(harness.message, '')
    harness.batch(1, [['a', 2, 2]])
    await harness.run()
    assert.match(harness.message, /step\/w got a record without a timestamp, and its windows are in event time/)
    assert.equal((harness.errors[0] as StreamError).code, 'NO_EVENT_TIME')
  })

/** What a checkpoint holds now. */
async function snapshotOf({ harness }: Rig, checkpoint: number): Promise<readonly Uint8Array[]> {
  harness.task.barrier(checkpoint, 'checkpoint')
  await harness.run()
  harness.task.complete(checkpoint)
  return (harness.snapshots.at(-1)?.blocks ?? []).map(({ block }) => block.bytes)
}

function restoredWith(
  runs: readonly (readonly Uint8Array[])[],
  watermark: number,
  floors: readonly Floor[] = [],
): Options['restored'] & {} {
  return { 'step/w': { kind: 'keyed', runs: runs.map((blocks) => ({ blocks, ignored: [] })), watermark, floors } }
}

const floorOf = (key: string, watermark: number): Floor => ({ first: keyGroupOfKey(key, 128), last: keyGroupOfKey(key, 128), watermark })

inBothOperators(
  'WO-5: a window that has fired is gone with what it kept; with lateness it is there until its cleanup time',
  async (options) => {
    for (const lateness of [0, 5]) {
      const rig = await open(tumbling(10), { ...options, lateness })
      await rig.give(['a', 1, 1], ['b', 2, 2])
      const runs = [await snapshotOf(rig, 1)]
      assert.deepEqual(await rig.give(['c', 11, 3]), ['a 0 10 1 @9', 'b 0 10 2 @9'])
      runs.push(await snapshotOf(rig, 2))
      const again = await open(tumbling(10), { ...options, lateness, restored: restoredWith(runs, 10) })
      assert.deepEqual(await again.give(['b', 3, 4]), lateness === 0 ? [] : ['b 0 10 2,4 @9'])
      assert.deepEqual(again.lateSink.values(), lateness === 0 ? [['b', 3, 4]] : [])
      assert.deepEqual(await again.end(), ['c 10 20 3 @19'])
      await rig.give(['c', 15, 5])
      runs.push(await snapshotOf(rig, 3))
      const last = await open(tumbling(10), { ...options, lateness, restored: restoredWith(runs, 14) })
      assert.deepEqual(await last.give(['b', 3, 4]), [])
      assert.deepEqual(await last.end(), ['c 10 20 3,5 @19'])
    }
  },
)

inBothOperators('what was kept for a lateness that is less now goes at the restore, and does not fire', async (options) => {
  const rig = await open(tumbling(10), { ...options, lateness: 1_000 })
  await rig.give(['a', 1, 1], ['b', 2, 2], ['c', 11, 3])
  const runs = [await snapshotOf(rig, 1)]
  const lower = await open(tumbling(10), { ...options, lateness: 0, restored: restoredWith(runs, 10) })
  assert.deepEqual(await lower.give(['c', 12, 4]), [])
  runs.push(await snapshotOf(lower, 2))
  const higher = await open(tumbling(10), { ...options, lateness: 1_000, restored: restoredWith(runs, 11) })
  assert.deepEqual(await higher.give(['b', 3, 5]), ['b 0 10 5 @9'])
  assert.deepEqual(await higher.end(), ['c 10 20 3,4 @19'])
})

inBothOperators('WM-12, WO-2: after a restore a key group is judged by the watermark that it had reached', async (options) => {
  const rig = await open(tumbling(10), options)
  await rig.give(['a', 1, 1], ['b', 2, 2])
  const restored = restoredWith([await snapshotOf(rig, 1)], 1, [floorOf('a', 15)])
  const again = await open(tumbling(10), { ...options, lateness: 0, restored })
  assert.deepEqual(await again.give(['a', 5, 3], ['b', 6, 4]), [])
  assert.deepEqual(again.lateSink.values(), [['a', 5, 3]])
  // The window of a has fired before the restore.
  assert.deepEqual(await again.give(['b', 12, 5], ['a', 14, 6]), ['b 0 10 2,4 @9'])
  assert.deepEqual(await again.end(), ['b 10 20 5 @19', 'a 10 20 6 @19'])
})

inBothOperators('WM-12, TR-1: after a restore late records fire again what had fired, once each', async (options) => {
  const rig = await open(tumbling(10), options)
  await rig.give(['a', 1, 1], ['b', 2, 2])
  const restored = restoredWith([await snapshotOf(rig, 1)], 1, [floorOf('a', 15)])
  const again = await open(tumbling(10), { ...options, lateness: 20, restored })
  assert.deepEqual(await again.give(['a', 5, 3], ['b', 6, 4]), ['a 0 10 1,3 @9'])
  assert.deepEqual(await again.give(['b', 12, 5]), ['b 0 10 2,4 @9'])
  assert.deepEqual(await again.give(['b', 20, 6], ['a', 7, 7]), ['a 0 10 1,3,7 @9', 'b 10 20 5 @19'])
})

inBothOperators(
  'WO-10, WO-11: aggregates keep a result for each window or once for each slice, process keeps each record in each window',
  async (options) => {
    const rig = await open(sliding(10, 5), options)
    await rig.give(['a', 6, 1], ['a', 7, 2], ['a', 8, 3])
    const entries = (await snapshotOf(rig, 1)).flatMap((bytes) => [...readBlock(bytes)])
    const kept = entries.map(({ state, elements }) => `${state} ${elements?.length ?? 1}`).toSorted()
    if (options.how === 'process') assert.deepEqual(kept, ['window:values 3', 'window:values 3'])
    else if (options.generalWindows === true) assert.deepEqual(kept, ['n 1', 'n 1', 'values 1', 'values 1'])
    else assert.deepEqual(kept, ['n 1', 'values 1'])
  },
)

test('WO-9: a window function sees key, window, watermark and clock, and may send to side outputs', async () => {
  const aside = outputTag<number>('aside')
  const [source, sink, other] = [scripted(['a'], true), collecting(), collecting()]
  const harness = await TaskHarness.open((job) => {
    const step = job
      .from('s', source.source)
      .keyBy((row: Event) => row[0])
      .window(tumbling(10))
      .process('w', (context, values, out: Out<unknown>) => {
        out.emit(context)
        out.side(aside, [...values].length)
      })
    step.to('t', sink.sink)
    step.side(aside).to('u', other.sink)
  })
  await harness.at(77)
  source.push({
    split: 'a',
    values: [
      ['a', 1, 1],
      ['a', 2, 2],
      ['b', 12, 3],
    ],
    timestamps: Float64Array.of(1, 2, 12),
  })
  await harness.run()
  assert.deepEqual(sink.written, [{ value: { key: 'a', window: { start: 0, end: 10 }, watermark: 11, now: 77 }, timestamp: 9 }])
  assert.deepEqual(other.written, [{ value: 2, timestamp: 9 }])
})

test('WA-5, TR-2, WO-2: windows in processing time go by the clock, at the end of input they do not fire, nothing is late', async () => {
  const rig = await open(tumbling(10, { time: 'processing' }))
  await rig.harness.at(3)
  assert.deepEqual(await rig.give(['a', 500, 1]), [])
  await rig.harness.at(9)
  assert.deepEqual(await rig.give(['a', 7, 2]), [])
  await rig.harness.at(10)
  assert.deepEqual(await rig.give(), ['a 0 10 1,2 @9'])
  assert.deepEqual(await rig.give(['a', 1, 3]), [])
  assert.deepEqual(await rig.end(), [])
})

for (const [how, kind] of [
  ['list', 'aggregates'],
  ['process', 'all values'],
] as const) {
  const options: Options = { how }
  test(`WA-7: records at exactly one gap are in one session, those further apart are not (${kind})`, async () => {
    const rig = await open(session(10), options)
    assert.deepEqual(await rig.give(['a', 0, 1], ['a', 10, 2], ['a', 21, 3], ['b', 5, 4]), ['b 5 15 4 @14', 'a 0 20 1,2 @19'])
    assert.deepEqual(await rig.end(), ['a 21 31 3 @30'])
  })

  test(`SM-1: a record between two sessions makes them one; contents are in order of the sessions (${kind})`, async () => {
    const rig = await open(session(10), { ...options, outOfOrderness: 100 })
    await rig.give(['a', 15, 1], ['a', 0, 2], ['a', 16, 3])
    await rig.give(['a', 8, 4])
    assert.deepEqual(await rig.end(), ['a 0 26 2,1,3,4 @25'])
  })

  test(`WA-7, SM-1: one record may join several; with a gap of its own for each (${kind})`, async () => {
    const rig = await open(
      session((event: Event) => event[2]),
      { ...options, outOfOrderness: 100 },
    )
    await rig.give(['a', 0, 5], ['a', 20, 7], ['a', 10, 6], ['b', 0, 5])
    await rig.give(['a', 4, 30])
    assert.deepEqual(await rig.end(), ['b 0 5 5 @4', 'a 0 34 5,6,7,30 @33'])
    for (const order of [0, 1, 2]) {
      const again = await open(
        session((event: Event) => event[2]),
        { ...options, outOfOrderness: 100 },
      )
      const three: readonly Event[] = [
        ['a', 0, 5],
        ['a', 10, 6],
        ['a', 20, 7],
      ]
      await again.give(...three.slice(order), ...three.slice(0, order))
      await again.give(['a', 4, 30])
      assert.deepEqual(await again.end(), ['a 0 34 5,6,7,30 @33'])
    }
  })

  test(`SM-2, SM-3: a lone late record is late; one that reaches into a live session is not (${kind})`, async () => {
    const rig = await open(session(10), { ...options, lateness: 0 })
    await rig.give(['a', 25, 1])
    assert.deepEqual(await rig.give(['b', 10, 2], ['a', 16, 3]), [])
    assert.deepEqual(rig.lateSink.values(), [['b', 10, 2]])
    assert.deepEqual(await rig.end(), ['a 16 35 1,3 @34'])
  })

  test(`SM-4, SM-6, TR-1: with lateness a session that has fired fires again, also when it grows or two become one (${kind})`, async () => {
    const rig = await open(session(10), { ...options, lateness: 100 })
    assert.deepEqual(await rig.give(['a', 0, 1], ['a', 20, 2], ['b', 50, 3]), ['a 0 10 1 @9', 'a 20 30 2 @29'])
    // Absorbed without growing: fires at once.
    assert.deepEqual(await rig.give(['a', 0, 4]), ['a 0 10 1,4 @9'])
    assert.deepEqual(await rig.give(['a', 10, 5]), ['a 0 30 1,4,2,5 @29'])
    // Grows, but not beyond the watermark of 49; then beyond it: fires when that has come there, not before.
    assert.deepEqual(await rig.give(['a', 30, 6], ['a', 40, 7]), ['a 0 40 1,4,2,5,6 @39', 'a 0 50 1,4,2,5,6,7 @49'])
    assert.deepEqual(await rig.give(['a', 50, 8]), [])
    assert.deepEqual(await rig.give(['b', 60, 9]), ['a 0 60 1,4,2,5,6,7,8 @59'])
    assert.deepEqual(await rig.end(), ['b 50 70 3,9 @69'])
  })

  test(`SM-5: the end of a session that has become part of another fires nothing (${kind})`, async () => {
    const rig = await open(session(10), options)
    await rig.give(['a', 0, 1], ['a', 5, 2])
    assert.deepEqual(await rig.give(['a', 12, 3]), [])
    assert.deepEqual(await rig.end(), ['a 0 22 1,2,3 @21'])
  })

  test(`WA-9: count windows fire with their last record, and go; they know no time (${kind})`, async () => {
    const rig = await open(countWindow(2), options)
    assert.deepEqual(await rig.give(['a', 1, 1], ['b', 2, 2], ['a', 3, 3]), ['a 1,3 @3'])
    assert.deepEqual(await rig.give(['a', 4, 4], ['a', 5, 5], ['b', 6, 6]), ['a 4,5 @5', 'b 2,6 @6'])
    assert.deepEqual(await rig.end(), [])
  })

  test(`WA-9, EV-1: a sliding count window fires every so many records, over the last of them (${kind})`, async () => {
    const rig = await open(countWindow(3, 2), options)
    assert.deepEqual(await rig.give(['a', 1, 1], ['a', 2, 2], ['a', 3, 3], ['a', 4, 4], ['a', 5, 5]), ['a 1,2 @2', 'a 2,3,4 @4'])
    assert.deepEqual(await rig.give(['a', 6, 6]), ['a 4,5,6 @6'])
  })
}

test('sessions in processing time', async () => {
  const rig = await open(session(10, { time: 'processing' }))
  await rig.give(['a', 1, 1])
  await rig.harness.at(8)
  await rig.give(['a', 1, 2])
  await rig.harness.at(17)
  assert.deepEqual(await rig.give(), [])
  await rig.harness.at(18)
  assert.deepEqual(await rig.give(), ['a 0 18 1,2 @17'])
})

for (const gap of [-5, 0, 1.5, Number.NaN, 1e15])
  test(`a gap of ${gap} stops the job, and the error names the step and the gap`, async () => {
    const rig = await open(session((event: Event) => event[2]))
    rig.source.push({ split: 'a', values: [['a', 1, gap]], timestamps: Float64Array.of(1) })
    await rig.harness.run()
    assert.match(rig.harness.message, new RegExp(`step/w gave for a record is ${gap}( ms)?:`))
  })

for (const [name, windows] of Object.entries({
  tumbling: tumbling(10),
  sliding: sliding(10, 5),
  session: session(10),
  count: countWindow(2),
}))
  test(`a key that is none is INVALID_KEY in windows too: ${name}`, async () => {
    for (const key of [null, undefined, {}, new Date(0), [null], [[], {}]]) {
      const rig = await open(windows)
      rig.source.push({ split: 'a', values: [[key as never, 1, 1]], timestamps: Float64Array.of(1) })
      await rig.harness.run()
      assert.equal((rig.harness.errors[0] as StreamError).code, 'INVALID_KEY', String(rig.harness.message))
    }
  })

inBothOperators('windows of the earliest and the latest time that there is', async (options) => {
  for (const at of [-8.64e15, 8.64e15]) {
    const rig = await open(sliding(10, 5), options)
    assert.deepEqual(await rig.give(['a', at, 1]), [])
    assert.deepEqual(await rig.end(), [`a ${at - 5} ${at + 5} 1 @${at + 4}`, `a ${at} ${at + 10} 1 @${at + 9}`])
  }
})

test('a time that no Date could hold makes its record invalid, rather than windows that have no end', async () => {
  for (const at of [8.64e15 + 1, -8.64e15 - 1, Number.MAX_SAFE_INTEGER]) {
    const rig = await open(tumbling(10))
    rig.source.push({ split: 'a', values: [['a', at, 1]], timestamps: Float64Array.of(at) })
    await rig.harness.run()
    assert.match(rig.harness.message, new RegExp(`${at}, which is no whole number of milliseconds that a Date can hold`))
  }
})

test('what no window could hold is refused when it is written', () => {
  assert.throws(() => tumbling(1e14 + 1), { code: 'INVALID_DURATION' })
  assert.throws(() => session(Number.MAX_SAFE_INTEGER), { code: 'INVALID_DURATION' })
  assert.throws(() => sliding('30d', 1), { code: 'INVALID_OPTION', message: /100000 windows/ })
})

inBothOperators('firings are cursors: they stop where there is no room, and nothing else begins before they are done', async (options) => {
  const source = scripted(['a'], true)
  const sink = collecting()
  sink.isFull = true
  const harness = await TaskHarness.open((job) => {
    const windows = job
      .from('s', source.source, { timestamp: (row: Event) => row[1] })
      .keyBy((row: Event) => row[0])
      .window(tumbling(10)) as Windows
    results(windows, options.how ?? 'sum').rows.to('t', sink.sink)
  }, options)
  source.push({
    split: 'a',
    values: [
      ['a', 1, 1],
      ['b', 2, 2],
      ['c', 3, 3],
      ['a', 12, 4],
    ],
  })
  source.push({ split: 'a', values: [['a', 25, 5]] })
  for (let count = 1; count <= 3; count++) {
    await harness.run()
    assert.equal(sink.written.length, count)
    sink.makeRoom()
  }
  sink.isFull = false
  for (let i = 0; i < 3; i++) {
    sink.makeRoom()
    await harness.run()
  }
  assert.deepEqual(
    sink.values().map((row) => (row as Result).join(' ')),
    ['a 0 10 1', 'b 0 10 2', 'c 0 10 3', 'a 10 20 4'],
  )
})
