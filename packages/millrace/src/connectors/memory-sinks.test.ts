import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  sinkDefinitionOf,
  type Committable,
  type Committer,
  type Plain,
  type Sink,
  type SinkContext,
  type Writer,
} from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { callbackSink } from './callback-sink.ts'
import { collectSink } from './collect-sink.ts'
import { printSink } from './print-sink.ts'

const contextOf = (env: Env): SinkContext => ({
  env,
  job: 'job',
  sink: 'out',
  subtask: 0,
  subtasks: 1,
  log: '0123456789abcdef',
  isNew: false,
  keepsCheckpoints: true,
  epoch: 1,
  signal: new AbortController().signal,
})
const writerOf = (sink: Sink<never>, env: Env): Promise<Writer<unknown, Plain, Plain>> =>
  sinkDefinitionOf(sink)?.open(contextOf(env), []) as Promise<Writer<unknown, Plain, Plain>>
const committerOf = (sink: Sink<never>, env: Env): Promise<Committer<Plain>> =>
  sinkDefinitionOf(sink)?.committer?.(contextOf(env)) as Promise<Committer<Plain>>

async function sealed(sink: Sink<never>, values: readonly unknown[], env: Env): Promise<Committable<Plain>[]> {
  const writer = await writerOf(sink, env)
  for (const value of values) writer.write(value, undefined)
  const { committables } = await writer.seal(1, 'end').durable
  await writer.close()
  return committables.map((data) => ({ checkpoint: 1, epoch: 1, subtask: 0, data }))
}

test('collectSink: a second run into the same array adds to it, a second offer does not', async () => {
  const env = virtualEnv({ seed: 1 })
  const into: number[] = []
  const first = await sealed(collectSink(into), [1, 2], env)
  // As the job's factory makes it anew for each attempt.
  for (let attempt = 0; attempt < 3; attempt++) await (await committerOf(collectSink(into), env)).commit(first)
  assert.deepEqual(into, [1, 2])
  const second = await sealed(collectSink(into), [1, 2], env)
  await (await committerOf(collectSink(into), env)).commit(second)
  assert.deepEqual(into, [1, 2, 1, 2])
})

test('callbackSink: one after the other, and after an error on with the record that failed', async () => {
  const env = virtualEnv({ seed: 1 })
  const calls: number[] = []
  let open = 0
  let failures = 2
  const sink = callbackSink(async (value: number) => {
    assert.equal(++open, 1, 'the call before has ended')
    await new Promise<void>((resolve) => env.timers.after(5, resolve))
    open--
    if (value === 3 && failures-- > 0) throw new Error('not yet')
    calls.push(value)
  })
  const first = await sealed(sink, [1, 2, 3, 4], env)
  const second = await sealed(sink, [5], env)
  const kinds = async (): Promise<string[]> =>
    (await (await committerOf(sink, env)).commit([...first, ...second])).map((outcome) => outcome.kind)
  assert.deepEqual(await env.machine.run(kinds()), ['failed', 'failed'])
  assert.deepEqual(calls, [1, 2])
  const [outcome] = await env.machine.run((await committerOf(sink, env)).commit(first))
  assert.ok(outcome?.kind === 'failed' && (outcome.cause as { code?: string }).code === 'USER_CODE')
  assert.deepEqual(await env.machine.run(kinds()), ['committed', 'committed'])
  assert.deepEqual(await env.machine.run(kinds()), ['already-committed', 'already-committed'])
  assert.deepEqual(calls, [1, 2, 3, 4, 5])
})

test('printSink: a line for each record, whatever it is, in order, and no seal before all is printed', async () => {
  const env = virtualEnv({ seed: 1 })
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const values = [
    { a: 1 },
    'text',
    10n,
    undefined,
    Number.NaN,
    [new Map([[1, 2n]]), new Set('a')],
    new Error('no'),
    Object.create(null),
    circle,
  ]
  await env.machine.run(sealed(printSink(), values, env))
  assert.deepEqual(env.printed.split('\n'), [
    '{"a":1}',
    '"text"',
    '"10n"',
    'undefined',
    '"NaN"',
    '[{"Map":[[1,"2n"]]},{"Set":["a"]}]',
    '"no"',
    '{}',
    '[object Object]',
    '',
  ])
})

test('printSink: full until the reader has taken it, and an error once the reader has gone', async () => {
  const env = virtualEnv({ seed: 1 })
  const writer = await writerOf(printSink(), env)
  let count = 0
  while (writer.write('x'.repeat(100), undefined)) count++
  assert.ok(count > 100 && count < 1_000)
  await env.machine.run(writer.ready())
  assert.ok(writer.write('x', undefined))
  await env.machine.run(writer.close())

  const gone = Object.assign(new Error('EPIPE'), { code: 'EPIPE' })
  const broken = { ...env, output: { write: () => Promise.reject(gone) } } as Env
  const failing = await writerOf(printSink(), broken)
  failing.write(1, undefined)
  await assert.rejects(failing.seal(1, 'checkpoint').durable, { code: 'SINK', retry: 'never' })
  assert.throws(() => failing.write(2, undefined), { code: 'SINK' })
  await failing.close()
})

test('options are checked', () => {
  assert.throws(() => collectSink(1 as unknown as number[]), { code: 'INVALID_OPTION' })
  assert.throws(() => callbackSink(1 as unknown as () => void), { code: 'INVALID_OPTION' })
})
