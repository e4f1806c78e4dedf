import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertCounted, checkpointed, countingJob, Lab, pacedSource, rowsOf, type Counted } from './simulated-job.test.ts'
import { CRASH_POINTS } from './crash-points.ts'

/** A point that is in no list is never attacked, and one that is nowhere makes an attack wait in vain. */
test('the list of crash points names exactly the points of the source', () => {
  const source = join(import.meta.dirname, '..')
  const found = new Set<string>()
  for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts') || path.startsWith('simulate')) continue
    for (const [, name] of readFileSync(join(source, path), 'utf8').matchAll(/crashPoint\(['`]([^'`]+)['`]\)/g)) {
      if (name?.includes('${') === true) for (const what of ['chunk', 'entry', 'mark']) found.add(name.replace('${what}', what))
      else found.add(name as string)
    }
  }
  assert.deepEqual([...found].sort(), [...CRASH_POINTS].sort())
})

/** What lies between two points, each the points before and after it. Where steps follow each other at once they share one. */
const steps: readonly (readonly [before: string, after: string])[] = [
  ['claim.before', 'claim.after'],
  ['withdraw.before', 'withdraw.after'],
  ['restore.open', 'restore.opened'],
  ['restore.run', 'restore.runRead'],
  ['task.draining', 'task.drained'],
  ['task.drained', 'task.held'],
  ['task.encode', 'task.encoded'],
  ['task.acknowledge', 'task.acknowledged'],
  ['chunk.before', 'chunk.after'],
  ['entry.beforeCreate', 'entry.afterCreate'],
  ['entry.afterCreate', 'entry.confirmed'],
  ['entry.confirmed', 'checkpoint.stored'],
  ['commit.before', 'commit.after'],
  ['acknowledge.before', 'acknowledge.after'],
  ['upkeep.deleteEntry', 'upkeep.entryDeleted'],
  ['upkeep.deleteChunk', 'upkeep.chunkDeleted'],
  ['upkeep.mergeChunk', 'upkeep.chunkMerged'],
  ['directory.beforeMake', 'directory.afterMake'],
  ['directory.afterMake', 'directory.afterSync'],
  ...['chunk', 'entry', 'mark'].flatMap((what): [string, string][] => [
    [`storage.${what}.beforeSync`, `storage.${what}.beforeLink`],
    [`storage.${what}.beforeLink`, `storage.${what}.afterLink`],
    [`storage.${what}.afterLink`, `storage.${what}.afterDirectorySync`],
  ]),
  ['storage.beat.beforeRename', 'storage.beat.afterRename'],
  ['storage.sweep.beforeUnlink', 'storage.sweep.afterUnlink'],
  ['files.part.beforeCopy', 'files.part.afterCopy'],
  ['files.part.beforeCreate', 'files.part.afterCreate'],
  ['files.part.beforeSync', 'files.part.afterSync'],
  ['files.part.afterSync', 'files.part.afterDirectorySync'],
  ['files.commit.beforeLink', 'files.commit.afterLink'],
  ['files.commit.afterLink', 'files.commit.afterDirectorySync'],
  // The directory is synced once for all that were linked.
  ['files.commit.afterLink', 'files.commit.afterUnlink'],
  ['files.commit.afterUnlink', 'files.commit.afterUnlinkOfCopied'],
  ['files.withdraw.beforeUnlink', 'files.withdraw.afterUnlink'],
]

test('each crash point is one side of a step that has both', () => {
  assert.deepEqual([...new Set(steps.flat())].sort(), [...CRASH_POINTS].sort())
})

const rows = rowsOf('a', 60)

interface Watched {
  /** How often each point was passed, by all processes. */
  readonly passed: ReadonlyMap<string, number>
  /** The points after a step that a process has passed more often than the one before it. */
  readonly early: readonly string[]
}

function watch(lab: Lab, isDeath: (name: string, count: number) => boolean = () => false): Watched {
  const early: string[] = []
  const byProcess = new Map<object, Map<string, number>>()
  lab.machine.crashPoint = (name, _count, process) => {
    const passed = byProcess.get(process) ?? new Map<string, number>()
    byProcess.set(process, passed)
    const count = (passed.get(name) ?? 0) + 1
    passed.set(name, count)
    for (const [before, after] of steps) if (name === after && count > (passed.get(before) ?? 0)) early.push(`${after} (${count})`)
    return isDeath(name, count) ? 'kill' : undefined
  }
  return { passed: lab.machine.crashPoints, early }
}

test('the point before a step is passed before the one after it, at several subtasks, when a job is new, killed and restored', async () => {
  const lab = new Lab()
  const { passed, early } = watch(lab, (name, count) => name === 'checkpoint.stored' && count === 4)
  const others = rowsOf('b', 60).map((row) => ({ ...row, key: `other ${row.key}` }))
  const job = countingJob({ source: pacedSource({ a: rows, b: others }, { everyMs: 10 }) })
  const options = checkpointed({ retain: 1 }, { parallelism: 2 })
  assert.deepEqual([await lab.run(job, options), await lab.run(job, options)], ['died', 'died'])
  lab.machine.crashPoint = undefined
  assert.equal(await lab.run(job, options), 'finished')
  assertCounted(lab.rows<Counted>(), [...rows, ...others])
  assert.deepEqual(early, [])
  const restoring = ['restore.open', 'restore.run', 'restore.runRead', 'restore.opened']
  const holding = ['task.draining', 'task.drained', 'task.held', 'task.encode', 'task.encoded', 'task.acknowledge', 'task.acknowledged']
  for (const name of [...restoring, ...holding, 'files.part.beforeCreate']) assert.ok(passed.has(name), `${name} is never passed`)
})

test('a claim that the same process makes again has a point before it, as the first one has', async () => {
  const lab = new Lab()
  const { passed, early } = watch(lab)
  let isThrown = false
  const inspect = ({ n }: { readonly n: number }): void => {
    if (n < 30 || isThrown) return
    isThrown = true
    throw new Error('once')
  }
  const restart = { strategy: 'fixed-delay', attempts: 3, delay: '1ms' } as const
  const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 2 }), inspect })
  assert.equal(await lab.run(job, checkpointed({}, { restart })), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
  assert.deepEqual(early, [])
  assert.deepEqual([passed.get('claim.before'), passed.get('claim.after')], [2, 2])
})
