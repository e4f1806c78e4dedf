import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPlan } from '../api/job.ts'
import { defineSource } from '../connect.ts'
import { arraySource, defineJob, eventTimer, outputTag, printSink } from '../index.ts'
import { sourcesOf, timedInputs, timedNodes } from './timed.ts'
import type { PlanNode } from './nodes.ts'

const never = (): never => assert.fail('nothing is opened')
const withOwnTime = defineSource<string, null>({ kind: 'log', bounded: true, replayable: true, timestamps: true, open: never })

test('an input is timed when any source behind it gives event time (rules 1.13)', () => {
  const { plan } = buildPlan(
    defineJob('timed', (job) => {
      const told = job.from('told', arraySource(['a']), { timestamp: () => 0, invalid: outputTag('broken') })
      const own = job.from('own', withOwnTime)
      const untimed = job.from('untimed', arraySource(['a']))
      const mixed = untimed.union(told).map((w) => w)
      mixed
        .union(
          untimed,
          own,
          told.side(outputTag('broken')).map(() => ''),
        )
        .keyBy((w) => w)
        .process('p', { timers: { t: eventTimer() }, onRecord() {}, onTimer: { t() {} } })
      untimed.filter(() => true).to('s', printSink())
    }),
    undefined,
  )
  const node = plan.nodes.findIndex(({ address }) => address === 'step/p')
  assert.deepEqual(timedInputs(plan, node), [true, false, true, true])
  assert.deepEqual(timedInputs(plan, 0), [])
  assert.deepEqual(
    timedNodes(plan.nodes).map((timed, index) => `${plan.nodes[index]?.address} ${timed}`),
    [
      'source/told true',
      'source/own true',
      'source/untimed false',
      'map#1 true',
      'map#2 true',
      'step/p true',
      'filter#3 false',
      'sink/s false',
    ],
  )
  assert.deepEqual(sourcesOf(plan.nodes, plan.nodes[node] as PlanNode), ['source/told', 'source/own', 'source/untimed'])
  assert.deepEqual(sourcesOf(plan.nodes, plan.nodes.at(-1) as PlanNode), ['source/untimed'])
})
