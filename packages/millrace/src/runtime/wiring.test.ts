import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildPlan, defineJob } from '../api/job.ts'
import type { JobBuilder } from '../api/job-types.ts'
import { arraySource } from '../connectors/array-source.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { physicalPlan } from '../plan/physical.ts'
import { wire, type Wiring } from './wiring.ts'

function wired(build: (job: JobBuilder) => void, parallelism: number): Wiring {
  const { plan } = buildPlan(defineJob('wired', build), undefined)
  return wire(plan, physicalPlan(plan, { parallelism, chainKeyed: true }), 16)
}

/** Each channel as `sender → receiver`, from both ends; they must say the same. */
function assertConsistent({ subtasks }: Wiring): string[] {
  const seen: string[] = []
  for (const [index, { receivers, spec, senders }] of subtasks.entries()) {
    assert.equal(senders.length, spec.channels.length)
    for (const [output, targets] of receivers) {
      assert.equal(targets.length, spec.outputs.find((one) => one.output === output)?.targets)
      for (const [target, receiver] of targets.entries()) {
        if (receiver === undefined) continue
        const back = subtasks[receiver.subtask]?.senders[receiver.channel]
        assert.deepEqual(back, { subtask: index, output, target })
        seen.push(`${index} → ${receiver.subtask}`)
      }
    }
  }
  assert.equal(
    subtasks.reduce((sum, { senders }) => sum + senders.length, 0),
    seen.length,
    'every channel has a sender',
  )
  return seen
}

const keyed = (job: JobBuilder): void => {
  job
    .from('a', arraySource([1]))
    .keyBy((value) => value)
    .reduce('sum', (a, b) => a + b)
    .to('b', collectSink<number>([]))
}

test('one subtask of each, all chained: no channel', () => {
  const wiring = wired(keyed, 1)
  assert.equal(wiring.subtasks.length, 1)
  assert.deepEqual(assertConsistent(wiring), [])
  assert.equal(wiring.subtasks[0]?.isSource, true)
})

test('a keyed edge connects all with all', () => {
  const wiring = wired(keyed, 3)
  assert.deepEqual(
    wiring.subtasks.map(({ isSource, spec }) => [isSource, spec.subtask, spec.subtasks]),
    [
      [true, 0, 3],
      [true, 1, 3],
      [true, 2, 3],
      [false, 0, 3],
      [false, 1, 3],
      [false, 2, 3],
    ],
  )
  assert.equal(assertConsistent(wiring).length, 9)
})

test('a forward edge connects equals only, another parallelism all', () => {
  // A union ends the chains of its inputs.
  const union = (job: JobBuilder): void => {
    job
      .from('a', arraySource([1]))
      .union(job.from('b', arraySource([2])))
      .map((value) => value)
      .to('c', collectSink<number>([]))
  }
  const seen = assertConsistent(wired(union, 2))
  assert.deepEqual(new Set(seen), new Set(['0 → 4', '1 → 5', '2 → 4', '3 → 5']))
})

test('both inputs of a union have channels of their own', () => {
  const { subtasks } = wired((job) => {
    const a = job.from('a', arraySource([1]), { timestamp: () => 1 })
    const b = job.from('b', arraySource([2]))
    a.union(b)
      .keyBy((value) => value)
      .reduce('sum', (x, y) => x + y)
      .to('c', collectSink<number>([]))
  }, 2)
  assertConsistent({ subtasks })
  const receiver = subtasks.at(-1)
  assert.equal(receiver?.spec.channels.length, 4)
  assert.deepEqual(
    receiver?.spec.channels.map(({ timed }) => timed).toSorted((a, b) => Number(a) - Number(b)),
    [false, false, true, true],
  )
})
