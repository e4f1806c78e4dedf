/** `check: true` in whole jobs: what would differ after a restore is found while the job runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import type { StreamError } from '../core/errors.ts'
import { checkpointed, codeOf, Lab, pacedSource, rowsOf, type Counted } from './simulated-job.test.ts'

const rows = rowsOf('a', 12, 1)

/** Collects in a Set that it changes in place, and writes a copy of it, or never any. */
function careless(isWritten: boolean): Job<void, unknown> {
  return defineJob('careless', (job) => {
    job
      .from('rows', pacedSource({ a: rows }))
      .keyBy((row) => row.key)
      .process('seen', {
        state: { seen: valueState<Set<number>>() },
        onRecord({ n }, { key, state }, out: Out<Counted>) {
          const seen = (state.seen.get() ?? new Set()) as Set<number>
          if (seen.size === 0) state.seen.set(new Set([n]))
          else seen.add(n)
          if (isWritten) state.seen.set(new Set([...seen, n]))
          out.emit({ key, seq: n, n })
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

for (const isWritten of [true, false])
  test(`check: true finds a Set of state that is changed in place, ${isWritten ? 'though' : 'and'} ${isWritten ? 'another is written' : 'nothing is written'} afterwards`, async () => {
    assert.equal(await new Lab().run(careless(isWritten), checkpointed()), 'finished', 'nothing is noticed without it')
    const end = await new Lab().run(careless(isWritten), checkpointed({}, { check: true }))
    assert.equal(codeOf(end), 'FROZEN_RECORD')
    assert.match((end as StreamError).message, /the state "seen" of step\/seen was changed in place .*for the key "k0"/)
  })

test('a change in place of what initial makes is refused in every run: it would be lost', async () => {
  const lost = defineJob('lost', (job) => {
    job
      .from('rows', pacedSource({ a: rows }))
      .keyBy((row) => row.key)
      .process('count', {
        state: { count: valueState({ initial: () => ({ n: 0 }) }) },
        onRecord: (_row, { state }) => void (state.count.get() as { n: number }).n++,
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  const end = await new Lab().run(lost, checkpointed())
  assert.equal(codeOf(end), 'FROZEN_RECORD')
  assert.match((end as StreamError).message, /step\/count/)
})
