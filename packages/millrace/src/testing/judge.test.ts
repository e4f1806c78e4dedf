/** What `judge` is given and may give: a simulation whose rows are equal whatever they are would accept any job. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Stream } from '../api/stream-types.ts'
import { arraySource } from '../connectors/array-source.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { StreamError } from '../core/errors.ts'
import { judgeOf, type Judge } from './judge.ts'
import { simulate } from './simulate.ts'

type Numbers = { readonly numbers: Stream<number> }
const numbers = Array.from({ length: 100 }, (_zero, n) => n)

/** Wrong: its count is lost in a crash. */
function counting(): Job<void, Numbers> {
  return defineJob('counting', (job) => {
    let count = 0
    const from = job.from('numbers', arraySource<number>([]))
    from.map((n) => ({ n, count: ++count })).to('out', collectSink<unknown>([]))
    return { numbers: from }
  })
}

async function refusalOf(judge: unknown): Promise<string> {
  const options = { input: (feed: (to: Stream<number>, of: number[]) => void, s: Numbers) => feed(s.numbers, numbers), judge }
  const error: unknown = await simulate(counting(), options as unknown as Parameters<typeof simulate<void, Numbers>>[1]).catch(
    (thrown: unknown) => thrown,
  )
  assert.ok(StreamError.is(error) && error.code === 'INVALID_OPTION', String(error))
  return error.message
}

test('a judge that keeps no row compares nothing: it is an error, whichever way it does so', async () => {
  assert.match(await refusalOf(() => []), /^judge keeps none of the 100 rows that come out of the job 'counting', at sink\/out,/)
  const elsewhere = (rows: readonly unknown[], place: string): readonly unknown[] => (place === 'sink/outs' ? rows : [])
  assert.match(await refusalOf(elsewhere), /judge keeps none of the 100 rows/)
})

test('what judge gives that is no array is refused, and named', async () => {
  assert.match(await refusalOf(() => undefined), /^judge gave undefined for the rows of sink\/out: it has to return an array/)
  assert.match(await refusalOf(async () => Promise.reject(new Error('nobody awaits it'))), /^judge gave a promise .*, and not be async\.$/)
  assert.match(await refusalOf((rows: readonly unknown[]) => new Set(rows)), /^judge gave a Set for/)
  assert.match(await refusalOf(() => 'abc'), /^judge gave 'abc' for/)
})

/** Nothing of it can be seen from outside. */
class Hidden {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  get value(): unknown {
    return this.#value
  }
}

test('what cannot be told from others of its kind is refused, with its path', async () => {
  const each = (make: (row: unknown) => unknown): Promise<string> => refusalOf((rows: readonly unknown[]) => rows.map(make))
  const refused = 'judge gave what cannot be compared: row 1'
  assert.ok((await each((row) => Promise.resolve(row))).startsWith(`${refused} of sink/out is a promise`))
  assert.ok((await each((row) => new Hidden(row))).startsWith(`${refused} of sink/out is an instance of Hidden without fields of its own`))
  assert.ok((await each((row) => ({ a: [() => row] }))).startsWith(`${refused}.a[0] of sink/out is a function`))
  assert.ok((await each((row) => new Map([['the key', { 'a b': new Error(String(row)) }]]))).startsWith(`${refused}.values[1]["a b"] of`))
  const cycle: unknown[] = []
  cycle.push(cycle)
  assert.ok((await each(() => cycle)).startsWith(`${refused}[0] of sink/out is a reference back to`))
})

test('what can be compared is let through, an instance by its fields', () => {
  class Seen {
    readonly value = 1
  }
  const rows = [
    null,
    undefined,
    {},
    [],
    new Date(0),
    new Uint8Array(2),
    new Float64Array(1),
    new ArrayBuffer(1),
    new Map(),
    new Set([1n]),
    new Seen(),
  ]
  const judge: Judge = judgeOf(() => rows)
  assert.equal(judge([], 'sink/out'), rows)
})

test('judge has its rows to itself: it may sort them, drop some and change them', async () => {
  const job = defineJob('right', (job) => {
    const from = job.from('numbers', arraySource<number>([]))
    from.map((n) => ({ n })).to('out', collectSink<unknown>([]))
    return { numbers: from }
  })
  const { restores, records } = await simulate(job, {
    input: (feed, s) => feed(s.numbers, numbers),
    judge: (rows) => {
      const own = rows as { n: number }[]
      own.sort((a, b) => b.n - a.n)
      own.pop()
      for (const row of own) row.n++
      return own
    },
    runs: 3,
  })
  assert.ok(restores > 0)
  assert.equal(records, 99)
})
