/** `state.maxBytes`: a job whose state grows too large fails with a word, and goes on when it may have more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { listState } from '../api/state-specs.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { StreamError } from '../core/errors.ts'
import { assertCounted, checkpointed, codeOf, Lab, pacedSource, rowsOf, type Counted } from './simulated-job.test.ts'

const rows = rowsOf('a', 200)
const LIMIT = 200_000

/** Keeps 2,000 bytes of each record. */
function keeping(): Job<void, unknown> {
  return defineJob('keeping', (job) => {
    job
      .from('rows', pacedSource({ a: rows }, { everyMs: 50 }))
      .keyBy((row) => row.key)
      .process('keep', {
        state: { kept: listState<string>(), few: listState<number>() },
        onRecord({ n }, { key, state }, out: Out<Counted>) {
          state.kept.add(`${n}`.padEnd(2_000))
          state.few.add(n)
          out.emit({ key, seq: state.kept.size, n })
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

for (const parallelism of [1, 2])
  test(`a job whose state is over the limit fails, names what takes most, and goes on when it may have more; ${parallelism} subtasks`, async () => {
    const lab = new Lab()
    const restart = { strategy: 'fixed-delay', attempts: 5, delay: 1 } as const
    const life = await lab.start(keeping(), checkpointed({}, { state: { maxBytes: LIMIT }, parallelism, restart }))
    const end = await life.end()
    assert.equal(codeOf(end), 'STATE_LIMIT')
    assert.ok(StreamError.is(end))
    assert.match(end.message, /Most of it: step\/keep\.kept/)
    assert.equal(life.handle.status().restarts, 0, 'the same state would be restored')
    const { records } = life.handle.status()
    assert.ok(records > 40 && records < 140, `${records} records of 2,000 bytes under a limit of 200,000`)
    // What was restored is measured too.
    assert.equal(codeOf(await lab.run(keeping(), checkpointed({}, { state: { maxBytes: LIMIT / 4 } }))), 'STATE_LIMIT')
    assert.equal(await lab.run(keeping(), checkpointed({}, { state: { maxBytes: 10_000_000 } })), 'finished')
    assertCounted(lab.rows<Counted>(), rows)
  })
