/** What is left in the directory: what retained checkpoints name, and nothing else (rules 1.5 e, D6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEntry } from '../checkpoint/entry.ts'
import { chunkName } from '../checkpoint/chunk-name.ts'
import { FAN_IN } from '../checkpoint/compaction.ts'
import { nodeDigest } from '../env/node-digest.ts'
import {
  assertCounted,
  checkpointed,
  checkpointsOf,
  codeOf,
  countingJob,
  errorsOf,
  Lab,
  pacedSource,
  rowsOf,
  type Counted,
} from './simulated-job.test.ts'

const rows = rowsOf('a', 200, 17)
const job = countingJob({ source: pacedSource({ a: rows }, { everyMs: 14 }) })

/** Names of chunks that checkpoints of the log name, and those that are there. */
function chunksOf(lab: Lab): {
  readonly named: string[]
  readonly there: string[]
  readonly checkpoints: number
  readonly others: string[]
  /** The newest checkpoint is that of the end of all input. */
  readonly isEnd: boolean
} {
  const files = lab.machine.disk.snapshot()
  const entries = lab
    .paths('/checkpoints/log')
    .filter((path) => path.endsWith('.entry'))
    .map((path) => decodeEntry(files.get(path) as Uint8Array, { number: Number(/(\d+)\.entry/.exec(path)?.[1]), name: path }, nodeDigest))
  const manifests = entries.flatMap((entry) => (entry.kind === 'checkpoint' ? [entry.manifest] : []))
  const named = [...new Set(manifests.flatMap(({ chunks }) => chunks.map(({ name }) => name)))]
  const there = lab.paths('/checkpoints/chunks').map((path) => path.slice('/checkpoints/chunks/'.length))
  const others = lab.paths('/checkpoints').filter((path) => !path.startsWith('/checkpoints/chunks/') && !path.endsWith('.entry'))
  const order = (a: string, b: string): number => (a < b ? -1 : 1)
  return {
    named: named.toSorted(order),
    there: there.toSorted(order),
    checkpoints: manifests.length,
    others,
    isEnd: manifests.at(-1)?.reason === 'end',
  }
}

for (const retain of [1, 2, 3])
  test(`CP-10: after many checkpoints, merges and a kill the directory holds what ${retain} checkpoints name`, async () => {
    const lab = new Lab()
    const life = await lab.start(job, checkpointed({ retain }))
    await life.until('checkpoint', 45)
    lab.machine.kill(life.process)
    const next = await lab.start(job, checkpointed({ retain }))
    assert.equal(await next.end(), 'finished')
    assert.ok(checkpointsOf([...life.events, ...next.events]).length > FAN_IN + retain)
    assert.ok((lab.machine.crashPoints.get('upkeep.mergeChunk') ?? 0) > 0, 'runs were merged')
    const { named, there, checkpoints, others } = chunksOf(lab)
    assert.deepEqual(there, named)
    assert.ok(named.some((name) => name.includes('merged')) || named.length > 0)
    assert.equal(checkpoints, retain)
    assert.deepEqual(others, ['/checkpoints/beat', '/checkpoints/millrace.json'])
    assertCounted(lab.rows<Counted>(), rows)
  })

