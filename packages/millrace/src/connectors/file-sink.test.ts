import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  sinkDefinitionOf,
  type Committable,
  type Committer,
  type SinkContext,
  type SinkDefinition,
  type Writer,
} from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { DIRECTORY_CRASH_POINTS } from './durable.ts'
import { FILE_SINK_CRASH_POINTS, hiddenFolderOf, type Part } from './file-sink-names.ts'
import { fileSink } from './file-sink.ts'
import { jsonLines } from './json-lines.ts'

const contextOf = (env: Env, at: Partial<SinkContext> = {}): SinkContext => ({
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
  ...at,
})
const definition = sinkDefinitionOf(fileSink('/out', jsonLines())) as unknown as SinkDefinition<unknown, Part>
const open = (env: Env, at?: Partial<SinkContext>): Promise<Writer<unknown, Part>> => definition.open(contextOf(env, at), [])
const committerOf = (env: Env, at?: Partial<SinkContext>): Promise<Committer<Part>> =>
  definition.committer?.(contextOf(env, at)) as Promise<Committer<Part>>

async function sealed(env: Env, values: readonly unknown[], checkpoint: number = 1): Promise<Committable<Part>[]> {
  const writer = await open(env)
  for (const value of values) writer.write(value, undefined)
  const { committables } = await writer.seal(checkpoint, 'checkpoint').durable
  await writer.close()
  return committables.map((data) => ({ checkpoint, epoch: 1, subtask: 0, data }))
}

test('parts have names that sort by commit, and hidden ones that begin with a dot', async () => {
  const env = virtualEnv({ seed: 1 })
  const { machine } = env
  for (const checkpoint of [9, 10, 123]) {
    const committables = await machine.run(sealed(env, [{ checkpoint }], checkpoint))
    const hidden = [...machine.disk.snapshot().keys()].filter((path) => path.endsWith('.inprogress'))
    assert.equal(hidden.length, 1)
    assert.match(hidden[0] as string, /^\/out\/\.millrace-job\+out\/0123456789abcdef-00000001-0-0-[0-9a-f]{16}\.inprogress$/)
    await machine.run((async () => (await committerOf(env)).commit(committables))())
  }
  assert.deepEqual([...machine.disk.snapshot().keys()].sort(), [
    '/out/part-000000000009-0-0.jsonl',
    '/out/part-000000000010-0-0.jsonl',
    '/out/part-000000000123-0-0.jsonl',
  ])
})

test('two pairs of job and sink never share a folder', () => {
  const env = virtualEnv({ seed: 1 })
  const ids = ['a', 'b', 'a-b', 'b-a', 'a+b', 'a%002bb', '../x', 'sink/x', 'ä']
  const folders = ids.flatMap((job) => ids.map((sink) => hiddenFolderOf('/out', contextOf(env, { job, sink }))))
  assert.equal(new Set(folders).size, ids.length ** 2)
  for (const folder of folders) assert.match(folder, /^\/out\/\.[^/]+$/)
})

test('a commit that cannot be proven is said to have failed, and what to do', async () => {
  const cases: readonly (readonly [name: string, spoil: (env: Env, part: Part) => Promise<void>, message: RegExp])[] = [
    [
      'both files are gone',
      (env, part) => env.files.unlink(`/out/.millrace-job+out/${part.hidden}`),
      /neither .+ nor its hidden file.+Put it back.+If the sink's path has been changed since, change it back.+where the process was started\.$/,
    ],
    [
      'the name belongs to another file',
      (env, part) => write(env, `/out/${part.final}`, 'other'),
      /is another file.+Go on with the checkpoints that wrote it, or start again with an empty folder and new checkpoints\.$/,
    ],
    [
      'the committed file was replaced',
      async (env, part) => {
        await env.files.unlink(`/out/.millrace-job+out/${part.hidden}`)
        await write(env, `/out/${part.final}`, 'x'.repeat(part.size))
      },
      /is not what was written.+Put it back as it was, or start again/,
    ],
  ]
  for (const [name, spoil, message] of cases) {
    const env = virtualEnv({ seed: 1 })
    const tryIt = async (): Promise<void> => {
      const [committable] = await sealed(env, [1, 2, 3])
      assert.ok(committable !== undefined)
      await spoil(env, committable.data)
      const [outcome] = await (await committerOf(env)).commit([committable])
      assert.ok(outcome?.kind === 'failed', name)
      assert.equal((outcome.cause as { code?: string }).code, 'COMMIT_FAILED')
      assert.match((outcome.cause as Error).message, message)
    }
    await env.machine.run(tryIt())
  }
})

