/** Errors of a job as a whole, through the public door: what it is made of, what its factory does, what its files have to do with each other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { fileSink, fileSource, jsonLines } from '../files.ts'
import { arraySource, defineJob, outputTag, printSink, tumbling, type JobBuilder } from '../index.ts'
import { buildPlan, checkConfig } from './job.ts'
import { partsOf, wrong, type Parts } from './wrong-job.test.ts'

test('a job without a source', () => {
  assert.throws(
    () =>
      buildPlan(
        defineJob('empty', () => {}),
        undefined,
      ),
    { code: 'INVALID_JOB', message: /The job 'empty' has no source/ },
  )
})

test('a factory that returns a promise, and leaves no rejection behind', () => {
  const job = defineJob(
    'later',
    wrong(async (job: JobBuilder) => {
      job.from('a', arraySource([1]))
      throw new Error('nobody waits')
    }),
  )
  assert.throws(() => buildPlan(job, undefined), { code: 'INVALID_JOB', message: /The factory of the job 'later' returns a promise/ })
})

test('a builder and its streams after the factory has returned', () => {
  let kept: Parts | undefined
  buildPlan(
    defineJob('done', (job) => {
      kept = partsOf(job)
    }),
    undefined,
  )
  const { job, words, keyed } = kept as Parts
  const message = /The job 'done' was changed after its factory had returned/
  const late = [
    () => job.from('b', arraySource([1])),
    () => words.map((w) => w),
    () => words.to('s', printSink()),
    () => words.parallelism(2),
    () => keyed.parallelism(2),
    () => keyed.reduce('r', (a) => a),
    () => words.side(outputTag('broken')),
    () => keyed.window(tumbling('1h')),
  ]
  for (const build of late) assert.throws(build, { code: 'INVALID_JOB', message })
})

test('streams of another job', () => {
  let other: Parts | undefined
  buildPlan(
    defineJob('one', (job) => {
      other = partsOf(job)
    }),
    undefined,
  )
  assert.throws(
    () =>
      buildPlan(
        defineJob('two', (job) => {
          partsOf(job).words.union((other as Parts).words)
        }),
        undefined,
      ),
    { code: 'INVALID_JOB', message: /a stream of another job \('one'\)/ },
  )
  assert.throws(
    () =>
      buildPlan(
        defineJob('two', (job) => {
          partsOf(job)
          return { foreign: (other as Parts).words }
        }),
        undefined,
      ),
    { code: 'INVALID_JOB', message: /job 'two' returns 'foreign', which is an object and no stream of this job/ },
  )
})

test('two file sinks of one directory are refused before explain promises anything', () => {
  const job = defineJob('parts', (builder) => {
    const numbers = builder.from('n', arraySource([1, 2]))
    numbers.filter((n) => n % 2 === 0).to('even', fileSink('out', jsonLines()))
    numbers.filter((n) => n % 2 === 1).to('odd', fileSink('./out/', jsonLines()))
  })
  const message = /sink\/even and sink\/odd both write files to 'out'/
  assert.throws(() => job.explain(), { code: 'INVALID_JOB', message })
  assert.throws(() => buildPlan(job, undefined), { code: 'INVALID_JOB', message })
})

/** Found by a look with fresh eyes: rows of the first run were input of the second, and with `follow` there was no end of them. */
test('a file sink whose parts the job itself would read is refused, whichever of the two comes first', () => {
  const explained = (path: string, directory: string, isSinkFirst: boolean): unknown =>
    defineJob('loop', (builder) => {
      const numbers = builder.from('n', arraySource([1]))
      if (isSinkFirst) numbers.to('out', fileSink(directory, jsonLines()))
      const read = builder.from('in', fileSource(path, jsonLines<number>()))
      if (!isSinkFirst) read.to('out', fileSink(directory, jsonLines()))
    }).explain()
  const loops: readonly (readonly [path: string, directory: string])[] = [
    ['day', 'day/out'],
    ['day', './day/'],
    ['.', 'out'],
    ['./day/../day', 'day/a/b'],
    ['/in', '/in/x'],
    ['day/**/*.jsonl', 'day/out'],
    ['day/*/part-*', 'day/out'],
    ['*/{a,out}/*', 'day/out'],
    ['*.jsonl', '.'],
  ]
  const apart: readonly (readonly [path: string, directory: string])[] = [
    ['day', 'days/out'],
    ['day/in', 'day/out'],
    ['day/*.jsonl', 'day/out'],
    ['day/*.csv', 'day'],
    ['day/in-*.jsonl', 'day'],
    ['day', 'day/.out'],
    ['day/**', 'day/.out'],
    ['day/a.jsonl', 'day'],
    ['odd{', 'odd'],
  ]
  for (const isSinkFirst of [false, true]) {
    for (const [path, directory] of loops)
      assert.throws(
        () => explained(path, directory, isSinkFirst),
        { code: 'INVALID_JOB', message: /source\/in would read what sink\/out writes, such as .*part-.*\.jsonl.*Write to a place/ },
        `${path} and ${directory}`,
      )
    for (const [path, directory] of apart) assert.doesNotThrow(() => explained(path, directory, isSinkFirst), `${path} and ${directory}`)
  }
})

test('what defineJob is given', () => {
  assert.throws(() => defineJob('a b', () => {}), { code: 'INVALID_ID', message: /The name of a job is 'a b'/ })
  assert.throws(() => defineJob('a', wrong(undefined)), { code: 'INVALID_JOB', message: /The factory of the job 'a' is undefined/ })
  assert.throws(() => defineJob('a', { config: wrong({}) }, () => {}), { code: 'INVALID_OPTION' })
  assert.throws(() => buildPlan({ name: 'a' }, undefined), { code: 'INVALID_JOB', message: /not a job: use what defineJob\(\) returned/ })
})

test('a config that its schema refuses', () => {
  const job = defineJob('limits', { config: z.object({ limit: z.number() }) }, (job, config) => {
    job.from('n', arraySource([config.limit]))
  })
  assert.throws(() => checkConfig(job, { limit: 'x' }), {
    code: 'INVALID_OPTION',
    message: /The config of the job 'limits' does not pass its schema: limit: /,
  })
  assert.deepEqual(checkConfig(job, { limit: 1, more: 2 }), { limit: 1 })
})
