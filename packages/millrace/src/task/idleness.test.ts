/** When splits become idle, with a reader that gives what it is asked for if it has it, as the contract says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineSource, type Batch, type Source } from '../connect/contract.ts'
import { settle, TaskHarness, type Row } from './harness.test.ts'

const IDLENESS = 10

interface World {
  readonly source: Source<Row>
  readonly queues: ReadonlyMap<string, number[][]>
  readonly asked: (string | undefined)[]
  give(split: string, ...batches: (readonly number[])[]): void
}

/** Batches by split. Asked for one that has nothing it gives the one that is furthest ahead of its turn: the last with data. */
function obedient(...splits: string[]): World {
  const queues = new Map(splits.map((split) => [split, [] as number[][]]))
  const asked: (string | undefined)[] = []
  let wake = (): void => {}
  const poll = (first: string | undefined): Batch<Row, number> | 'wait' => {
    asked.push(first)
    const withData = splits.filter((split) => (queues.get(split) as number[][]).length > 0)
    const split = first !== undefined && withData.includes(first) ? first : withData.at(-1)
    if (split === undefined) return 'wait'
    return { split, values: (queues.get(split) as number[][]).shift() as number[], next: asked.length }
  }
  return {
    queues,
    asked,
    source: defineSource<Row, number>({
      kind: 'obedient',
      bounded: false,
      replayable: true,
      timestamps: false,
      open: () =>
        Promise.resolve({
          splits: new Map(splits.map((split) => [split, 0])),
          poll,
          ready: () => new Promise<void>((resolve) => (wake = resolve)),
          close: () => Promise.resolve(),
        }),
    }),
    give(split, ...batches) {
      queues.get(split)?.push(...batches.map((batch) => [...batch]))
      queueMicrotask(() => wake())
    },
  }
}

function open(world: World, options: Parameters<typeof TaskHarness.open>[1] = {}): Promise<TaskHarness> {
  return TaskHarness.open(
    (job) =>
      void job
        .from('s', world.source, { timestamp: (row: Row) => row as number, idleness: IDLENESS })
        .keyBy((row: Row) => row as number)
        .reduce('r', (row) => row),
    { chainKeyed: false, ...options },
  )
}
const said = (harness: TaskHarness): string[] => harness.said.map((each) => each.replace('0→0 ', ''))

/** Records at or before a watermark that had left when they were sent. */
function late(harness: TaskHarness): number {
  let [watermark, count] = [Number.NEGATIVE_INFINITY, 0]
  for (const each of said(harness)) {
    if (each.startsWith('wm ')) watermark = Math.max(watermark, Number(each.slice(3)))
    if (each.startsWith('[')) count += (JSON.parse(each) as number[]).filter((at) => at <= watermark).length
  }
  return count
}

/** One step after the other; each takes this long. */
async function busy(harness: TaskHarness, steps: number, stepMs: number): Promise<void> {
  for (let i = 0; i < steps; i++) {
    harness.step()
    harness.monotonic += stepMs
    await settle()
  }
}
const numbers = (from: number, to: number): number[][] => Array.from({ length: to - from }, (_zero, n) => [from + n])

test('ID-6, FLINK-35886: a split that is ahead, and that nobody asks for, is not idle however long that takes', async () => {
  const world = obedient('behind', 'ahead')
  world.give('behind', ...numbers(0, 200))
  world.give('ahead', ...numbers(100, 300))
  const harness = await open(world)
  await busy(harness, 600, IDLENESS * 0.7)
  await harness.run()
  assert.equal([...world.queues.values()].flat().length, 0)
  assert.equal(late(harness), 0)
})

