/** LK1, LK2: what tasks tell each other travels, and the job gives what it gives without that. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../connectors/seeded-random.ts'
import { simulatedLinks } from '../simulate/simulated-links.ts'
import {
  assertCounted,
  checkpointed,
  checkpointsOf,
  countingJob,
  Lab,
  pacedSource,
  rowsOf,
  SEED,
  type Counted,
  type Process,
} from './simulated-job.test.ts'

const TEMPO = { usualMs: 2, slow: 0.2, slowMs: 60 }
const splits = { a: rowsOf('a', 40), b: rowsOf('b', 40), c: rowsOf('c', 40) }
const rows = Object.entries(splits).flatMap(([split, all]) => all.map((row) => ({ ...row, key: `${split}${row.key}` })))
const keyed = Object.fromEntries(
  Object.entries(splits).map(([split, all]) => [split, all.map((row) => ({ ...row, key: `${split}${row.key}` }))]),
)

test('LK1: one link keeps its order, whatever others do', async () => {
  const lab = new Lab()
  const process = lab.machine.start()
  const links = simulatedLinks(process, new SeededRandom(SEED, 'links'), TEMPO, { carried: () => undefined, stale: () => undefined })
  const arrived: string[] = []
  for (let n = 0; n < 100; n++)
    for (const link of ['one', 'other'])
      links.carry(
        link,
        () => arrived.push(`${link} ${n}`),
        () => false,
      )
  await lab.machine.advance(10_000)
  for (const link of ['one', 'other'])
    assert.deepEqual(
      arrived.filter((each) => each.startsWith(link)),
      Array.from({ length: 100 }, (_zero, n) => `${link} ${n}`),
    )
  assert.notDeepEqual(arrived.slice(0, 4), ['one 0', 'other 0', 'one 1', 'other 1'])
})

test('a job whose links are slow finishes with every record once', async () => {
  const lab = new Lab()
  const process = lab.machine.start()
  let carried = 0
  const links = simulatedLinks(process, new SeededRandom(SEED, 'links'), TEMPO, { carried: () => carried++, stale: () => undefined })
  const life = await lab.start(countingJob({ source: pacedSource(keyed) }), checkpointed({}, { parallelism: 3 }), {
    process,
    tuning: { links },
  })
  assert.equal(await life.end(), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
  assert.ok(carried > 200 && checkpointsOf(life.events).length > 3)
})

test('LK2, D9: what an attempt that has failed had sent arrives, and nothing comes of it', async () => {
  const lab = new Lab()
  const process: Process = lab.machine.start()
  let stale = 0
  let failures = 3
  const told = { carried: () => undefined, stale: () => stale++ }
  const links = simulatedLinks(process, new SeededRandom(SEED, 'links'), { usualMs: 40, slow: 0, slowMs: 0 }, told)
  const inspect = (): void => {
    if (lab.machine.nowMs < 400 * (4 - failures) || failures === 0) return
    failures--
    throw new Error('planned')
  }
  const options = checkpointed({}, { parallelism: 3, restart: { strategy: 'fixed-delay', attempts: 10, delay: 5 } })
  const life = await lab.start(countingJob({ source: pacedSource(keyed, { everyMs: 20 }), inspect }), options, {
    process,
    tuning: { links },
  })
  assert.equal(await life.end(), 'finished')
  assertCounted(lab.rows<Counted>(), rows)
  assert.ok(stale > 0)
  assert.equal(failures, 0)
})
