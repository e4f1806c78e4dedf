/** A process that dies, at every named point of a short job: the next one goes on exactly (rules 1.1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { assertCounted, checkpointed, countingJob, Lab, pacedSource, rowsOf, SEED, type Counted } from './simulated-job.test.ts'
import { CRASH_POINTS } from './crash-points.ts'

const rows = rowsOf('a', 10)
const job = countingJob({ source: pacedSource({ a: rows }, { batch: 2, everyMs: 8 }) })
// Two are kept, so that entries are deleted in the short job.
const options = checkpointed({ retain: 1 })

test('a fresh start has written checkpoint 0, with resolved positions, before a record flows', async () => {
  const lab = new Lab()
  let entries: string[] = []
  const inspect = (): void => {
    if (entries.length === 0) entries = lab.paths('/checkpoints/log').filter((path) => path.endsWith('.entry'))
  }
  assert.equal(await lab.run(countingJob({ source: pacedSource({ a: rows }), inspect }), options), 'finished')
  assert.ok(entries.length >= 2, 'a claim and a checkpoint')
})

/** Each point of a run that nothing disturbs, as often as it is passed. */
async function passes(): Promise<readonly (readonly [name: string, count: number])[]> {
  const lab = new Lab({ seed: SEED })
  assert.equal(await lab.run(job, options), 'finished')
  return [...lab.machine.crashPoints].flatMap(([name, times]) => Array.from({ length: times }, (_zero, count) => [name, count] as const))
}

async function dieAt(how: 'kill' | 'powerLoss', name: string, count: number): Promise<void> {
  const lab = new Lab({ seed: SEED, crashPoint: (at, passed) => (at === name && passed === count ? how : undefined) })
  const what = `${how} at ${name}, passed ${count} times before`
  const first = await lab.run(job, options)
  // What comes after the last entry can also be cut short by the end itself.
  assert.ok(first === 'died' || first === 'finished', `${what}: ${String(first)}`)
  lab.machine.crashPoint = undefined
  const second = await lab.run(job, options)
  assert.ok(second === 'finished' || second === 'already-finished', `${what}: ${String(second)}`)
  assertCounted(lab.rows<Counted>(), rows)
  const hidden = lab.paths('/out').filter((path) => path.includes('/.'))
  if (second === 'finished') assert.deepEqual(hidden, [], `${what} leaves hidden files`)
}

for (const how of ['kill', 'powerLoss'] as const)
  test(`a ${how === 'kill' ? 'kill' : 'loss of power'} at every crash point that a short job passes, then a restart (SEED=${SEED})`, async () => {
    const found = await passes()
    assert.ok(found.length > 100)
    for (const [name, count] of found) await dieAt(how, name, count)
  })

test('every named crash point is passed by some life of a job that is killed, restored and merges', async () => {
  // Sealed but in no manifest yet, so that it is withdrawn; an open part, so that it is copied; a file without its name, so that it is swept.
  const deaths = ['files.part.afterDirectorySync', 'storage.chunk.beforeLink']
  const passed = new Set<string>()
  for (const rollAfter of [{}, { checkpoint: false, bytes: 400 }]) {
    const lab = new Lab()
    const sink = fileSink<Counted>('/out', jsonLines(), { rollAfter })
    const wide = countingJob({ source: pacedSource({ a: rowsOf('a', 200) }, { everyMs: 15 }), sink })
    for (const point of deaths) {
      let left = 5
      lab.machine.crashPoint = (name) => (name === point && left-- === 0 ? 'kill' : undefined)
      assert.equal(await lab.run(wide, options), 'died')
    }
    assert.equal(await lab.run(wide, options), 'finished')
    assertCounted(lab.rows<Counted>(), rowsOf('a', 200))
    for (const name of lab.machine.crashPoints.keys()) passed.add(name)
  }
  assert.deepEqual(
    CRASH_POINTS.filter((name) => !passed.has(name)),
    [],
  )
})