test('I1: before `begin` no time passes: the first checkpoint or the restore of another task may take long', async () => {
  const world = obedient('a', 'b')
  const harness = await open(world, { begins: false })
  world.give('a', [100])
  for (const now of [0, 6, 12, 18, 500]) await harness.at(now)
  harness.task.begin()
  await harness.at(1_000)
  assert.deepEqual(said(harness), ['[100]'])
  for (const now of [1_005, 1_010]) await harness.at(now)
  world.give('b', [50])
  await harness.at(1_010)
  assert.deepEqual(said(harness).slice(1), ['[50]', 'wm 49'])
})

test('I1: while a task is held no time passes for its splits', async () => {
  const world = obedient('a', 'b')
  const harness = await open(world)
  for (const now of [0, 4, 8]) await harness.at(now)
  harness.resumesAtOnce = false
  harness.task.barrier(1, 'checkpoint')
  await harness.run()
  for (const now of [100, 200, 300]) await harness.at(now)
  harness.task.resume(1)
  for (const now of [301, 302]) await harness.at(now)
  assert.deepEqual(said(harness), ['held 1', 'snapshot 1'])
  for (const now of [305, 309]) await harness.at(now)
  assert.deepEqual(said(harness).slice(2), ['idle'])
})

test('I2: a split that is silent beside a busy one becomes idle, several of them at about the same time', async () => {
  const names = Array.from({ length: 12 }, (_zero, n) => `silent${n}`)
  const world = obedient(...names, 'busy')
  world.give('busy', ...numbers(0, 2_000))
  const harness = await open(world)
  await busy(harness, 400, IDLENESS / 20)
  // 200 ms: twelve of them one after the other would take 120 at the least, and more for the time between two questions.
  const first = said(harness).findIndex((each) => each.startsWith('wm '))
  assert.ok(first > 0, 'the busy one goes on alone')
  assert.ok(first < 160, `after ${first} batches`)
})

test('I2: a split becomes idle by what is said when it is asked, so the one that gives records late but in time is not', async () => {
  const world = obedient('slow', 'busy')
  world.give('busy', ...numbers(1_000, 3_000))
  const harness = await open(world)
  for (let round = 0; round < 40; round++) {
    world.give('slow', [round])
    await busy(harness, 6, IDLENESS / 7)
  }
  assert.equal(late(harness), 0)
  assert.equal((world.queues.get('slow') as number[][]).length, 0)
})

test('I3: a gap alone makes nothing idle: the reader is asked once more', async () => {
  const world = obedient('a', 'b')
  const harness = await open(world)
  world.give('a', [100])
  await harness.at(1)
  assert.equal(world.asked.includes('b'), true)
  // The process was stopped for an hour, and what has come meanwhile is not there at once.
  await harness.at(3_600_000)
  world.give('b', [50])
  await harness.at(3_600_001)
  assert.equal(late(harness), 0)
  assert.deepEqual(said(harness), ['[100]', '[50]', 'wm 49'])
})

test('I4: an idle split that has records again is read, although the other always has some', async () => {
  const world = obedient('quiet', 'busy')
  world.give('busy', ...numbers(0, 100))
  const harness = await open(world)
  await busy(harness, 250, IDLENESS / 20)
  assert.ok(
    said(harness).some((each) => each.startsWith('wm ')),
    'quiet is idle',
  )
  world.give('busy', ...numbers(100, 400))
  world.give('quiet', [399])
  await busy(harness, 400, IDLENESS / 20)
  assert.equal((world.queues.get('quiet') as number[][]).length, 0)
  assert.ok((world.queues.get('busy') as number[][]).length > 0)
})

test('without idleness nothing is asked for but the first', async () => {
  const world = obedient('a', 'b')
  world.give('b', ...numbers(0, 50))
  const harness = await TaskHarness.open(
    (job) =>
      void job
        .from('s', world.source, { timestamp: (row: Row) => row as number })
        .keyBy((row: Row) => row as number)
        .reduce('r', (row) => row),
    { chainKeyed: false },
  )
  await busy(harness, 200, 1_000)
  assert.deepEqual([...new Set(world.asked)], ['a'])
})
