import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { subtaskOf, keyGroupOf } from '../core/key-group.ts'
import { keyHash } from '../serde/key.ts'
import type { StreamElement } from './messages.ts'
import { createRouter, type OutputEdge, type Router } from './router.ts'
import { createSpecializer } from './specialize.ts'
import { inBothModes } from './harness.test.ts'

interface Built {
  readonly router: Router
  readonly gate: { isClosed: boolean }
  readonly sent: { readonly target: number; readonly element: StreamElement }[]
  readonly emit: (value: unknown, timestamp: number) => void
}

function build(edge: Partial<OutputEdge>, options: { credits?: number; batchRecords?: number; generate?: boolean } = {}): Built {
  const gate = { isClosed: false }
  const sent: Built['sent'] = []
  const router = createRouter({
    credits: options.credits ?? 2,
    batchRecords: options.batchRecords ?? 2,
    keyGroups: 128,
    gate,
    send: (_output, target, element) => sent.push({ target, element }),
  })
  const { specialize } = createSpecializer({ generate: options.generate ?? true })
  const emit = router.emitter({ output: 0, partitioning: 'forward', targets: 1, forwardTarget: 0, ...edge }, specialize('step/x'))
  return { router, gate, sent, emit }
}
const shown = ({ sent }: Built): unknown[] =>
  sent.map(({ target, element }) => (element.kind === 'batch' ? [target, ...element.values] : [target, element.kind]))

inBothModes('R1: what has no credit waits in order, and closes the gate', (mode) => {
  const built = build({}, { credits: 1, ...mode })
  for (let i = 0; i < 6; i++) built.emit(i, i)
  assert.deepEqual(shown(built), [[0, 0, 1]])
  assert.equal(built.gate.isClosed, true)
  assert.equal(built.router.isWaiting(), true)
  built.router.credit(0, 0, 1)
  assert.deepEqual(shown(built), [
    [0, 0, 1],
    [0, 2, 3],
  ])
  built.router.credit(0, 0, 5)
  assert.deepEqual(shown(built), [
    [0, 0, 1],
    [0, 2, 3],
    [0, 4, 5],
  ])
  assert.equal(built.router.isFlushed(), true)
})

test('R2: a watermark leaves after the records before it and forces no flush', () => {
  const built = build({}, { batchRecords: 10 })
  built.emit('a', 1)
  built.router.time(0, { kind: 'watermark', at: 1 })
  built.emit('b', 2)
  built.router.time(0, { kind: 'watermark', at: 2 })
  assert.deepEqual(shown(built), [])
  built.router.flush()
  assert.deepEqual(shown(built), [
    [0, 'a', 'b'],
    [0, 'watermark'],
  ])
  assert.deepEqual(built.sent[1]?.element, { kind: 'watermark', at: 2 })
})

test('R2, ID-2: an idle mark that waits keeps its place after the watermark, and a later watermark takes its place', () => {
  const built = build({}, { batchRecords: 10 })
  built.emit('a', 1)
  built.router.time(0, { kind: 'watermark', at: 1 })
  built.router.time(0, { kind: 'idle' })
  built.router.flush()
  assert.deepEqual(shown(built), [
    [0, 'a'],
    [0, 'watermark'],
    [0, 'idle'],
  ])
  built.emit('b', 2)
  built.router.time(0, { kind: 'idle' })
  built.router.time(0, { kind: 'watermark', at: 2 })
  built.router.flush()
  assert.deepEqual(shown(built).slice(3), [
    [0, 'b'],
    [0, 'watermark'],
  ])
})

test('rules 1.18: watermarks take no credit, but never overtake a batch that waits', () => {
  const built = build({}, { credits: 0, batchRecords: 1 })
  built.emit('a', 1)
  built.router.time(0, { kind: 'watermark', at: 1 })
  assert.deepEqual(shown(built), [])
  built.router.credit(0, 0, 1)
  assert.deepEqual(shown(built), [
    [0, 'a'],
    [0, 'watermark'],
  ])
})

test('a target without room holds nobody else back', () => {
  const built = build({ partitioning: 'rebalance', targets: 2 }, { credits: 1, batchRecords: 1 })
  for (let i = 0; i < 4; i++) built.emit(i, i)
  assert.deepEqual(shown(built), [
    [0, 0],
    [1, 1],
  ])
  built.router.credit(0, 1, 1)
  assert.deepEqual(shown(built).slice(2), [[1, 3]])
  assert.equal(built.router.isWaiting(), true)
  built.router.credit(0, 0, 1)
  assert.equal(built.router.isWaiting(), false)
})

