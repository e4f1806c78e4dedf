import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { arraySource, defineJob } from '../index.ts'
import { cloneConfig } from './config.ts'
import { buildPlan, checkConfig } from './job.ts'

class Pool {
  readonly size = 3
}

test('what is no data is refused, with its path', () => {
  const bad: readonly (readonly [config: unknown, fault: string])[] = [
    [() => 1, 'config is a function'],
    [{ sink: { write: () => undefined } }, 'config.sink.write is a function'],
    [{ pools: [new Pool()] }, 'config.pools[0] is an instance of the class Pool'],
    [{ url: new URL('http://localhost') }, 'config.url is an instance of the class URL'],
    [{ 'first name': Symbol('x') }, 'config["first name"] is a symbol'],
    [new Map([['a', new Pool()]]), 'config.get(a) is an instance of the class Pool'],
    [new Map([[new Pool(), 1]]), 'a key of config is an instance of the class Pool'],
    [{ rules: new Set([Math.max]) }, 'an element of config.rules is a function'],
    [{ later: Promise.resolve() }, 'config.later is an instance of the class Promise'],
  ]
  for (const [config, fault] of bad) {
    assert.throws(
      () => cloneConfig('job', config),
      (error: Error & { code?: string }) => error.code === 'INVALID_OPTION' && error.message.includes(`another thread: ${fault}. `),
      fault,
    )
  }
})

test('data of all kinds is copied as it is', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const config = {
    text: 'a',
    big: 1n,
    none: null,
    nothing: undefined,
    at: new Date(0),
    pattern: /a+/u,
    bytes: new Uint8Array([1, 2]),
    map: new Map([[{ a: 1 }, [new Set([1])]]]),
    error: new RangeError('far'),
    bare: Object.assign(Object.create(null), { a: 1 }) as object,
    cycle,
  }
  const copy = cloneConfig('job', config) as typeof config
  assert.notEqual(copy, config)
  assert.deepEqual({ ...copy, bare: 0 }, { ...config, bare: 0 })
  assert.deepEqual({ ...copy.bare }, { a: 1 })
  assert.equal(cloneConfig('job', undefined), undefined)
})

test('each factory has a config of its own: what it does to it is seen by nobody else', () => {
  const seen: number[] = []
  const job = defineJob<{ items: number[] }>('greedy', (job, config) => {
    config.items.push(9)
    seen.push(config.items.length)
    job.from('n', arraySource(config.items))
  })
  const config = { items: [1] }
  buildPlan(job, config)
  job.explain(config)
  assert.deepEqual([seen, config.items], [[2, 2], [1]])
})

test('what a schema makes of a config has to be data too', () => {
  const schema = z.object({ url: z.string().transform((text) => new URL(text)) })
  const job = defineJob('reads', { config: schema }, (job) => void job.from('n', arraySource([1])))
  assert.throws(() => buildPlan(job, checkConfig(job, { url: 'http://localhost' })), {
    code: 'INVALID_OPTION',
    message: /config\.url is an instance of the class URL/,
  })
})

test('a config that is nested without end is refused by its depth, not by the end of the stack', () => {
  const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}1${']'.repeat(depth)}`) as unknown
  assert.deepEqual(cloneConfig('job', nested(500)), nested(500))
  assert.throws(() => cloneConfig('job', nested(100_000)), {
    code: 'INVALID_OPTION',
    message: /objects within objects, more than 1000 deep/,
  })
})
