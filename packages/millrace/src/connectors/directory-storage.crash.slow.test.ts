/**
 * Every operation of the disk that a scenario makes, one after the other: killed before and after it, power lost before and
 * after it with nothing, everything or some of what is not durable kept, EIO, ENOSPC. What was reported must be there, what is
 * there must be whole.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storageDefinitionOf, type OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import type { Survival } from '../simulate/disk.ts'
import type { Fault, Operation } from '../simulate/faults.ts'
import { Machine, ProcessDied } from '../simulate/machine.ts'
import type { SimulatedProcess } from '../simulate/process.ts'
import { STORAGE_CRASH_POINTS } from './directory-storage-open.ts'
import { directoryStorage } from './directory-storage.ts'
import { DIRECTORY_CRASH_POINTS } from './durable.ts'
import { SeededRandom } from './seeded-random.ts'
import { SWEEP_CRASH_POINTS } from './temporary-names.ts'

/** Those of a first life. */
const POINTS = [...DIRECTORY_CRASH_POINTS, ...STORAGE_CRASH_POINTS]
const seed = Number(process.env['SEED'] ?? 1)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text.repeat(300))
const open = (env: Env): Promise<OpenStorage> =>
  (storageDefinitionOf(directoryStorage('/data/job')) as { open(env: Env): Promise<OpenStorage> }).open(env)

/** What the scenario was told, kept by nobody's memory but the test's. */
interface Told {
  readonly entries: Set<number>
  readonly chunks: Set<string>
  readonly deleted: Set<string>
}

async function scenario(env: SimulatedProcess, told: Told): Promise<void> {
  const storage = await open(env)
  const note = (done: () => void): void => {
    if (!env.isDead) done()
  }
  const chunk = async (name: string): Promise<void> => {
    await storage.writeChunk(name, [bytes(name), bytes('!')])
    note(() => told.chunks.add(name))
  }
  const entry = async (n: number): Promise<void> => {
    const result = await storage.createEntry(n, bytes(`entry ${n}`))
    assert.equal(result, 'created')
    note(() => told.entries.add(n))
  }
  await storage.entries()
  await entry(1)
  await chunk('a')
  await storage.beat({ epoch: 1, count: 1, newestEntry: 1 })
  await Promise.all([chunk('b'), chunk('c')])
  await entry(2)
  await storage.beat({ epoch: 1, count: 2, newestEntry: 2 })
  note(() => told.deleted.add('a'))
  await storage.deleteChunk('a')
  await entry(3)
}

/** Gives the number of the entry that the new owner has made. */
async function checkWhole(env: SimulatedProcess<Machine>, told: Told): Promise<number> {
  const storage = await open(env)
  const entries = await storage.entries()
  for (const n of told.entries) assert.ok(entries.includes(n), `entry ${n} was created, and is gone`)
  for (const n of entries) assert.deepEqual(await storage.readEntry(n), bytes(`entry ${n}`), `entry ${n} is not whole`)
  const chunks: string[] = []
  for await (const name of storage.listChunks()) chunks.push(name)
  for (const name of told.chunks) assert.ok(chunks.includes(name) || told.deleted.has(name), `chunk ${name} was written, and is gone`)
  for (const name of chunks) assert.deepEqual((await storage.readChunk(name)).length, 300 * (name.length + 1), `chunk ${name} is not whole`)
  const beat = await storage.lastBeat()
  if (beat !== undefined) assert.ok(beat.epoch === 1 && beat.count === beat.newestEntry)
  // The next owner goes on, and clears away what the dead one was writing: at once, or a day later if that was another boot.
  const next = (entries.at(-1) ?? 0) + 1
  env.machine.skewWallClock(25 * 60 * 60 * 1000)
  assert.equal(await storage.createEntry(next, bytes(`entry ${next}`)), 'created')
  const left = [...env.machine.disk.snapshot().keys()].filter((path) => path.includes('/.'))
  assert.deepEqual(left, [], 'leftovers')
  return next
}

const fresh = (): Told => ({ entries: new Set(), chunks: new Set(), deleted: new Set() })

async function operationsOfScenario(): Promise<number> {
  const machine = new Machine({ seed })
  await machine.run(scenario(machine.start(), fresh()))
  assert.deepEqual(
    POINTS.filter((point) => !machine.crashPoints.has(point)),
    [],
    'every named crash point is passed',
  )
  assert.deepEqual(
    [...machine.crashPoints.keys()].filter((point) => !POINTS.includes(point)),
    [],
    'every crash point is listed',
  )
  return machine.operationCount
}

/** Runs the scenario with one fault, then looks at what a new process finds. */
async function tryFault(
  options: ConstructorParameters<typeof Machine>[0],
  losesPower: boolean = false,
): Promise<'died' | 'failed' | 'done'> {
  const machine = new Machine(options)
  const told = fresh()
  let outcome: 'died' | 'failed' | 'done' = 'done'
  const first = machine.start()
  try {
    await machine.run(scenario(first, told))
  } catch (error) {
    outcome = error instanceof ProcessDied ? 'died' : 'failed'
    if (outcome === 'failed') assert.equal((error as { code?: unknown }).code, 'STORAGE', String(error))
  }
  machine.faults = undefined
  machine.crashPoint = undefined
  await machine.runUntilIdle()
  first.kill()
  if (losesPower) machine.losePower('none')
  const next = await machine.run(checkWhole(machine.start(), told))
  machine.losePower('none')
  assert.deepEqual(
    await machine.run(open(machine.start()).then((storage) => storage.readEntry(next))),
    bytes(`entry ${next}`),
    'what the new owner made',
  )
  return outcome
}

