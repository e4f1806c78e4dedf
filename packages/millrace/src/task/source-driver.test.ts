import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTimer } from '../api/timers.ts'
import { outputTag } from '../api/tag.ts'
import { defineSource } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import type { FromOptions } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { collecting, inBothModes, scripted, TaskHarness, type Row, type Script } from './harness.test.ts'

/** A source alone in its task: what it sends shows its watermarks. */
async function reading(source: Script, options: FromOptions<Row> = {}, mode: { readonly generate?: boolean } = {}): Promise<TaskHarness> {
  const build: Parameters<typeof TaskHarness.open>[0] = (job) => {
    job
      .from('s', source.source, { timestamp: (row: Row) => row as number, ...options })
      .keyBy((row: Row) => row as number)
      .process('p', { timers: { due: eventTimer() }, onRecord() {}, onTimer: { due() {} } })
  }
  return TaskHarness.open(build, { ...mode, chainKeyed: false })
}
const said = (harness: TaskHarness): string[] => harness.said.map((each) => each.replace('0→0 ', ''))

inBothModes('WM-2, D2: a watermark leaves when a batch has ended, if it advanced: max - bound - 1', async (mode) => {
  const source = scripted()
  const harness = await reading(source, { outOfOrderness: 5 }, mode)
  source.push({ split: 'a', values: [10, 30, 20] })
  await harness.run()
  source.push({ split: 'a', values: [25] })
  await harness.run()
  assert.deepEqual(said(harness), ['[10,30,20]', 'wm 24', '[25]'])
})

test('P2, rules 1.13: no watermark leaves before each split has given a batch; the one that holds back is asked for', async () => {
  const source = scripted(['a', 'b'])
  const harness = await reading(source)
  source.push({ split: 'a', values: [100] })
  await harness.run()
  assert.deepEqual(said(harness), ['[100]'])
  assert.equal(source.asked.at(-1), 'b')
  source.push({ split: 'b', values: [50] })
  await harness.run()
  assert.deepEqual(said(harness), ['[100]', '[50]', 'wm 49'])
  assert.equal(source.asked.at(-1), 'b')
  source.push({ split: 'b', values: [120] })
  await harness.run()
  assert.deepEqual(said(harness).slice(3), ['[120]', 'wm 99'])
  assert.equal(source.asked.at(-1), 'a')
})

test('WM-7: a split that is announced later freezes the watermark, which never goes back; one that ended is left out', async () => {
  const source = scripted(['a'])
  const harness = await reading(source)
  source.push({ split: 'a', values: [100] })
  await harness.run()
  source.announce('b')
  source.push({ split: 'a', values: [200] })
  await harness.run()
  source.push({ split: 'b', values: [60], splitEnded: true })
  await harness.run()
  assert.deepEqual(said(harness), ['[100]', 'wm 99', '[200]', '[60]', 'wm 199'])
})

test('ID-1, ID-2: a silent split stops holding back when it has been silent for longer; all silent: one idle mark', async () => {
  const source = scripted(['a', 'b'])
  const harness = await reading(source, { idleness: 10 })
  source.push({ split: 'a', values: [100] })
  await harness.run()
  await harness.at(10)
  assert.deepEqual(said(harness), ['[100]'])
  source.push({ split: 'a', values: [101] })
  await harness.at(13)
  assert.deepEqual(said(harness).slice(1), ['[101]', 'wm 100'])
  for (const now of [20, 22, 30]) await harness.at(now)
  assert.deepEqual(said(harness).slice(3), ['idle'])
  source.push({ split: 'b', values: [50] })
  await harness.run()
  // Active again, behind what has left: it says so with the last watermark.
  assert.deepEqual(said(harness).slice(4), ['[50]', 'wm 100'])
})

test('ID-1: a batch without records wakes no idle split', async () => {
  const source = scripted(['a', 'b'])
  const harness = await reading(source, { idleness: 10 })
  source.push({ split: 'a', values: [100] })
  for (const now of [0, 6, 11]) await harness.at(now)
  source.push({ split: 'a', values: [101] })
  await harness.at(12)
  source.push({ split: 'b', values: [] })
  source.push({ split: 'a', values: [102] })
  await harness.run()
  assert.deepEqual(
    said(harness).filter((each) => each.startsWith('wm')),
    ['wm 99', 'wm 100', 'wm 101'],
  )
})

