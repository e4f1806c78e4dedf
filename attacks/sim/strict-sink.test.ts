/** The strict sink: whatever two-phase commit forbids is an error. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sinkDefinitionOf, type SinkDefinition, type Writer } from '../../packages/millrace/src/connect/contract.ts'
import { virtualEnv } from '../../packages/millrace/src/simulate/virtual-env.ts'
import type { Entry } from './ledger.ts'
import { StrictSink, type CommitTrouble } from './strict-sink.ts'

const entry: Entry = { account: 'a', transfer: 't', amount: 1, seq: 1, balance: 1n }

/** @param listed what the durable checkpoint holds of the sink */
function bench(durable: number = 9, trouble?: CommitTrouble, listed: readonly string[] = []) {
  const env = virtualEnv({ seed: 1 })
  const strict = new StrictSink({
    seed: 1,
    durable: () => ({ checkpoint: durable, committables: listed }),
    trouble: () => trouble,
    commitMs: 2,
  })
  const definition = sinkDefinitionOf(strict.sink) as unknown as SinkDefinition<Entry, string, null>
  const context = (epoch: number) => ({
    env,
    job: 'job',
    sink: 'sink/ledger',
    subtask: 0,
    subtasks: 1,
    log: 'log',
    epoch,
    isNew: false,
    signal: new AbortController().signal,
    keepsCheckpoints: true,
  })
  return {
    strict,
    async prepare(epoch: number, checkpoint: number): Promise<string> {
      const writer: Writer<Entry, string, null> = await definition.open(context(epoch), [])
      writer.write(entry, undefined)
      const { committables } = await env.machine.run(writer.seal(checkpoint, 'checkpoint').durable)
      await env.machine.run(writer.close())
      return committables[0] as string
    },
    async commit(by: number, offered: { readonly epoch: number; readonly checkpoint: number; readonly data: string }): Promise<string> {
      const committer = await definition.committer?.(context(by))
      const outcomes = await env.machine.run(committer?.commit([{ subtask: 0, ...offered }]) as Promise<readonly { kind: string }[]>)
      await env.machine.run(committer?.close() as Promise<void>)
      return outcomes[0]?.kind as string
    },
    openWriter: () => definition.open(context(1), []),
    async withdraw(by: number): Promise<void> {
      const committer = await definition.committer?.(context(by))
      await env.machine.run(committer?.withdraw([], []) as Promise<void>)
      await env.machine.run(committer?.close() as Promise<void>)
    },
  }
}

test('prepared, committed, and once more: no error', async () => {
  const { strict, prepare, commit } = bench()
  const data = await prepare(1, 4)
  assert.deepEqual(strict.open(), [data])
  assert.equal(await commit(1, { epoch: 1, checkpoint: 4, data }), 'committed')
  assert.equal(await commit(2, { epoch: 1, checkpoint: 4, data }), 'already-committed')
  assert.deepEqual([strict.violations, strict.committed(), strict.open()], [[], [{ checkpoint: 4, entries: [entry] }], []])
})

test('a commit before one of an earlier checkpoint that is in a durable one is refused; what was aborted is no reason', async () => {
  const { strict, prepare, commit } = bench(9, undefined, ['log 1 4 0'])
  const [aborted, first, second] = [await prepare(1, 3), await prepare(1, 4), await prepare(1, 5)]
  assert.equal(await commit(1, { epoch: 1, checkpoint: 5, data: second }), 'failed')
  assert.deepEqual(strict.violations.splice(0), [
    'strict sink: log 1 5 0 was to be committed, but log 1 4 0 of an earlier checkpoint is not committed yet',
  ])
  assert.equal(await commit(1, { epoch: 1, checkpoint: 4, data: first }), 'committed')
  assert.equal(await commit(1, { epoch: 1, checkpoint: 5, data: second }), 'committed')
  assert.deepEqual([strict.violations, strict.open()], [[], [aborted]])
})

test('refused or not there: nothing is committed; a lost reply: it is', async () => {
  for (const [trouble, outcome, left] of [
    ['refused', 'failed', 1],
    ['outage', 'retry', 1],
    ['lost', 'retry', 0],
  ] as const) {
    const { strict, prepare, commit } = bench(9, trouble)
    assert.equal(await commit(1, { epoch: 1, checkpoint: 4, data: await prepare(1, 4) }), outcome)
    assert.deepEqual([strict.violations, strict.open().length], [[], left])
  }
})

test('what was never prepared, of another epoch or checkpoint, withdrawn, by an older epoch or too early is refused', async () => {
  const cases: readonly (readonly [(on: ReturnType<typeof bench>) => Promise<unknown>, RegExp])[] = [
    [({ commit }) => commit(1, { epoch: 1, checkpoint: 4, data: 'log 1 4 0' }), /never prepared/],
    [async ({ prepare, commit }) => commit(2, { epoch: 2, checkpoint: 4, data: await prepare(1, 4) }), /as of epoch 2/],
    [async ({ prepare, commit }) => commit(1, { epoch: 1, checkpoint: 5, data: await prepare(1, 4) }), /checkpoint 5/],
    [async ({ prepare, commit }) => commit(1, { epoch: 2, checkpoint: 4, data: await prepare(2, 4) }), /by epoch 1/],
    [async ({ prepare, commit }) => commit(1, { epoch: 1, checkpoint: 10, data: await prepare(1, 10) }), /not durable/],
    [
      async ({ prepare, commit, withdraw }) => {
        const data = await prepare(1, 4)
        await Promise.all([commit(1, { epoch: 1, checkpoint: 4, data }), withdraw(2)])
      },
      /a withdrawal of epoch 2 while a commit of epoch 1 is under way/,
    ],
    [async ({ prepare }) => (await prepare(1, 4), prepare(1, 4)), /prepared twice/],
    [async ({ openWriter }) => Promise.all([openWriter(), openWriter()]), /writer of subtask 0 is opened before it is closed/],
    [async ({ withdraw }) => Promise.all([withdraw(1), withdraw(1)]), /committer is opened before it is closed/],
    [
      async ({ prepare, withdraw, commit }) => {
        const data = await prepare(1, 4)
        await withdraw(2)
        await commit(2, { epoch: 1, checkpoint: 4, data })
      },
      /withdrawn before/,
    ],
  ]
  for (const [act, says] of cases) {
    const on = bench()
    await act(on)
    assert.match(on.strict.violations.join('\n'), says)
  }
})
