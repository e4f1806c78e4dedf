import assert from 'node:assert/strict'
import type { Out } from '../api/process-types.ts'
import { outputTag } from '../api/tag.ts'
import { collecting, inBothModes, scripted, TaskHarness, type Row } from '../task/harness.test.ts'

inBothModes('PF-1: process sees the timestamp or undefined, and what it emits keeps it', async (mode) => {
  const source = scripted(['a'], true)
  const [sink, side] = [collecting(), collecting()]
  const tag = outputTag<Row>('odd')
  const harness = await TaskHarness.open((job) => {
    const all = job.from('s', source.source).process('p', {
      onRecord(value: number, context, out: Out<Row>) {
        if (value % 2 === 1) out.side(tag, [value, context.timestamp])
        else out.emit([value, context.timestamp])
      },
    })
    all.to('t', sink.sink)
    all.side(tag).to('u', side.sink)
  }, mode)
  source.push({ split: 'a', values: [1, 2, 3, 4], timestamps: Float64Array.of(10, Number.NaN, Number.NaN, 40) })
  await harness.run()
  assert.deepEqual(sink.written, [
    { value: [2, undefined], timestamp: undefined },
    { value: [4, 40], timestamp: 40 },
  ])
  assert.deepEqual(side.written, [
    { value: [1, 10], timestamp: 10 },
    { value: [3, undefined], timestamp: undefined },
  ])
})

inBothModes('PF-4: what is sent to a tag that nobody reads is dropped', async (mode) => {
  const source = scripted()
  const sink = collecting()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .process('p', { onRecord: (value: Row, _context, out) => out.side(outputTag<Row>('nobody'), value) })
        .to('t', sink.sink),
    mode,
  )
  source.push({ split: 'a', values: [1] })
  await harness.run()
  assert.deepEqual([sink.written, harness.errors], [[], []])
})

inBothModes('a side output that is no tag is an error that names the step', async (mode) => {
  const source = scripted()
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .process('p', { onRecord: (value: Row, _context, out) => out.side(undefined as never, value) })
        .to('t', collecting().sink),
    mode,
  )
  source.push({ split: 'a', values: [1] })
  await harness.run()
  assert.equal((harness.errors[0] as { code: string }).code, 'UNKNOWN_TAG')
  assert.match(harness.message, /step\/p/)
})

inBothModes('PF-6: open runs once before the first record, from last to first; close runs with what open gave', async (mode) => {
  const source = scripted()
  const log: string[] = []
  const step = (name: string) => ({
    open: (context: { step: string; subtask: number; subtasks: number }) => {
      log.push(`open ${context.step} ${context.subtask}/${context.subtasks}`)
      return Promise.resolve(name)
    },
    close: (resource: string) => void log.push(`close ${resource}`),
    onRecord: (value: Row, context: { resource: string }, out: { emit(value: Row): void }) => {
      log.push(`${context.resource} ${value}`)
      out.emit(value)
    },
  })
  const harness = await TaskHarness.open(
    (job) => job.from('s', source.source).process('one', step('1st')).process('two', step('2nd')).to('t', collecting().sink),
    mode,
  )
  source.push({ split: 'a', values: ['x'] })
  await harness.run()
  await harness.task.close()
  assert.deepEqual(log, ['open step/two 0/1', 'open step/one 0/1', '1st x', '2nd x', 'close 1st', 'close 2nd'])
})

inBothModes('OUTSIDE_CALL: what emits after its call has returned is refused, whatever is being done by then', async (mode) => {
  const source = scripted()
  const sink = collecting()
  const later: (() => void)[] = []
  const harness = await TaskHarness.open(
    (job) =>
      job
        .from('s', source.source)
        .process('p', {
          onRecord(value: number, _context, out: Out<Row>) {
            later.push(
              () => out.emit(value),
              () => out.side(outputTag<Row>('t'), value),
            )
            out.emit(-value)
          },
        })
        .to('t', sink.sink),
    mode,
  )
  source.push({ split: 'a', values: [1, 2] })
  await harness.run()
  for (const emit of later) assert.throws(emit, { code: 'OUTSIDE_CALL' })
  assert.deepEqual(
    sink.written.map(({ value }) => value),
    [-1, -2],
  )
})

inBothModes('OUTPUT_LIMIT: one call may emit 65,536 records, wherever they go', async (mode) => {
  for (const [count, isTooMuch] of [
    [65_536, false],
    [65_537, true],
  ] as const) {
    const source = scripted()
    const sink = collecting()
    const harness = await TaskHarness.open(
      (job) =>
        job
          .from('s', source.source)
          .process('p', {
            onRecord(value: number, _context, out: Out<Row>) {
              for (let i = 0; i < value; i++) out.emit(i)
            },
          })
          .to('t', sink.sink),
      mode,
    )
    source.push({ split: 'a', values: [count, 1] })
    await harness.run()
    assert.equal(sink.written.length, isTooMuch ? 65_536 : count + 1)
    assert.deepEqual(
      harness.errors.map((error) => (error as { code: string }).code),
      isTooMuch ? ['OUTPUT_LIMIT'] : [],
    )
    if (isTooMuch) assert.match(harness.message, /step\/p/)
  }
})