test('ID-6: while there is no room the idle clock stands still', async () => {
  const source = scripted(['a', 'b'])
  const harness = await TaskHarness.open(
    (job) =>
      void job
        .from('s', source.source, { timestamp: (row: Row) => row as number, idleness: 10 })
        .keyBy((row: Row) => row as number)
        .reduce('r', (row) => row),
    { chainKeyed: false, batchRecords: 1, credits: 1 },
  )
  harness.creditsAtOnce = false
  source.push({ split: 'a', values: [100, 101] })
  await harness.run()
  await harness.at(1_000)
  harness.task.credit(0, 0, 1)
  await harness.at(1_001)
  assert.deepEqual(said(harness), ['[100]', '[101]'])
  harness.task.credit(0, 0, 2)
  for (const now of [1_002, 1_008, 1_013]) await harness.at(now)
  assert.ok(said(harness).includes('wm 100') || said(harness).includes('idle'))
})

test('ID-7: a reader without splits is idle at once, and no longer when it finds one', async () => {
  const source = scripted([])
  const harness = await reading(source)
  await harness.run()
  assert.deepEqual(said(harness), ['idle'])
  source.announce('a')
  source.push({ split: 'a', values: [5] })
  await harness.run()
  assert.deepEqual(said(harness), ['idle', '[5]', 'wm 4'])
})

test('a split that takes the place of one that ended is noticed although their number stays', async () => {
  const source = scripted(['a'])
  const harness = await reading(source)
  source.push({ split: 'a', values: [5], splitEnded: true })
  await harness.run()
  source.announce('b')
  source.push({ split: 'b', values: [7], splitEnded: true })
  source.end()
  await harness.run()
  assert.deepEqual([harness.message, said(harness).filter((each) => each.startsWith('['))], ['', ['[5]', '[7]']])
})

test('a split may be announced by one poll, and given to its end by the next one of the same turn', async () => {
  const splits = new Map([
    ['a', 0],
    ['c', 0],
  ])
  let polls = 0
  const source = defineSource<Row, number>({
    kind: 'hasty',
    bounded: false,
    replayable: true,
    timestamps: false,
    open: () =>
      Promise.resolve({
        splits,
        poll() {
          polls++
          if (polls === 1) splits.set('b', 0)
          if (polls !== 2) return 'wait'
          splits.delete('b')
          return { split: 'b', values: [7], next: 1, splitEnded: true }
        },
        ready: () => new Promise(() => {}),
        close: () => Promise.resolve(),
      }),
  })
  const harness = await reading({ ...scripted(), source }, { idleness: 10 })
  await harness.run()
  assert.deepEqual([harness.message, said(harness)], ['', ['[7]']])
})

test('rules 1.16: records without a timestamp are no time at all', async () => {
  const source = scripted(['a'], true)
  const sink = collecting()
  const harness = await TaskHarness.open((job) => job.from('s', source.source).to('t', sink.sink))
  source.push({ split: 'a', values: [1], timestamps: Float64Array.of(Number.NaN) })
  await harness.run()
  assert.deepEqual([sink.written, harness.watermarks], [[{ value: 1, timestamp: undefined }], []])
})

const broken = { index: 0, code: 'INVALID_RECORD', message: 'no JSON', input: '{', position: 'f:1' }

inBothModes('invalid records: unreadable, refused by the timestamp, not whole: all become dead letters with their place', async (mode) => {
  const source = scripted()
  const [sink, letters] = [collecting(), collecting()]
  const tag = outputTag<Row>('broken')
  const harness = await TaskHarness.open((job) => {
    const timestamp = (row: Row): number => {
      if (row === 'bad') throw new Error('no time in it')
      return row as number
    }
    const all = job.from('s', source.source, { timestamp, invalid: tag })
    all.to('t', sink.sink)
    all.side(tag as never).to('u', letters.sink)
  }, mode)
  source.push({ split: 'a', values: [1, 'bad', 2, 0.5], broken: [broken], positionOf: (index) => `f:${index + 2}` })
  await harness.run()
  assert.deepEqual(sink.values(), [1, 2])
  assert.deepEqual(
    letters.written.map(({ value, timestamp }) => [value.step, value.code, value.split, value.position, value.input, timestamp]),
    [
      ['source/s', 'INVALID_RECORD', 'a', 'f:1', '{', undefined],
      ['source/s', 'INVALID_RECORD', 'a', 'f:3', 'bad', undefined],
      ['source/s', 'INVALID_RECORD', 'a', 'f:5', 0.5, undefined],
    ],
  )
  assert.equal(harness.task.counts().source?.records, 5, 'of which invalid are a part')
  assert.equal(harness.task.counts().source?.invalid, 3)
})

