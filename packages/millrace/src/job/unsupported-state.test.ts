/** A value that cannot be stored, and is found only when a checkpoint comes to it, or a write must save it first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Out } from '../api/process-types.ts'
import { listState, mapState, valueState } from '../api/state-specs.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { StreamError } from '../core/errors.ts'
import { checkpointed, Lab, pacedSource, rowsOf } from './simulated-job.test.ts'

class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
}

type Kind = 'balance' | 'history' | 'byShop'
/** More than are looked at when they are set, so that the wrong one is not. */
const WRONG = 500
// Each key once: what is wrong is not overwritten before a checkpoint comes to it.
const rows = rowsOf('a', 4_000, 4_000)

async function failure(kind: Kind, wrong: number): Promise<StreamError> {
  const job = defineJob('unsupported', (builder) => {
    builder
      .from('rows', pacedSource({ a: rows }, { batch: 50 }))
      .keyBy((row) => ['account', row.key])
      .process('pay', {
        state: {
          other: valueState<number>(),
          balance: valueState<unknown>(),
          history: listState<unknown>(),
          byShop: mapState<string, unknown>(),
        },
        onRecord({ n }, { state }, _out: Out<number>) {
          const value = n === wrong ? { amount: new Money(n) } : { amount: n }
          state.other.set(n)
          if (kind === 'balance') state.balance.set(value)
          else if (kind === 'history') state.history.add(value)
          else state.byShop.set('shop', value)
        },
      })
      .to('out', fileSink('/out', jsonLines()))
  })
  const end = await new Lab().run(job, checkpointed({ every: 60 }))
  assert.ok(StreamError.is(end) && end.code === 'UNSUPPORTED_VALUE', String(end))
  return end
}

for (const kind of ['balance', 'history', 'byShop'] as const)
  test(`a value found unstorable by a checkpoint is named by step, state, key and field: ${kind}`, async () => {
    const { message, details } = await failure(kind, WRONG)
    assert.match(
      message,
      new RegExp(
        `^The state "${kind}" of step/pay cannot be saved for the key \\["account","k500"\\]: .*amount.* an instance of the class Money`,
      ),
    )
    assert.deepEqual([details?.['step'], details?.['state'], details?.['key']], ['step/pay', kind, '["account","k500"]'])
  })

test('a value refused when it is set is named by its state', async () => {
  const { message } = await failure('balance', 3)
  assert.match(message, /^In .*step\/pay.*: state\.balance\.amount is an instance of the class Money/)
})
