/** What happens to one subtask happens one thing at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import type { Out } from '../api/process-types.ts'
import { valueState } from '../api/state-specs.ts'
import { eventTimer, processingTimer } from '../api/timers.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { checkpointed, Lab, pacedSource, rowsOf, type Row } from './simulated-job.test.ts'

const rows = rowsOf('a', 60)

interface Seen {
  readonly what: 'row' | 'event' | 'processing'
  readonly n: number
}

/** Every call reads a state, emits, and writes the state last: whatever came in between would be seen in the numbers. */
function mailboxJob(calls: { open: number; most: number; kinds: Set<string> }): Job<void> {
  return defineJob('mailbox', (job) => {
    job
      .from('rows', pacedSource({ a: rows }), { timestamp: (row: Row) => row.at })
      .keyBy(() => 'all')
      .process('count', {
        state: { n: valueState({ initial: () => 0 }) },
        timers: { soon: eventTimer(), tick: processingTimer() },
        onRecord(row, { state, timers, now }, out: Out<Seen>) {
          alone(calls, 'row', () => {
            timers.soon.set(row.at + 1)
            timers.tick.set(now + 1)
            next(state.n, out, 'row')
          })
        },
        onTimer: {
          soon: (_at, { state }, out) => alone(calls, 'event', () => next(state.n, out, 'event')),
          tick: (_at, { state }, out) => alone(calls, 'processing', () => next(state.n, out, 'processing')),
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
}

function next(state: { get(): number; set(value: number): void }, out: Out<Seen>, what: Seen['what']): void {
  const n = state.get()
  out.emit({ what, n })
  state.set(n + 1)
}

function alone(calls: { open: number; most: number; kinds: Set<string> }, kind: string, run: () => void): void {
  calls.kinds.add(kind)
  calls.most = Math.max(calls.most, ++calls.open)
  run()
  calls.open--
}

test('PF-7 records, timers of both domains and checkpoints of a subtask come one at a time', async () => {
  const lab = new Lab()
  const calls = { open: 0, most: 0, kinds: new Set<string>() }
  assert.equal(await lab.run(mailboxJob(calls), checkpointed()), 'finished')
  const seen = lab.rows<Seen>()
  assert.equal(calls.most, 1)
  assert.deepEqual([...calls.kinds].sort(), ['event', 'processing', 'row'])
  assert.deepEqual(
    seen.map(({ n }) => n),
    seen.map((_each, index) => index),
    'each call has seen the state as the one before had left it, and its output came out in that order',
  )
  assert.ok(seen.length > rows.length)
})