inBothModes(
  'invalid records are counted where nobody reads the dead letters; a letter has the time that the source knows',
  async (mode) => {
    const source = scripted(['a'], true)
    const letters = collecting()
    const tag = outputTag<Row>('broken')
    const timestamp = (row: Row): number => {
      if (row === 'bad') throw new Error('no time in it')
      return row as number
    }
    for (const isRead of [true, false]) {
      const harness = await TaskHarness.open((job) => {
        const all = job.from('s', source.source, { timestamp, invalid: tag })
        all.to('t', collecting().sink)
        if (isRead) all.side(tag as never).to('u', letters.sink)
      }, mode)
      source.push({ split: 'a', values: ['bad', 1, 'bad'], timestamps: Float64Array.of(7, 8, Number.NaN) })
      await harness.run()
      assert.equal(harness.task.counts().source?.invalid, 2)
    }
    assert.deepEqual(
      letters.values().map(({ timestamp: at }) => at as unknown),
      [7, undefined],
    )
  },
)

inBothModes('rules 1.13: a time that the source gives and that is no whole number makes the record invalid; NaN is none', async (mode) => {
  const source = scripted(['a'], true)
  const [sink, letters] = [collecting(), collecting()]
  const tag = outputTag<Row>('broken')
  const harness = await TaskHarness.open((job) => {
    const all = job.from('s', source.source, { invalid: tag })
    all
      .process('p', {
        onRecord(row: Row, _context, out: Out<Row>) {
          out.emit(row)
        },
      })
      .to('t', sink.sink)
    all.side(tag as never).to('u', letters.sink)
  }, mode)
  const timestamps = Float64Array.of(5, 2.5, Number.POSITIVE_INFINITY, 2 ** 60, Number.NaN, -3, Number.NEGATIVE_INFINITY)
  source.push({ split: 'a', values: [...'abcdefg'], timestamps, positionOf: (index) => `f:${index}` })
  await harness.run()
  assert.deepEqual(
    sink.written.map(({ value, timestamp }) => [value, timestamp]),
    [
      ['a', 5],
      ['e', undefined],
      ['f', -3],
    ],
  )
  assert.deepEqual(
    letters.values().map(({ code, position }) => [code, position]),
    ['f:1', 'f:2', 'f:3', 'f:6'].map((position) => ['INVALID_RECORD', position]),
  )
  assert.deepEqual(
    harness.watermarks.filter((told) => told.startsWith('step/p')),
    ['step/p 4'],
  )
})

test('a time of the source that is not used may be anything: the timestamp function decides', async () => {
  const source = scripted(['a'], true)
  const sink = collecting()
  const timestamp = (row: Row, given: number | undefined): number => (given === Number.POSITIVE_INFINITY ? (row as number) : -1)
  const harness = await TaskHarness.open((job) => job.from('s', source.source, { timestamp }).to('t', sink.sink))
  source.push({ split: 'a', values: [7], timestamps: Float64Array.of(Number.POSITIVE_INFINITY) })
  await harness.run()
  assert.deepEqual([harness.message, sink.written], ['', [{ value: 7, timestamp: 7 }]])
})

inBothModes('an invalid record without a tag fails the task and names its place', async (mode) => {
  const source = scripted()
  const harness = await TaskHarness.open(
    (job) => job.from('s', source.source, { timestamp: () => Number.NaN }).to('t', collecting().sink),
    mode,
  )
  source.push({ split: 'a', values: [1], positionOf: () => 'flights.jsonl:17' })
  await harness.run()
  assert.equal((harness.errors[0] as { code: string }).code, 'INVALID_RECORD')
  assert.match(harness.message, /source\/s.*flights\.jsonl:17/)
})

inBothModes('the reason why a record is invalid becomes a sentence', async (mode) => {
  const source = scripted()
  const harness = await TaskHarness.open((job) => job.from('s', source.source).to('t', collecting().sink), mode)
  source.push({ split: 'a', values: [], broken: [broken] })
  await harness.run()
  assert.match((harness.errors[0] as Error).message, /at f:1: no JSON\. Mend the input/)
})

test('a batch of a split that was never announced breaks the contract, loudly', async () => {
  const source = scripted(['a'])
  const harness = await TaskHarness.open((job) => job.from('s', source.source).to('t', collecting().sink))
  source.push({ split: 'a', values: [1], splitEnded: true }, { split: 'a', values: [2] })
  await harness.run()
  assert.equal((harness.errors[0] as { code: string }).code, 'CONTRACT')
})

