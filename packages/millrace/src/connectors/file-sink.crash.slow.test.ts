/**
 * A small engine writes through the file sink and dies, or sees an error, at every operation of the disk and every crash point.
 * Whatever happens, readers see each committed record once, none that is not committed, and in the end all.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sinkDefinitionOf, type Committable, type Committer, type SinkContext, type SinkDefinition } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import type { Survival } from '../simulate/disk.ts'
import type { Fault, Operation } from '../simulate/faults.ts'
import { Machine, ProcessDied } from '../simulate/machine.ts'
import type { SimulatedProcess } from '../simulate/process.ts'
import { FILE_SINK_CRASH_POINTS, type OpenPart, type Part } from './file-sink-names.ts'
import type { RollAfter } from './file-sink-rolling.ts'
import { fileSink } from './file-sink.ts'
import { jsonLines } from './json-lines.ts'
import { SeededRandom } from './seeded-random.ts'

const seed = Number(process.env['SEED'] ?? 1)
const CHECKPOINTS = 4
const RECORDS = 3
const SUBTASKS = 2

/** The newest checkpoint, as durable storage would hold it; changed in one step, only by a process that lives. */
interface Store {
  epoch: number
  checkpoint: number
  done: number
  committables: readonly Committable<Part>[]
  /** What writers sealed as their state: parts that stay open. */
  states: readonly OpenPart[]
  /** Checkpoints whose commit was reported. */
  committed: number
}

type FileSink = SinkDefinition<number, Part, OpenPart>

/** A part for each checkpoint; parts that stay open until they are full, or until the end. */
const sinks: Readonly<Record<string, RollAfter>> = {
  'a part for each checkpoint': {},
  'parts that stay open until they have some bytes': { checkpoint: false, bytes: 16 },
  'parts that stay open until the end': { checkpoint: false, age: '1h' },
  'small parts in each checkpoint': { bytes: 7 },
}

/** One attempt, from the newest checkpoint to the end of the input. */
async function attempt(env: SimulatedProcess, store: Store, rollAfter: RollAfter): Promise<void> {
  const definition = sinkDefinitionOf(fileSink<number>('/out/data', jsonLines(), { rollAfter })) as unknown as FileSink
  const epoch = ++store.epoch
  const contextOf = (subtask: number): SinkContext => ({
    env,
    job: 'job',
    sink: 'out',
    subtask,
    subtasks: SUBTASKS,
    log: '0123456789abcdef',
    isNew: false,
    keepsCheckpoints: true,
    epoch,
    signal: new AbortController().signal,
  })
  const committer = await (definition.committer as (context: SinkContext) => Promise<Committer<Part, OpenPart>>)(contextOf(0))
  await commit(env, committer, store)
  await committer.withdraw(store.committables, store.states)
  const writers = await Promise.all(
    Array.from({ length: SUBTASKS }, (_zero, subtask) =>
      definition.open(
        contextOf(subtask),
        store.states.filter((_state, index) => index % SUBTASKS === subtask),
      ),
    ),
  )
  try {
    while (store.done < CHECKPOINTS && !env.isDead) {
      const checkpoint = store.checkpoint + 1
      // The second subtask has nothing in each third checkpoint.
      for (const [subtask, writer] of writers.entries()) {
        for (let n = 0; n < RECORDS && (subtask === 0 || store.done % 3 !== 2); n++)
          writer.write(store.done * 100 + subtask * 10 + n, undefined)
      }
      const sealed = await Promise.all(
        writers.map((writer) => writer.seal(checkpoint, store.done === CHECKPOINTS - 1 ? 'end' : 'checkpoint').durable),
      )
      if (env.isDead) return await forever()
      store.states = sealed.flatMap(({ state }) => (state === undefined ? [] : [state]))
      store.committables = sealed.flatMap(({ committables }, subtask) => committables.map((data) => ({ checkpoint, epoch, subtask, data })))
      store.checkpoint = checkpoint
      store.done++
      await commit(env, committer, store)
    }
  } finally {
    await Promise.all(writers.map((writer) => writer.close()))
    await committer.close()
  }
}

