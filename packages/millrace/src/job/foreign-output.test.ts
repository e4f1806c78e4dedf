/** What a job does beside the output of another run: it adds nothing to it, and takes nothing from it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { assertCounted, checkpointed, codeOf, countingJob, Lab, pacedSource, rowsOf, type Row } from './simulated-job.test.ts'

const rows = rowsOf('a', 200)
const source = pacedSource({ a: rows })

test('a run under way commits all that it has staged, however often the job is started beside it with other checkpoints', async () => {
  const lab = new Lab()
  const life = await lab.start(countingJob({ source }), checkpointed())
  await life.until('checkpoint', 3)
  // One process: what it has given up it does not wait for.
  const process = lab.machine.start()
  for (let start = 0; start < 4; start++) {
    await life.when(() => lab.paths('/out').some((path) => path.endsWith('.inprogress')))
    const beside = await lab.start(countingJob({ source }), checkpointed({ storage: '/other' }), { process })
    assert.equal(codeOf(await beside.end()), 'OUTPUT_EXISTS')
  }
  assert.equal(await life.end(), 'finished')
  assertCounted(lab.rows(), rows)
})

test('a sink that is added to a job that goes on may not begin in a folder of other output, at the next start neither', async () => {
  const lab = new Lab()
  lab.write('/taken/part-000000000001-0-0.jsonl', '1\n')
  const copying = (second?: string): Job<void, unknown> =>
    defineJob('copying', (job) => {
      const copied = job.from('rows', source)
      copied.to('out', fileSink<Row>('/copied', jsonLines()))
      if (second !== undefined) copied.to('second', fileSink<Row>(second, jsonLines()))
    })
  const life = await lab.start(copying(), checkpointed())
  await life.until('checkpoint', 3)
  await lab.wait(life.handle.stop())
  const before = lab.picture('/taken')
  for (let start = 0; start < 3; start++) {
    const end = await lab.run(copying('/taken'), checkpointed())
    assert.equal(codeOf(end), 'OUTPUT_EXISTS', String(end))
    assert.deepEqual(lab.picture('/taken'), before)
  }
  assert.equal(await lab.run(copying('/empty'), checkpointed()), 'finished')
  assert.deepEqual(lab.rows<Row>('/copied'), rows)
  const added = lab.rows<Row>('/empty')
  assert.deepEqual(added, rows.slice(rows.length - added.length))
})
