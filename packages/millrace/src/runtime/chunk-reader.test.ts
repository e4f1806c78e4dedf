import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChunkRef, Run } from '../checkpoint/manifest.ts'
import { OpenDirectory } from '../connectors/directory-storage-open.ts'
import { StreamError } from '../core/errors.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { buildChunk, type ChunkPart } from '../state/chunk.ts'
import { ChunkReader } from './chunk-reader.ts'

const NAME = 'e1-c1-step-0-0123456789abcdef.chunk'
const part = (operator: string, group: number): ChunkPart => ({
  operator,
  group,
  bytes: new Uint8Array(20 + group).fill(group),
  entries: group + 1,
})

async function written(): Promise<{
  readonly env: ReturnType<typeof virtualEnv>
  readonly storage: OpenDirectory
  readonly ref: ChunkRef
  readonly reads: [number, number][]
  readonly bytes: Uint8Array
}> {
  const env = virtualEnv({ seed: 1 })
  const storage = new OpenDirectory(env, '/checkpoints')
  const parts = [...[0, 2, 3, 7, 9].map((group) => part('step/a', group)), ...[1, 2].map((group) => part('step/b', group))]
  const built = buildChunk({ name: NAME, epoch: 1, checkpoint: 1, parts }, env.digest)
  await env.machine.run(storage.writeChunk(NAME, built.bytes))
  const bytes = Buffer.concat(built.bytes)
  const reads: [number, number][] = []
  const readChunk = storage.readChunk.bind(storage)
  storage.readChunk = (name, range) => {
    reads.push([range?.start ?? 0, range?.end ?? -1])
    return readChunk(name, range)
  }
  return { env, storage, ref: { name: NAME, sizeBytes: built.sizeBytes, sha256: built.sha256 }, reads, bytes }
}

const runOf = (first: number, last: number): Run => ({ chunk: NAME, first, last, level: 0, bytes: 1, entries: 1 })

test('a run gives the blocks of its groups and of its operator, in one read', async () => {
  const { env, storage, ref, reads } = await written()
  const reader = new ChunkReader(storage, env)
  await env.machine.run(reader.blocks('step/a', { first: 0, last: 15 }, ref))
  reads.length = 0
  const blocks = await env.machine.run(reader.blocks('step/a', { first: 2, last: 7 }, ref))
  assert.deepEqual(
    blocks.map(({ group, entries }) => [group, entries]),
    [
      [2, 3],
      [3, 4],
      [7, 8],
    ],
  )
  for (const { group, bytes } of blocks) assert.deepEqual(bytes, part('step/a', group).bytes)
  const length = 22 + 23 + 27
  assert.deepEqual(
    reads.map(([start, end]) => end - start),
    [length],
    'no byte of other groups, and the index is known',
  )
})

test('a run whose groups hold nothing reads nothing', async () => {
  const { env, storage, ref, reads } = await written()
  const reader = new ChunkReader(storage, env)
  await env.machine.run(reader.blocks('step/b', { first: 0, last: 15 }, ref))
  reads.length = 0
  assert.deepEqual(await env.machine.run(reader.blocks('step/a', { first: 4, last: 6 }, ref)), [])
  assert.deepEqual(await env.machine.run(reader.blocks('step/c', { first: 0, last: 15 }, ref)), [])
  assert.deepEqual(reads, [])
})

test('runs are read oldest first, each with what it ignores', async () => {
  const { env, storage, ref } = await written()
  const reader = new ChunkReader(storage, env)
  const runs = [
    { ...runOf(0, 2), ref, ignored: ['gone'] },
    { ...runOf(7, 9), ref },
  ]
  const restored = await env.machine.run(reader.read('step/a', { range: { first: 0, last: 15 }, runs, watermark: 0, floors: [] }))
  assert.deepEqual(
    restored.map(({ blocks, ignored }) => [blocks.map((bytes) => bytes[0]), ignored]),
    [
      [[0, 2], ['gone']],
      [[7, 9], []],
    ],
  )
})

test('what was just written is not read again; what was forgotten is', async () => {
  const { env, storage, ref, reads, bytes } = await written()
  const reader = new ChunkReader(storage, env)
  const parts = [...[0, 2, 3, 7, 9].map((group) => part('step/a', group)), ...[1, 2].map((group) => part('step/b', group))]
  reader.add(NAME, buildChunk({ name: NAME, epoch: 1, checkpoint: 1, parts }, env.digest).index)
  await env.machine.run(reader.blocks('step/b', { first: 1, last: 1 }, ref))
  assert.equal(reads.length, 1)
  reader.forget(NAME)
  reads.length = 0
  await env.machine.run(reader.blocks('step/b', { first: 1, last: 1 }, ref))
  assert.ok(reads.length > 1)
  assert.ok(reads.every(([start, end]) => end - start <= bytes.length + 1))
})

/** Puts other bytes in the place of the chunk. */
async function damaged(change: (bytes: Uint8Array) => Uint8Array | undefined): Promise<unknown> {
  const { env, storage, ref, bytes } = await written()
  await env.machine.run(storage.deleteChunk(NAME))
  const other = change(Uint8Array.from(bytes))
  if (other !== undefined) await env.machine.run(storage.writeChunk(NAME, [other]))
  const reader = new ChunkReader(storage, env)
  return env.machine.run(reader.blocks('step/a', { first: 0, last: 15 }, ref)).catch((error: unknown) => error)
}

function assertNamed(error: unknown, what: string): void {
  assert.ok(StreamError.is(error), `${what}: ${String(error)}`)
  assert.ok(['CHECKPOINT_CORRUPT', 'CHECKPOINT_FORMAT'].includes(error.code), `${what}: ${error.code}`)
  assert.ok(error.message.includes(`/checkpoints/chunks/${NAME}`), `${what}: ${error.message}`)
}

test('a chunk that is damaged, cut, longer or gone is refused, and named', async () => {
  const { bytes } = await written()
  for (let at = 0; at < bytes.length; at += 3) {
    const error = await damaged((copy) => {
      copy[at] = (copy[at] as number) ^ 0x10
      return copy
    })
    // What belongs to another operator is not looked at.
    if (Array.isArray(error)) assert.ok(at >= 20, `byte ${at}`)
    else assertNamed(error, `byte ${at}`)
  }
  for (const length of [0, 1, 7, bytes.length - 1]) assertNamed(await damaged((copy) => copy.subarray(0, length)), `${length} bytes`)
  assertNamed(await damaged((copy) => Buffer.concat([copy, Uint8Array.of(0)])), 'one byte more')
  assertNamed(await damaged(() => undefined), 'missing')
})