test('D1, rules 1.2 a: position and greatest time are of whole batches', async () => {
  const source = scripted()
  const sink = collecting()
  sink.isFull = true
  const harness = await TaskHarness.open((job) =>
    job.from('s', source.source, { timestamp: (row: Row) => row as number }).to('t', sink.sink),
  )
  source.push({ split: 'a', values: [5, 9] }, { split: 'a', values: [20] })
  await harness.run()
  harness.task.barrier(1, 'checkpoint')
  for (let i = 0; i < 3; i++) {
    sink.makeRoom()
    await harness.run()
  }
  assert.deepEqual(harness.snapshots[0]?.operators['source/s'], {
    kind: 'source',
    splits: { a: { position: 2, maxTimestamp: 9, ended: false, watermark: 8 } },
  })
})

test('rules 1.2 a: after a restore the watermark of what was seen leaves before the first record', async () => {
  const source = scripted(['a', 'b'])
  const harness = await TaskHarness.open(
    (job) =>
      void job
        .from('s', source.source, { timestamp: (row: Row) => row as number })
        .keyBy((row: Row) => row as number)
        .reduce('r', (row) => row),
    {
      chainKeyed: false,
      restored: {
        'source/s': {
          kind: 'source',
          splits: {
            a: { position: 3, maxTimestamp: 50, ended: false },
            b: { position: 1, maxTimestamp: 70, ended: false },
            c: { position: 9, maxTimestamp: 10, ended: true },
          },
        },
      },
    },
  )
  source.push({ split: 'a', values: [40] })
  await harness.run()
  assert.deepEqual(said(harness), ['wm 49', '[40]'])
})

test('rules 1.2 c: what a source had told is told again after a restore, although the split that was idle is not idle any more', async () => {
  const source = scripted(['a', 'b'])
  const split = (maxTimestamp: number, watermark: number) => ({ position: 1, maxTimestamp, ended: false, watermark })
  const harness = await TaskHarness.open(
    (job) =>
      void job
        .from('s', source.source, { timestamp: (row: Row) => row as number, idleness: 10 })
        .keyBy((row: Row) => row as number)
        .reduce('r', (row) => row),
    {
      chainKeyed: false,
      // They had different readers: what both had been told is sure.
      restored: { 'source/s': { kind: 'source', splits: { a: split(200, 199), b: split(5, 150) } } },
    },
  )
  source.push({ split: 'a', values: [201] }, { split: 'b', values: [140] }, { split: 'b', values: [180] })
  await harness.run()
  assert.deepEqual(said(harness), ['wm 150', '[201,140,180]', 'wm 179'])
})

/** Found by a look with fresh eyes: each said something of the engine, or said it twice. */
test('what a reader, a timestamp and a schema give wrongly is said in their words', async () => {
  for (const [polled, says] of [
    [undefined, 'gave undefined'],
    [Promise.resolve('wait'), 'gave a promise'],
    ['done', "gave 'done'"],
    [{ values: [] }, 'gave an object'],
    [{ split: 'a', values: [] }, 'gave an object'],
  ] as const) {
    const source = defineSource<Row, number>({
      kind: 'wrong',
      bounded: true,
      replayable: true,
      timestamps: false,
      open: () =>
        Promise.resolve({
          splits: new Map([['a', 0]]),
          poll: () => polled as unknown as 'wait',
          ready: () => Promise.resolve(),
          close: () => Promise.resolve(),
        }),
    })
    const harness = await TaskHarness.open((job) => job.from('s', source).to('t', collecting().sink))
    await harness.run()
    assert.match(harness.message, /poll\(\) of the reader of source\/s gave .*: it gives 'wait', 'end' or a batch/)
    assert.ok(harness.message.includes(says), harness.message)
  }
  for (const [time, says] of [
    ['x', "timestamp gave 'x', which"],
    [new Date(0), 'timestamp gave a Date, which'],
    [Promise.resolve(1), 'timestamp gave a promise, which'],
    [0.5, 'timestamp gave 0.5, which'],
  ] as const) {
    const source = scripted()
    const harness = await reading(source, { timestamp: () => time as unknown as number })
    source.push({ split: 'a', values: [1] })
    await harness.run()
    assert.ok(harness.message.includes(says), harness.message)
    assert.ok(StreamError.is((harness.errors[0] as Error).cause), 'no stack of the engine is shown below it')
  }
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (): never => {
        throw new Error('no good')
      },
    },
  }
  const source = scripted()
  const harness = await reading(source, { schema } as object)
  source.push({ split: 'a', values: [1] })
  await harness.run()
  assert.match(harness.message, /^source\/s read an invalid record at .+: it makes its schema throw: no good\. Mend the input/)
})
