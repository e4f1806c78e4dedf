import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPlan } from '../api/job.ts'
import { agg, arraySource, defineJob, eventTimer, printSink, valueState } from '../index.ts'
import { planSummary } from './summary.ts'

test('a checkpoint has a place for sources, keyed steps, process functions and sinks, by address, without functions', () => {
  const { plan } = buildPlan(
    defineJob('summed', (job) => {
      const words = job.from('words', arraySource(['a']), { timestamp: () => 0 })
      const keyed = words.map((w) => w).keyBy((w) => w)
      keyed.process('p', {
        state: { n: valueState({ initial: () => 0, ttl: '1s', version: 2, migrate: Number }) },
        timers: { t: eventTimer() },
        onRecord() {},
        onTimer: { t() {} },
      })
      keyed.process('stateless', { onRecord() {} })
      keyed.reduce('r', (a) => a)
      keyed.aggregate('a', { n: agg.count() })
      words.process('plain', { onRecord() {} }).to('s', printSink())
    }),
    undefined,
  )
  const ttl = { afterMs: 1000, refreshOn: 'write', expired: 'never-returned' }
  assert.deepEqual(planSummary(plan), [
    { address: 'source/words', kind: 'source', states: {}, migrating: [] },
    {
      address: 'step/p',
      kind: 'keyed',
      states: { n: { kind: 'value', version: 2, ttl }, t: { kind: 'timer', domain: 'event', version: 1 } },
      migrating: ['n'],
    },
    { address: 'step/stateless', kind: 'keyed', states: {}, migrating: [] },
    { address: 'step/r', kind: 'keyed', states: { reduced: { kind: 'accumulator', version: 1 } }, migrating: [] },
    { address: 'step/a', kind: 'keyed', states: { n: { kind: 'accumulator', aggregate: 'count', version: 1 } }, migrating: [] },
    { address: 'step/plain', kind: 'keyed', states: {}, migrating: [], isKeyless: true },
    { address: 'sink/s', kind: 'sink', states: {}, migrating: [] },
  ])
})