function survivals(random: SeededRandom): Survival[] {
  return ['none', 'all', ...Array.from({ length: 6 }, () => () => random.chance(0.5))]
}

test(`a kill or a loss of power at every operation (SEED=${seed})`, async () => {
  const count = await operationsOfScenario()
  const random = new SeededRandom(seed, 'survival')
  let died = 0
  let tried = 0
  for (let index = 0; index < count; index++) {
    for (const when of ['before', 'after'] as const) {
      for (const [kind, survival] of [['kill', 'all'] as const, ...survivals(random).map((one) => ['powerLoss', one] as const)]) {
        const fault: Fault = { kind, when }
        tried++
        if ((await tryFault({ seed, survival, faults: (operation) => (operation.index === index ? fault : undefined) })) === 'died') died++
      }
    }
  }
  assert.equal(died, tried, 'every fault ended the process')
})

test(`EIO and ENOSPC at every operation (SEED=${seed})`, async () => {
  const count = await operationsOfScenario()
  const outcomes = { died: 0, failed: 0, done: 0 }
  for (let index = 0; index < count; index++) {
    for (const code of ['EIO', 'ENOSPC'] as const) {
      const options = {
        seed,
        faults: (operation: Operation): Fault | undefined => (operation.index === index ? { kind: 'error', code } : undefined),
      }
      outcomes[await tryFault(options)]++
      outcomes[await tryFault(options, true)]++
    }
  }
  // What goes on all the same are clearing away and closing.
  assert.equal(outcomes.died, 0)
  assert.ok(outcomes.failed > outcomes.done, JSON.stringify(outcomes))
})

test('S2: an entry whose directory sync failed is durable once a second call has found it there', async () => {
  const machine = new Machine({ seed })
  const first = machine.start()
  let failures = 0
  const storage = await machine.run(open(first))
  await machine.run(storage.createEntry(1, bytes('claim')))
  machine.faults = ({ kind }) => (kind === 'syncDirectory' && failures++ === 0 ? { kind: 'error', code: 'EIO' } : undefined)
  await assert.rejects(machine.run(storage.createEntry(2, bytes('mine'))), { code: 'STORAGE' })
  assert.equal(await machine.run(storage.createEntry(2, bytes('mine'))), 'exists')
  machine.losePower('none')
  machine.faults = undefined
  const after = await machine.run(open(machine.start()))
  assert.deepEqual(await machine.run(after.readEntry(2)), bytes('mine'))
})

test('S2: an entry of a process that died before it was durable is durable before the next process adds its own', async () => {
  for (let lost = 0; lost < 12; lost++) {
    const machine = new Machine({ seed, survival: (index) => index !== lost })
    await machine.run(open(machine.start()).then((storage) => storage.createEntry(1, bytes('claim'))))
    let dies = true
    machine.crashPoint = (point) => (point === 'storage.entry.afterLink' && dies ? 'kill' : undefined)
    await machine.run(open(machine.start()).then((storage) => storage.createEntry(2, bytes('dead')))).catch(() => undefined)
    dies = false
    machine.crashPoint = (point) => (point === 'storage.entry.afterLink' ? 'powerLoss' : undefined)
    const next = await machine.run(open(machine.start()))
    assert.deepEqual(await machine.run(next.entries()), [1, 2])
    await machine.run(next.createEntry(3, bytes('after it'))).catch(() => undefined)
    machine.crashPoint = undefined
    const entries = await machine.run(open(machine.start()).then((storage) => storage.entries()))
    assert.ok(entries.includes(2), `without change ${lost} that was not durable, ${entries} are left`)
  }
})

test('death at every crash point', async () => {
  for (const point of POINTS) {
    for (const how of ['kill', 'powerLoss'] as const) {
      for (const which of [0, 1]) {
        const crashPoint = (name: string, count: number): typeof how | undefined => (name === point && count === which ? how : undefined)
        const outcome = await tryFault({ seed, crashPoint, survival: 'none' })
        assert.ok(outcome === 'died' || which === 1, `${point} ${which}: ${outcome}`)
      }
    }
  }
})

test('death of an owner that clears away what a dead one was writing', async () => {
  for (const point of SWEEP_CRASH_POINTS) {
    const told = fresh()
    const deaths: string[] = []
    const machine = new Machine({
      seed,
      crashPoint: (name) => {
        if (name !== ['storage.chunk.beforeLink', point][deaths.length]) return undefined
        deaths.push(name)
        return 'kill'
      },
    })
    await assert.rejects(machine.run(scenario(machine.start(), told)), ProcessDied)
    // Dead after the last step of the call, it may still believe that it was well.
    await machine.run(checkWhole(machine.start(), told)).catch((error: unknown) => assert.ok(error instanceof ProcessDied, String(error)))
    assert.deepEqual(deaths, ['storage.chunk.beforeLink', point])
    await machine.run(checkWhole(machine.start(), told))
  }
})