async function commit(env: SimulatedProcess, committer: Committer<Part, OpenPart>, store: Store): Promise<void> {
  for (let left = 3; ; left--) {
    const outcomes = await committer.commit(store.committables)
    const problem = outcomes.find((outcome) => outcome.kind === 'failed' || outcome.kind === 'retry')
    if (problem === undefined) break
    if (problem.kind === 'failed' || left === 0) throw problem.cause
  }
  if (env.isDead) await forever()
  store.committed = store.checkpoint
}

const forever = (): Promise<never> => new Promise(() => {})

/** Sums over all parts must agree with the store; nothing else may be visible. */
function checkVisible(machine: Machine, store: Store, rollAfter: RollAfter): void {
  const seen = new Map<number, number>()
  for (const [path, bytes] of machine.disk.snapshot()) {
    if (!path.startsWith('/out/data/') || path.startsWith('/out/data/.')) continue
    assert.match(path, /^\/out\/data\/part-\d{12}-\d-\d\.jsonl$/)
    const text = new TextDecoder().decode(bytes)
    assert.ok(text.endsWith('\n'), `${path} is not whole`)
    for (const line of text.trimEnd().split('\n')) seen.set(Number(line), (seen.get(Number(line)) ?? 0) + 1)
  }
  for (const [record, count] of seen) {
    assert.equal(count, 1, `record ${record} is there ${count} times`)
    assert.ok(Math.floor(record / 100) < store.done, `record ${record} is visible, but its checkpoint is not complete`)
  }
  for (let done = 0; done < store.done; done++) {
    // What a part that stays open has is seen at the end, and what was rolled at a commit.
    const mayWait = rollAfter.checkpoint === false && (store.done < CHECKPOINTS || store.committed < store.checkpoint)
    const isCommitted = !mayWait && (store.checkpoint === store.committed || done < store.done - 1)
    for (let subtask = 0; subtask < SUBTASKS; subtask++) {
      for (let n = 0; n < RECORDS && isCommitted && (subtask === 0 || done % 3 !== 2); n++) {
        assert.ok(seen.has(done * 100 + subtask * 10 + n), `record ${done * 100 + subtask * 10 + n} was committed, and is gone`)
      }
    }
  }
}

const emptyStore = (): Store => ({ epoch: 0, checkpoint: 0, done: 0, committables: [], states: [], committed: 0 })

/** With one fault, then without, to the end. Gives how the faulty attempt ended. */
async function tryFault(
  options: ConstructorParameters<typeof Machine>[0],
  rollAfter: RollAfter,
  losesPower: boolean = false,
): Promise<'died' | 'failed' | 'done'> {
  const machine = new Machine(options)
  const store = emptyStore()
  const first = machine.start()
  let outcome: 'died' | 'failed' | 'done' = 'done'
  try {
    await machine.run(attempt(first, store, rollAfter))
  } catch (error) {
    outcome = error instanceof ProcessDied ? 'died' : 'failed'
    if (outcome === 'failed') assert.ok(StreamError.is(error) && (error.code === 'SINK' || error.code === 'COMMIT_FAILED'), String(error))
  }
  await machine.runUntilIdle()
  checkVisible(machine, store, rollAfter)
  // It may die more than once.
  if (outcome === 'died' && machine.faults !== undefined)
    await machine.run(attempt(machine.start(), store, rollAfter)).catch((error: unknown) => assert.ok(error instanceof ProcessDied))
  await machine.runUntilIdle()
  machine.faults = undefined
  machine.crashPoint = undefined
  checkVisible(machine, store, rollAfter)
  if (losesPower) machine.losePower('none')
  checkVisible(machine, store, rollAfter)
  // An attempt that failed is followed by another one in the same process.
  await machine.run(attempt(first.isDead ? machine.start() : first, store, rollAfter))
  checkVisible(machine, store, rollAfter)
  assert.equal(store.committed, store.checkpoint)
  machine.losePower('none')
  checkVisible(machine, store, rollAfter)
  // An unlink is not synced: after a loss of power a hidden name may be back, for the next epoch to withdraw.
  await machine.run(attempt(machine.start(), store, rollAfter))
  assert.deepEqual(
    [...machine.disk.snapshot().keys()].filter((path) => path.includes('.inprogress')),
    [],
    'leftovers',
  )
  return outcome
}

async function operationsOfRun(rollAfter: RollAfter): Promise<number> {
  const machine = new Machine({ seed })
  await machine.run(attempt(machine.start(), emptyStore(), rollAfter))
  return machine.operationCount
}

