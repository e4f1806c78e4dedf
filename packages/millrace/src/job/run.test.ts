/** The public door, on real files and real time: once each. The rest is tested on the simulated machine. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { defineSink, type Sink } from '../connect/contract.ts'
import { fileSink, fileSource, jsonLines } from '../files.ts'
import { arraySource, collectSink, defineJob, generatorSource, run, start, StreamError, valueState, type Job, type Out } from '../index.ts'
import type { ErrorCode } from '../core/error-codes.ts'
import { loadJob } from './load-job.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-run-'))
after(() => rmSync(root, { recursive: true }))
let places = 0

function place(): string {
  return mkdtempSync(join(root, `${places++}-`))
}

function rowsIn(directory: string): unknown[] {
  const files = readdirSync(directory).filter((name) => name.startsWith('part-'))
  return files.toSorted().flatMap((name) =>
    readFileSync(join(directory, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  )
}

const has = (code: ErrorCode, words: RegExp) => (error: unknown) => {
  assert.ok(StreamError.is(error), String(error))
  assert.equal(error.code, code)
  assert.match(error.message, words)
  return true
}

test('run: files to files with checkpoints; a second run finds it finished', async () => {
  const at = place()
  writeFileSync(join(at, 'in.jsonl'), Array.from({ length: 1_000 }, (_zero, n) => `{"key":"k${n % 7}","n":${n}}\n`).join(''))
  const job = defineJob('files', (builder) => {
    builder
      .from('rows', fileSource(join(at, 'in.jsonl'), jsonLines<{ key: string; n: number }>()))
      .keyBy((row) => row.key)
      .process('sum', {
        state: { sum: valueState({ initial: () => 0 }) },
        onRecord(row, { key, state }, out: Out<{ key: string; sum: number }>) {
          state.sum.set(state.sum.get() + row.n)
          out.emit({ key, sum: state.sum.get() })
        },
      })
      .to('sums', fileSink(join(at, 'out'), jsonLines()))
  })
  const options = { checkpoints: { storage: join(at, 'checkpoints'), every: 20 }, parallelism: 2 }
  await run(job, options)
  const rows = rowsIn(join(at, 'out')) as { key: string; sum: number }[]
  assert.equal(rows.length, 1_000)
  for (let key = 0; key < 7; key++) {
    let sum = 0
    for (let n = key; n < 1_000; n += 7) sum += n
    assert.equal(Math.max(...rows.filter((row) => row.key === `k${key}`).map((row) => row.sum)), sum)
  }
  await run(job, options)
  assert.equal(rowsIn(join(at, 'out')).length, 1_000)
})

test('start: stopped, it resolves with what was read committed; the next run goes on', async () => {
  const at = place()
  const job = (count: number | undefined): Job<void> =>
    defineJob('numbers', (builder) => {
      builder
        .from('numbers', generatorSource({ ...(count === undefined ? {} : { count }), record: (index) => index }))
        .to('out', fileSink(join(at, 'out'), jsonLines()))
    })
  const options = { checkpoints: { storage: join(at, 'checkpoints'), every: 10 } }
  const running = await start(job(undefined), options)
  while (rowsIn2(at) === 0) await new Promise((resolve) => setImmediate(resolve))
  await running.stop({ deadline: '1m' })
  await running.finished
  const rows = rowsIn(join(at, 'out')) as number[]
  assert.deepEqual(
    rows,
    rows.map((_row, index) => index),
  )
  const next = await start(job(undefined), options)
  await next[Symbol.asyncDispose]()
  await next.finished
  const more = rowsIn(join(at, 'out')) as number[]
  assert.deepEqual(
    more,
    more.map((_row, index) => index),
  )
  assert.ok(more.length >= rows.length)
})

function rowsIn2(at: string): number {
  try {
    return readdirSync(join(at, 'out')).filter((name) => name.startsWith('part-')).length
  } catch {
    return 0
  }
}

test('a config: required by the type, given to the factory', async () => {
  const seen: number[] = []
  const job = defineJob('scaled', (builder, config: { by: number }) => {
    builder
      .from('a', arraySource([1, 2, 3]))
      .map((value) => value * config.by)
      .to('b', collectSink(seen))
  })
  await run(job, { config: { by: 10 } })
  assert.deepEqual(seen, [10, 20, 30])
})

// ---------------------------------------------------------------- modules

const index = pathToFileURL(join(import.meta.dirname, '../index.ts')).href

function moduleOf(text: string, name: string = 'job.mjs'): URL {
  const path = join(place(), name)
  writeFileSync(path, text.replaceAll('MILLRACE', index))
  return pathToFileURL(path)
}

const SCHEMA = `{
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => typeof value?.by === 'number' ? { value: { by: value.by } } : { issues: [{ message: 'is no number', path: ['by'] }] },
  },
}`
const WITH_SCHEMA = `import { arraySource, collectSink, defineJob } from 'MILLRACE'
globalThis.collected = []
export default defineJob('module', { config: ${SCHEMA} }, (job, { by }) => {
  job.from('a', arraySource([1, 2])).map((value) => value * by).to('b', collectSink(globalThis.collected))
})`

test('a module is run with its config checked by its schema', async () => {
  await run(moduleOf(WITH_SCHEMA), { config: { by: 3 } })
  assert.deepEqual((globalThis as unknown as { collected: number[] }).collected, [3, 6])
})

test('a config that does not pass the schema is refused with the path', async () => {
  await assert.rejects(run(moduleOf(WITH_SCHEMA), { config: { by: 'x' } }), has('INVALID_OPTION', /'module'.*by.*is no number/s))
  await assert.rejects(run(moduleOf(WITH_SCHEMA)), has('INVALID_OPTION', /'module'/))
})

test('CommonJS output wraps the default export once more', async () => {
  const wrapped = moduleOf(`import { arraySource, defineJob, printSink } from 'MILLRACE'
export default { __esModule: true, default: defineJob('wrapped', (job) => void job.from('a', arraySource([])).to('b', printSink())) }`)
  assert.equal(((await loadJob(wrapped)) as { name: string }).name, 'wrapped')
})

test('a module that cannot be loaded, or has no job, is refused by name', async () => {
  const missing = pathToFileURL(join(root, 'nowhere.mjs'))
  await assert.rejects(loadJob(missing), has('INVALID_JOB', /nowhere\.mjs cannot be loaded/))
  await assert.rejects(loadJob(moduleOf('throw new Error("at import")')), has('INVALID_JOB', /job\.mjs cannot be loaded: at import/))
  await assert.rejects(loadJob(moduleOf('export default (')), has('INVALID_JOB', /cannot be loaded/))
  for (const text of ['export const job = 1', 'export default { name: "job" }', 'export default null', 'export default () => {}'])
    await assert.rejects(loadJob(moduleOf(text)), has('INVALID_JOB', /no job as its default export.*defineJob/))
})

test('what is no job is refused', async () => {
  for (const wrong of [null, 5, 'job', {}, () => undefined]) await assert.rejects(run(wrong as never), has('INVALID_JOB', /./))
})

test('start: who stops a job that fails gets its error there, and no promise is left that ends the process', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const written = Promise.withResolvers<void>()
  const failing = defineJob('failing', (builder) => {
    builder.from('n', generatorSource({ rate: 1_000, record: (n) => n })).to(
      'out',
      defineSink<number, null>({
        kind: 'failing',
        delivery: 'at-least-once',
        open: async () => ({
          write: () => (written.resolve(), true),
          ready: async () => undefined,
          seal: (checkpoint) => ({
            durable: checkpoint > 0 ? Promise.reject(new Error('the disk is gone')) : Promise.resolve({ committables: [] }),
          }),
          close: async () => undefined,
        }),
      }),
    )
  })
  const running = await start(failing)
  await written.promise
  await assert.rejects(running.stop(), /the disk is gone/)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
})

test('a seal that throws leaves the other sinks of its task without a promise that ends the process', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const durable = Promise.withResolvers<never>()
  const sealing = (kind: string, seal: () => { durable: Promise<never> }): Sink<number> =>
    defineSink<number, null>({
      kind,
      delivery: 'at-least-once',
      open: async () => ({ write: () => true, ready: async () => undefined, seal, close: async () => undefined }),
    })
  const job = defineJob('sealing', (builder) => {
    const numbers = builder.from('n', arraySource([1]))
    numbers.to(
      'first',
      sealing('rejects', () => ({ durable: durable.promise })),
    )
    numbers.to(
      'second',
      sealing('throws', () => {
        throw new Error('no seal')
      }),
    )
  })
  await assert.rejects(run(job), /no seal/)
  durable.reject(new Error('not durable'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
})