inBothModes('PT-2: round robin between steps of different parallelism', (mode) => {
  const built = build({ partitioning: 'rebalance', targets: 3 }, { batchRecords: 1, credits: 9, ...mode })
  for (let i = 0; i < 6; i++) built.emit(i, i)
  assert.deepEqual(shown(built), [
    [0, 0],
    [1, 1],
    [2, 2],
    [0, 3],
    [1, 4],
    [2, 5],
  ])
})

inBothModes('PT-1: a keyed record goes to the subtask that owns its key group', (mode) => {
  const built = build({ partitioning: 'hash', targets: 3, key: (value) => value }, { batchRecords: 1, credits: 1_000, ...mode })
  const keys = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i : `key ${i}`))
  for (const key of keys) built.emit(key, 0)
  for (const { target, element } of built.sent) {
    const [key] = element.kind === 'batch' ? element.values : []
    assert.equal(target, subtaskOf(keyGroupOf(keyHash(key as string), 128), 3, 128))
  }
  assert.deepEqual(new Set(built.sent.map(({ target }) => target)), new Set([0, 1, 2]))
})

test('OUTPUT_LIMIT: one call may emit 65,536 records into a closed gate, not more', () => {
  const built = build({}, { credits: 0, batchRecords: 512 })
  for (let i = 0; i < 65_536; i++) built.emit(i, 0)
  assert.throws(
    () => {
      for (let i = 0; i < 512; i++) built.emit(i, 0)
    },
    { code: 'OUTPUT_LIMIT' },
  )
})

test('PT-4: each channel keeps its order under any credits and flushes', () => {
  const action = fc.oneof(
    fc.record({ do: fc.constant('emit' as const), key: fc.nat(20) }),
    fc.record({ do: fc.constant('credit' as const), target: fc.nat(2), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('flush' as const) }),
    fc.record({ do: fc.constant('time' as const) }),
  )
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 200 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 2 }),
      (actions, batchRecords, credits) => {
        const built = build({ partitioning: 'hash', targets: 3, key: (value) => (value as { key: number }).key }, { batchRecords, credits })
        const expected: unknown[][] = [[], [], []]
        const owed = [credits, credits, credits]
        let count = 0
        for (const each of actions) {
          if (each.do === 'emit') {
            const value = { key: each.key, n: count++ }
            expected[subtaskOf(keyGroupOf(keyHash(each.key), 128), 3, 128)]?.push(value)
            built.emit(value, count)
          } else if (each.do === 'credit') {
            built.router.credit(0, each.target, each.count)
            owed[each.target] = (owed[each.target] as number) + each.count
          } else if (each.do === 'flush') built.router.flush()
          else {
            built.router.time(0, { kind: 'watermark', at: count })
            for (const list of expected) list.push(`wm ${count}`)
          }
        }
        built.router.flush()
        const batches = [0, 0, 0]
        for (const { target, element } of built.sent) if (element.kind === 'batch') batches[target] = (batches[target] as number) + 1
        batches.forEach((sent, target) => assert.ok(sent <= (owed[target] as number), 'more batches than credits'))
        for (const target of [0, 1, 2]) built.router.credit(0, target, 1_000)
        assert.equal(built.router.isFlushed(), true)
        const got: unknown[][] = [[], [], []]
        for (const { target, element } of built.sent) {
          if (element.kind === 'batch') got[target]?.push(...element.values)
          else if (element.kind === 'watermark') got[target]?.push(`wm ${element.at}`)
        }
        // Of watermarks in a row the last one is enough.
        const merged = (list: unknown[]): unknown[] =>
          list.filter((each, i) => !(typeof each === 'string' && typeof list[i + 1] === 'string'))
        const onlyRecords = (list: unknown[]): unknown[] => list.filter((each) => typeof each !== 'string')
        for (const target of [0, 1, 2]) {
          assert.deepEqual(onlyRecords(got[target] as unknown[]), onlyRecords(expected[target] as unknown[]))
          neverAhead(merged(expected[target] as unknown[]), got[target] as unknown[])
        }
      },
    ),
  )
})

/** A watermark in `got` stands behind at least the records that it stood behind when it was said. */
function neverAhead(expected: unknown[], got: unknown[]): void {
  const recordsBefore = (list: unknown[], mark: unknown): number =>
    list.slice(0, list.lastIndexOf(mark)).filter((each) => typeof each !== 'string').length
  for (const mark of new Set(got.filter((each) => typeof each === 'string'))) {
    if (expected.includes(mark)) assert.ok(recordsBefore(got, mark) >= recordsBefore(expected, mark), `${String(mark)} overtook a record`)
  }
}