test('a restore after merges, at another parallelism, gives the same state', async () => {
  const lab = new Lab()
  const life = await lab.start(job, checkpointed({ retain: 1 }, { keyGroups: 16 }))
  await life.when(() => (lab.machine.crashPoints.get('upkeep.mergeChunk') ?? 0) > 0)
  await life.until('checkpoint', checkpointsOf(life.events).length + 4)
  lab.machine.kill(life.process)
  assert.equal(await lab.run(job, checkpointed({ retain: 1 }, { parallelism: 3 })), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('a merge that is under way when the job is stopped leaves nothing behind', async () => {
  const lab = new Lab()
  const life = await lab.start(
    countingJob({ source: pacedSource({ a: rows }, { everyMs: 14, endless: true }) }),
    checkpointed({ retain: 1 }),
  )
  // The chunk of the merge takes longer than the rest of the job.
  lab.machine.crashPoint = (name) => {
    if (name === 'upkeep.mergeChunk' && lab.machine.faults === undefined) {
      lab.machine.faults = ({ kind, path }) => (kind === 'sync' && path.includes('/chunks/') ? { kind: 'slow', byMs: 2_000 } : undefined)
      void life.handle.stop()
    }
    return undefined
  }
  assert.equal(await life.end(), 'stopped')
  const { named, there, others } = chunksOf(lab)
  assert.deepEqual(there, named)
  assert.deepEqual(others, ['/checkpoints/beat', '/checkpoints/millrace.json'])
  lab.machine.faults = undefined
  assert.equal(await lab.run(job, checkpointed()), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
})

test('a start that is refused or finds damage deletes nothing, not even what dead attempts left', async () => {
  const lab = new Lab({ crashPoint: (name, count) => (name === 'chunk.after' && count === 20 ? 'kill' : undefined) })
  assert.equal(await lab.run(job, checkpointed({ retain: 1 }, { keyGroups: 7 })), 'died')
  lab.machine.crashPoint = undefined
  const { named, there } = chunksOf(lab)
  const left = there.filter((name) => !named.includes(name))
  assert.ok(left.length > 0, 'a chunk of a checkpoint that does not exist')
  const before = lab.picture('/checkpoints/chunks')
  assert.equal(codeOf(await lab.run(job, checkpointed({ retain: 1 }, { keyGroups: 8 }))), 'KEY_GROUPS_CHANGED')
  await lab.machine.runUntilIdle()
  assert.deepEqual(lab.picture('/checkpoints/chunks'), before)

  const path = `/checkpoints/chunks/${named.at(-1)}`
  const inode = lab.machine.disk.open(path)
  const bytes = inode.read(0, inode.size)
  inode.overwrite(bytes.map((byte) => byte ^ 1))
  const damaged = lab.picture('/checkpoints/chunks')
  const end = await lab.run(job, checkpointed({ retain: 1 }))
  assert.equal(codeOf(end), 'CHECKPOINT_CORRUPT')
  assert.ok(String(end).includes(path))
  await lab.machine.runUntilIdle()
  assert.deepEqual(lab.picture('/checkpoints/chunks'), damaged)

  inode.overwrite(bytes)
  assert.equal(await lab.run(job, checkpointed({ retain: 1 })), 'finished')
  assert.deepEqual(chunksOf(lab).there, chunksOf(lab).named)
  assertCounted(lab.rows<Counted>(), rows)
})

test('what a dead attempt left is gone too when nothing but the last entry was missing', async () => {
  const lab = new Lab()
  lab.machine.crashPoint = (name) => (name === 'checkpoint.stored' && chunksOf(lab).isEnd ? 'kill' : undefined)
  assert.equal(await lab.run(job, checkpointed({ retain: 1 })), 'died')
  lab.machine.crashPoint = undefined
  const left = chunkName({ epoch: 1, kind: 'merged', checkpoint: 3, task: 'step/count', subtask: 0, random: '0123456789abcdef' })
  lab.write(`/checkpoints/chunks/${left}`, 'left')
  assert.equal(await lab.run(job, checkpointed({ retain: 1 })), 'finished')
  const { named, there } = chunksOf(lab)
  assert.deepEqual(there, named)
  assertCounted(lab.rows<Counted>(), rows)
})

test('files that cannot be deleted hurt nobody, and are gone after the next start', async () => {
  const lab = new Lab()
  lab.machine.faults = ({ kind, path }) =>
    kind === 'unlink' && !path.includes('/.') && path.startsWith('/checkpoints/') ? { kind: 'error', code: 'EIO' } : undefined
  const life = await lab.start(job, checkpointed({ retain: 1 }))
  await life.until('checkpoint', 12)
  await lab.wait(life.handle.stop())
  assert.ok(chunksOf(lab).there.length > chunksOf(lab).named.length || chunksOf(lab).checkpoints > 1)
  assert.ok(life.process.logged.some(({ event }) => event === 'deleting old checkpoint files failed'))
  lab.machine.faults = undefined
  assert.equal(await lab.run(job, checkpointed({ retain: 1 })), 'finished')
  const { named, there, checkpoints } = chunksOf(lab)
  assert.deepEqual(there, named)
  assert.equal(checkpoints, 1)
})

/** An attempt of the job fails with the first record for which it is asked to; in the end nothing is lost, and nothing left. */
async function failOnce(lab: Lab, failsNow: () => boolean): Promise<void> {
  let hasFailed = false
  const failing = countingJob({
    source: pacedSource({ a: rows }, { everyMs: 14 }),
    inspect: () => {
      if (hasFailed || !failsNow()) return
      hasFailed = true
      throw new Error('again')
    },
  })
  const life = await lab.start(failing, checkpointed({ retain: 1 }, { restart: { strategy: 'fixed-delay', attempts: 2, delay: 3 } }))
  assert.equal(await life.end(), 'finished')
  assert.ok(hasFailed)
  const { named, there } = chunksOf(lab)
  assert.deepEqual(there, named)
  assertCounted(lab.rows<Counted>(), rows)
}

test('a chunk that a failed attempt was still writing when the job went on is gone in the end', async () => {
  const lab = new Lab()
  let isHit = false
  lab.machine.crashPoint = (name, count) => {
    if (name === 'chunk.before' && count === 8) {
      isHit = true
      lab.machine.faults = ({ kind, path }) => (kind === 'sync' && path.includes('/chunks/') ? { kind: 'slow', byMs: 400 } : undefined)
    }
    return undefined
  }
  await failOnce(lab, () => {
    if (isHit) lab.machine.faults = undefined
    return isHit
  })
})

test('a merge that outlives its attempt, and how long is waited for it, leaves nothing behind', async () => {
  const lab = new Lab()
  let slowed: 'not yet' | 'next' | 'done' = 'not yet'
  lab.machine.crashPoint = (name) => {
    if (name === 'upkeep.mergeChunk' && slowed === 'not yet') slowed = 'next'
    return undefined
  }
  lab.machine.faults = ({ kind, path }) => {
    if (slowed !== 'next' || kind !== 'sync' || !path.includes('/chunks/')) return undefined
    slowed = 'done'
    // Longer than a failed attempt is waited for: it comes while the next one runs.
    return { kind: 'slow', byMs: 180_500 }
  }
  await failOnce(lab, () => slowed === 'done')
})

test('a chunk of a checkpoint that was given up, still being written when the job has finished, is gone too', async () => {
  const lab = new Lab()
  let slowed = 0
  const few = rowsOf('a', 40, 17)
  lab.machine.faults = ({ kind, path }) =>
    kind === 'sync' && path.includes('/chunks/') && slowed++ === 3 ? { kind: 'slow', byMs: 5_000 } : undefined
  const life = await lab.start(
    countingJob({ source: pacedSource({ a: few }, { everyMs: 14 }) }),
    checkpointed({ retain: 1, timeout: 60 }),
    {
      tuning: { failureBudget: 3 },
    },
  )
  assert.equal(await life.end(), 'finished')
  assert.ok(life.events.some(({ kind }) => kind === 'checkpoint-aborted'))
  const { named, there } = chunksOf(lab)
  assert.deepEqual(there, named)
  assertCounted(lab.rows<Counted>(), few)
})

test('chunks of checkpoints that were given up do not stay while a job that never ends runs on, early or late as they come', async () => {
  const lab = new Lab()
  let synced = 0
  // One of two chunks comes long after its checkpoint was given up; the other is there at once.
  lab.machine.faults = ({ kind, path }) =>
    kind === 'sync' && path.includes('/chunks/.') && [5, 12, 19].includes(synced++) ? { kind: 'slow', byMs: 300 } : undefined
  const life = await lab.start(
    countingJob({ source: pacedSource({ a: rows, b: rowsOf('b', 200, 17) }, { everyMs: 14, endless: true }) }),
    checkpointed({ retain: 1, timeout: 60 }, { parallelism: 2 }),
    { tuning: { failureBudget: 100 } },
  )
  await life.until('checkpoint-aborted', 3)
  const aborted = new Set(life.events.flatMap((event) => (event.kind === 'checkpoint-aborted' ? [String(event.checkpoint)] : [])))
  await life.until('checkpoint', checkpointsOf(life.events).length + 40)
  const { there } = chunksOf(lab)
  assert.deepEqual(
    there.filter((name) => aborted.has(/e1-c(\d+)-/.exec(name)?.[1] ?? '')),
    [],
  )
  await lab.wait(life.handle.stop())
  assert.deepEqual(chunksOf(lab).there, chunksOf(lab).named)
})

test('chunks of attempts that failed are gone in the end', async () => {
  const lab = new Lab()
  let left = 6
  const failing = countingJob({
    source: pacedSource({ a: rows }, { everyMs: 5 }),
    inspect: ({ n }) => {
      if (n % 20 === 19 && left-- > 0) throw new Error('again')
    },
  })
  const life = await lab.start(failing, checkpointed({ retain: 1 }, { restart: { strategy: 'fixed-delay', attempts: 6, delay: 3 } }))
  assert.equal(await life.end(), 'finished')
  const { named, there } = chunksOf(lab)
  assert.deepEqual(there, named)
  assertCounted(lab.rows<Counted>(), rows)
})

test('a job whose last entry counted, though its process was told three times that it had failed, leaves nothing behind', async () => {
  const lab = new Lab()
  let tries = 0
  lab.machine.faults = ({ kind, path }) => {
    if (kind !== 'link') return undefined
    // So that one is there at the end which no checkpoint names.
    if (/\/chunks\/e1-m/.test(path)) return { kind: 'slow', byMs: 40 }
    if (!path.includes('/log/') || tries === 3 || !chunksOf(lab).isEnd) return undefined
    return { kind: 'error', code: 'EIO', when: tries++ === 0 ? 'after' : 'before' }
  }
  const life = await lab.start(job, checkpointed({ retain: 1 }, { restart: { strategy: 'fixed-delay', attempts: 2, delay: 3 } }))
  assert.equal(await life.end(), 'finished')
  assert.deepEqual([tries, errorsOf(life.events)], [3, ['STORAGE']])
  const { named, there } = chunksOf(lab)
  assert.deepEqual(there, named)
  assertCounted(lab.rows<Counted>(), rows)
})
