/** Sinks whose parts stay open over checkpoints, in whole jobs: what is open is in the state of the writers, and nowhere else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { openText } from '../cli/run-report.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'
import {
  assertCounted,
  checkpointed,
  countingJob,
  Lab,
  pacedSource,
  rowsOf,
  SEED,
  type Counted,
  type PacedOptions,
  type Row,
} from './simulated-job.test.ts'

const ROWS = { a: rowsOf('a', 150), b: rowsOf('b', 20).map((row) => ({ ...row, key: `b${row.key}` })) }
const allRows = Object.values(ROWS).flat()

function job(rollAfter: { readonly bytes?: number; readonly age?: '1h' }, options: PacedOptions = {}): Job<void, unknown> {
  return countingJob({
    source: pacedSource(ROWS, options),
    sink: fileSink<Counted>('/out', jsonLines(), { rollAfter: { checkpoint: false, ...rollAfter } }),
  })
}
const hidden = (lab: Lab): string[] => lab.paths('/out').filter((path) => path.includes('/.'))

test('FS-4: at the end all is committed, also of subtasks that end long before the others', async () => {
  const copied = defineJob('copied', (job) => {
    const sink = fileSink<Row>('/out', jsonLines(), { rollAfter: { checkpoint: false, age: '1h' } })
    job.from('rows', pacedSource(ROWS)).to('out', sink)
  })
  for (const options of [checkpointed({}, { parallelism: 3 }), { parallelism: 3 }]) {
    const lab = new Lab()
    assert.equal(await lab.run(copied, options), 'finished')
    const order = (a: Row, b: Row): number => (a.key === b.key ? a.n - b.n : a.key < b.key ? -1 : 1)
    assert.deepEqual(lab.rows<Row>().sort(order), [...allRows].sort(order))
    assert.deepEqual(hidden(lab), [])
  }
})

test('FS-4: a stop without checkpoints commits what is open, one with checkpoints leaves it to the next run', async () => {
  const lab = new Lab()
  const first = await lab.start(job({ age: '1h' }, { endless: true }), {})
  await first.when(() => first.handle.status().records === allRows.length)
  await lab.wait(first.handle.stop())
  assertCounted(lab.rows<Counted>(), allRows)

  const other = new Lab()
  const life = await other.start(job({ age: '1h' }, { endless: true }), checkpointed())
  await life.when(() => life.handle.status().records === allRows.length)
  await other.wait(life.handle.stop())
  assert.deepEqual(other.rows(), [])
  const told = life.events.flatMap((event) => (event.kind === 'checkpoint' ? [event.info] : [])).at(-1)
  assert.equal(openText(told), ', but for the open parts of sink/out, which a later run shows when they end')
  assert.equal(await other.run(job({ age: '1h' }), checkpointed()), 'finished')
  assertCounted(other.rows<Counted>(), allRows)
  assert.deepEqual(hidden(other), [])
})

for (const rollAfter of [{ age: '1h' }, { bytes: 400 }] as const)
  test(`FS-4: exactly once through kills and losses of power, at changing parallelism: ${JSON.stringify(rollAfter)} (SEED=${SEED})`, async () => {
    for (let round = 0; round < 12; round++) {
      const random = new SeededRandom(SEED, `open parts ${round}`)
      const lab = new Lab()
      let end: unknown = 'died'
      for (let kills = 6; end !== 'finished'; kills--) {
        const life = await lab.start(job(rollAfter), checkpointed({ lease: '1s' }, { parallelism: 1 + random.below(3) }))
        if (kills > 0) {
          await lab.machine.advance(random.below(150))
          if (random.chance(0.5)) life.process.kill()
          else lab.machine.losePower(() => random.chance(0.5))
        }
        end = await life.end()
      }
      assertCounted(lab.rows<Counted>(), allRows)
      assert.deepEqual(hidden(lab), [])
    }
  })
