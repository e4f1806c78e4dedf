/** Files that were read whole before a restart, in whole jobs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { fileSource } from '../connectors/file-source.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { StreamError } from '../core/errors.ts'
import { checkpointed, Lab, pacedSource, rowsOf } from './simulated-job.test.ts'

const slow = rowsOf('slow', 400)
const job = defineJob('rotated', (job) => {
  const log = job.from('log', fileSource('/in/app.log*', jsonLines<{ readonly n: number }>()))
  const kept = job.from('slow', pacedSource({ slow })).filter(() => false)
  log
    .union(kept)
    .map(({ n }) => ({ n }))
    .to('out', fileSink('/out', jsonLines()))
})

/** Found by a look with fresh eyes: two records were there twice, one never, and the run ended well. */
test('rules 1.13: a log that is renamed and begun anew while the job is down is refused and named, and the job goes on once it is back', async () => {
  const lab = new Lab()
  lab.write('/in/app.log', '{"n":1}\n{"n":2}\n')
  const life = await lab.start(job, checkpointed({ every: '20ms' }))
  await life.when(() => lab.rows().length === 2)
  life.process.kill()
  await life.end()
  lab.machine.disk.link('/in/app.log', '/in/app.log.1')
  lab.machine.disk.unlink('/in/app.log')
  lab.write('/in/app.log', '{"n":3}\n')
  const refused = await lab.run(job, checkpointed())
  assert.ok(StreamError.is(refused) && refused.code === 'SOURCE_CHANGED')
  assert.match(refused.message, /source\/log cannot go on with app\.log: it has shrunk to 8 bytes, but 16 have been read/)
  lab.machine.disk.unlink('/in/app.log')
  lab.machine.disk.link('/in/app.log.1', '/in/app.log')
  lab.machine.disk.unlink('/in/app.log.1')
  lab.write('/in/app.log.2', '{"n":3}\n')
  assert.equal(await lab.run(job, checkpointed()), 'finished')
  assert.deepEqual(
    lab.rows<{ n: number }>().map(({ n }) => n),
    [1, 2, 3],
  )
})
