import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { arraySource, defineJob, printSink } from '../index.ts'
import { buildPlan, checkConfig, isJob } from './job.ts'

test('a factory is called once per plan, with the config it is given, and gives equal plans', () => {
  const seen: unknown[] = []
  const job = defineJob<{ in: string }>('configured', (job, config) => {
    seen.push(config)
    job.from(config.in, arraySource([1])).to('out', printSink())
  })
  assert.deepEqual(seen, [], 'defineJob builds nothing')
  const config = { in: 'numbers' }
  const { plan } = buildPlan(job, config)
  assert.deepEqual(
    plan.nodes.map((node) => node.address),
    ['source/numbers', 'sink/out'],
  )
  assert.equal(plan.job, 'configured')
  assert.deepEqual(
    buildPlan(job, { in: 'numbers' }).plan.nodes.map((node) => node.address),
    ['source/numbers', 'sink/out'],
  )
  assert.deepEqual(seen[0], config)
  assert.equal(seen.length, 2)
})

test('handles are the streams that the factory returns, as edges', () => {
  const job = defineJob('handled', (job) => {
    const numbers = job.from('numbers', arraySource([1]))
    const doubled = numbers.map((n) => n * 2)
    return { numbers, doubled, both: numbers.union(doubled), keyed: doubled.keyBy((n) => n) }
  })
  const { handles } = buildPlan(job, undefined)
  assert.deepEqual(Object.keys(handles), ['numbers', 'doubled', 'both', 'keyed'])
  assert.deepEqual(
    Object.values(handles).map((handle) => handle.outputs.map(({ from }) => from)),
    [[0], [1], [0, 1], [1]],
  )
})

test('a plan is frozen', () => {
  const { plan } = buildPlan(
    defineJob('frozen', (job) => {
      job.from('n', arraySource([1])).parallelism(2)
    }),
    undefined,
  )
  assert.ok([plan, plan.nodes, plan.nodes[0]].every(Object.isFrozen))
})

test('a schema makes the config of the command line, and leaves a typed one alone', () => {
  const schema = z.object({ since: z.string().transform((text) => new Date(text)), limit: z.number().default(10) })
  const job = defineJob('since', { config: schema }, (job, config) => {
    job.from('n', arraySource([config.since.getTime() + config.limit]))
  })
  const config = checkConfig(job, { since: '2001-01-01T00:00:00Z' })
  assert.deepEqual(config, { since: new Date(978307200000), limit: 10 })
  assert.equal(buildPlan(job, config).plan.nodes.length, 1)
  assert.equal(
    checkConfig(
      defineJob('plain', () => {}),
      config,
    ),
    config,
  )
})

test('isJob knows jobs', () => {
  assert.equal(isJob(defineJob('a', () => {})), true)
  for (const other of [undefined, null, {}, { name: 'a', explain() {} }]) assert.equal(isJob(other), false)
})