function survivals(random: SeededRandom): Survival[] {
  return ['none', 'all', ...Array.from({ length: 2 }, () => () => random.chance(0.5))]
}

for (const [name, rollAfter] of Object.entries(sinks)) {
  test(`a kill or a loss of power at every operation: ${name} (SEED=${seed})`, async () => {
    const count = await operationsOfRun(rollAfter)
    const random = new SeededRandom(seed, 'survival')
    for (let index = 0; index < count; index++) {
      for (const when of ['before', 'after'] as const) {
        for (const [kind, survival] of [['kill', 'all'] as const, ...survivals(random).map((one) => ['powerLoss', one] as const)]) {
          const faults = (operation: Operation): Fault | undefined => (operation.index === index ? { kind, when } : undefined)
          assert.equal(await tryFault({ seed, survival, faults }, rollAfter), 'died')
        }
      }
    }
  })

  test(`EIO and ENOSPC at every operation, also with a loss of power after it: ${name} (SEED=${seed})`, async () => {
    const count = await operationsOfRun(rollAfter)
    const outcomes = { died: 0, failed: 0, done: 0 }
    for (let index = 0; index < count; index++) {
      for (const code of ['EIO', 'ENOSPC'] as const) {
        const options = {
          seed,
          faults: (operation: Operation): Fault | undefined => (operation.index === index ? { kind: 'error', code } : undefined),
        }
        for (const losesPower of [false, true]) outcomes[await tryFault(options, rollAfter, losesPower)]++
      }
    }
    // What goes on all the same are commits that are tried again, and clearing away.
    assert.equal(outcomes.died, 0)
    assert.ok(outcomes.failed > 0 && outcomes.done > 0, JSON.stringify(outcomes))
  })

  test(`death twice, at any two operations: ${name} (SEED=${seed})`, async () => {
    const random = new SeededRandom(seed, 'twice')
    const count = await operationsOfRun(rollAfter)
    for (let round = 0; round < 60; round++) {
      const deaths = [random.below(count), random.below(count)]
      let died = 0
      let from = 0
      const faults = (operation: Operation): Fault | undefined => {
        if (died >= deaths.length || operation.index - from !== deaths[died]) return undefined
        died++
        from = operation.index
        return { kind: random.chance(0.5) ? 'kill' : 'powerLoss', when: 'after' }
      }
      await tryFault({ seed, survival: () => random.chance(0.5), faults }, rollAfter)
    }
  })
}

/** Passed only by a life that another one has left something to. */
const LATER = [
  'files.part.beforeCopy',
  'files.part.afterCopy',
  'files.commit.afterUnlinkOfCopied',
  'files.withdraw.beforeUnlink',
  'files.withdraw.afterUnlink',
]

test('death at every crash point', async () => {
  const passed = new Set<string>()
  for (const point of FILE_SINK_CRASH_POINTS) {
    for (const how of ['kill', 'powerLoss'] as const) {
      for (let which = 0; which < 4; which++) {
        const crashPoint = (name: string, count: number): typeof how | undefined => (name === point && count === which ? how : undefined)
        if ((await tryFault({ seed, crashPoint, survival: 'none' }, {})) === 'died') passed.add(point)
      }
    }
  }
  assert.deepEqual(
    FILE_SINK_CRASH_POINTS.filter((point) => !passed.has(point)),
    LATER,
  )
})

test('death in the life after a death, where that one clears away or has copied what it was left', async () => {
  const noFault = (): undefined => undefined
  for (const point of LATER) {
    for (const how of ['kill', 'powerLoss'] as const) {
      const deaths: string[] = []
      // Before its parts are in a checkpoint, so that they are withdrawn; or after it, so that they are copied.
      const isCopied = /Copy$|OfCopied$/.test(point)
      const crashPoint = (name: string, count: number): typeof how | undefined => {
        const isFirst = deaths.length === 0 && name === 'files.part.afterSync' && count === (isCopied ? 3 : 1)
        if (!isFirst && (deaths.length !== 1 || name !== point)) return undefined
        deaths.push(name)
        return how
      }
      await tryFault({ seed, crashPoint, faults: noFault, survival: 'none' }, isCopied ? { checkpoint: false, bytes: 1_000 } : {})
      assert.deepEqual(deaths, ['files.part.afterSync', point])
    }
  }
})