test('a committed file that lost its hidden name is proven by its bytes, also as a copy', async () => {
  const env = virtualEnv({ seed: 1 })
  const tryIt = async (): Promise<void> => {
    const committables = await sealed(env, [1, 2, 3])
    await (await committerOf(env)).commit(committables)
    const name = committables[0]?.data.final as string
    await env.files.unlink(`/out/${name}`)
    await write(env, `/out/${name}`, '1\n2\n3\n')
    assert.deepEqual(await (await committerOf(env)).commit(committables), [{ kind: 'already-committed' }])
  }
  await env.machine.run(tryIt())
})

test('after an error of the disk nothing more is written, and every call says so (D14)', async () => {
  for (const kind of ['create', 'append', 'sync', 'syncDirectory'] as const) {
    const env = virtualEnv({ seed: 1 })
    let syncs = 0
    const tryIt = async (): Promise<void> => {
      const writer = await open(env)
      env.machine.faults = (operation) => {
        if (operation.kind === 'sync') syncs++
        return operation.kind === kind ? { kind: 'error', code: 'EIO' } : undefined
      }
      writer.write(1, undefined)
      await assert.rejects(writer.seal(1, 'checkpoint').durable, { code: 'SINK', message: /out cannot write \/out\/.+EIO/ })
      env.machine.faults = undefined
      assert.throws(() => writer.write(2, undefined), { code: 'SINK' })
      await assert.rejects(writer.ready(), { code: 'SINK' })
      await assert.rejects(writer.seal(2, 'checkpoint').durable, { code: 'SINK' })
      await writer.close()
      assert.ok(syncs <= 1)
      assert.deepEqual([...env.machine.disk.snapshot().keys()], [], 'the part is abandoned')
    }
    await env.machine.run(tryIt())
  }
})

test('a record that the format cannot hold is refused, and the others are not harmed', async () => {
  const env = virtualEnv({ seed: 1 })
  const tryIt = async (): Promise<void> => {
    const writer = await open(env)
    writer.write(1, undefined)
    assert.throws(() => writer.write({ a: 1n }, undefined), { code: 'UNSUPPORTED_VALUE' })
    writer.write(2, undefined)
    const { committables } = await writer.seal(1, 'end').durable
    assert.equal(committables[0]?.size, 4)
    await writer.close()
  }
  await env.machine.run(tryIt())
})

test('what is not written yet is bounded', async () => {
  const env = virtualEnv({ seed: 1 })
  const tryIt = async (): Promise<void> => {
    const writer = await open(env)
    let written = 0
    while (writer.write('x'.repeat(1_000), undefined)) written += 1_003
    assert.ok(written > 1 << 20 && written < 1.3 * (1 << 20), `${written} bytes`)
    await writer.ready()
    assert.ok(writer.write('x', undefined))
    await writer.close()
    assert.deepEqual([...env.machine.disk.snapshot().keys()], [], 'what was not sealed is gone')
  }
  await env.machine.run(tryIt())
})

test('every crash point is in the list', async () => {
  const env = virtualEnv({ seed: 1 })
  await env.machine.run((async () => (await committerOf(env)).commit(await sealed(env, [1])))())
  await env.machine.run(sealed(env, [2], 2))
  await env.machine.run((async () => (await committerOf(env, { epoch: 2 })).withdraw([], []))())
  // Only what was open in an older epoch is copied.
  const expected = [...DIRECTORY_CRASH_POINTS, ...FILE_SINK_CRASH_POINTS].filter((name) => !/Copy$|OfCopied$/.test(name))
  assert.deepEqual([...env.machine.crashPoints.keys()].sort(), expected.sort())
})

async function write(env: Env, path: string, text: string): Promise<void> {
  const handle = await env.files.open(path, 'create-new')
  await handle.append([new TextEncoder().encode(text)])
  await handle.close()
}
