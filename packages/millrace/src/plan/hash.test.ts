import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { buildPlan } from '../api/job.ts'
import { agg, arraySource, defineJob, outputTag, printSink, valueState, type JobBuilder, type Out } from '../index.ts'
import { planHash } from './hash.ts'

function digest(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** What a variant changes of the job below, each alone. */
interface Variant {
  readonly job?: string
  readonly id?: string
  readonly ttl?: number
  readonly state?: string
  readonly outOfOrderness?: number
  readonly invalid?: string
  readonly timestamp?: (word: string) => number
  readonly mapper?: (word: string) => string
  readonly selector?: (word: string) => string
  readonly onRecord?: (value: string, context: unknown, out: Out<string>) => undefined
  readonly aggregates?: Record<string, ReturnType<typeof agg.count>>
  readonly parallelism?: number
  readonly twice?: boolean
}

function hashOf(v: Variant): string {
  const build = (job: JobBuilder): void => {
    const words = job.from('words', arraySource(['a']), {
      timestamp: v.timestamp ?? (() => 0),
      outOfOrderness: v.outOfOrderness ?? 0,
      invalid: outputTag(v.invalid ?? 'broken'),
    })
    const mapped = words.map(v.mapper ?? ((word) => word)).parallelism(v.parallelism ?? 1)
    const keyed = mapped.union(...(v.twice === true ? [words] : [])).keyBy(v.selector ?? ((word) => word))
    keyed
      .process(v.id ?? 'p', { state: { [v.state ?? 'n']: valueState<number>({ ttl: v.ttl ?? 5 }) }, onRecord: v.onRecord ?? (() => {}) })
      .to('s', printSink())
    keyed.aggregate('a', v.aggregates ?? { n: agg.count() })
  }
  return planHash(buildPlan(defineJob(v.job ?? 'hashed', build), undefined).plan, digest)
}

test('equal factories give equal hashes, and each change another', () => {
  const variants: readonly Variant[] = [
    {},
    { job: 'other' },
    { id: 'q' },
    { ttl: 6 },
    { state: 'm' },
    { outOfOrderness: 1 },
    { invalid: 'bad' },
    { timestamp: () => 1 },
    { mapper: (word) => word + word },
    { selector: (word) => word.trim() },
    { onRecord: (_v, _c, out) => out.emit('x') as undefined },
    { aggregates: { m: agg.count() } },
    { aggregates: { n: { ...agg.count(), add: (n) => n + 2 } } },
    { parallelism: 2 },
    { twice: true },
  ]
  const hashes = variants.map(hashOf)
  assert.deepEqual(variants.map(hashOf), hashes)
  assert.equal(new Set(hashes).size, variants.length)
  for (const hash of hashes) assert.match(hash, /^[0-9a-f]{64}$/)
})

test('methods of classes are part of it', () => {
  class One {
    create(): number {
      return 0
    }
    add(n: number): number {
      return n + 1
    }
    merge(a: number, b: number): number {
      return a + b
    }
    result(n: number): number {
      return n
    }
  }
  class Two extends One {
    override add(n: number): number {
      return n + 2
    }
  }
  assert.notEqual(hashOf({ aggregates: { n: new One() } }), hashOf({ aggregates: { n: new Two() } }))
})
