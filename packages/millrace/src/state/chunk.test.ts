import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { buildChunk, type BuiltChunk, readChunkBlocks, readChunkIndex, verifyChunk } from './chunk.ts'

const digest = {
  crc32: (bytes: Uint8Array, from: number = 0): number => crc32(bytes, from),
  sha256: (parts: readonly Uint8Array[]): string => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex'),
}

function part(operator: string, group: number, text: string): { operator: string; group: number; bytes: Uint8Array; entries: number } {
  return { operator, group, bytes: Buffer.from(text), entries: text.length }
}

const parts = [
  part('step/b', 3, 'b three'),
  part('step/a', 9, 'a nine'),
  part('step/a', 2, 'a two'),
  part('step/b', 0, ''),
  part('step/a', 7, 'x'.repeat(500)),
]
const name = '1-7-main'
const built = buildChunk({ name, epoch: 1, checkpoint: 7, parts }, digest)
const file = Buffer.concat(built.bytes)
const expected = { file: 'dir/1-7-main.chunk', name, sizeBytes: built.sizeBytes, sha256: built.sha256 }
const reading =
  (bytes: Uint8Array, log?: number[]) =>
  async (start: number, end: number): Promise<Uint8Array> => {
    log?.push(end - start)
    return bytes.subarray(start, end)
  }
const isCorrupt = (error: unknown): boolean =>
  StreamError.is(error) &&
  error.code === 'CHECKPOINT_CORRUPT' &&
  error.message.includes(expected.file) &&
  error.details?.['file'] === expected.file

test('blocks lie sorted by operator and group, and each range of groups is read alone', async () => {
  assert.equal(file.length, built.sizeBytes)
  const index = await readChunkIndex(expected, reading(file), digest)
  assert.deepEqual(
    [...index.operators].map(([operator, blocks]) => [operator, blocks.map(({ group }) => group)]),
    [
      ['step/a', [2, 7, 9]],
      ['step/b', [0, 3]],
    ],
  )
  assert.deepEqual([index.name, index.epoch, index.checkpoint], [name, 1, 7])
  const log: number[] = []
  const some = await readChunkBlocks(index, { operator: 'step/a', first: 3, last: 8 }, reading(file, log), digest)
  assert.deepEqual(
    some.map(({ group, bytes, entries }) => [group, Buffer.from(bytes).toString(), entries]),
    [[7, 'x'.repeat(500), 500]],
  )
  assert.deepEqual(log, [500])
  assert.deepEqual(await readChunkBlocks(index, { operator: 'step/a', first: 3, last: 6 }, reading(file), digest), [])
  assert.deepEqual(await readChunkBlocks(index, { operator: 'step/c', first: 0, last: 99 }, reading(file), digest), [])
})

async function readAll(bytes: Uint8Array): Promise<void> {
  await verifyChunk(expected, reading(bytes), digest)
}

test('D1 J18 every flipped bit, every truncation and every addition is detected, and the file named', async () => {
  await readAll(file)
  for (let bit = 0; bit < file.length * 8; bit++) {
    const damaged = Uint8Array.from(file)
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
    await assert.rejects(
      readAll(damaged),
      (error) => isCorrupt(error) || (StreamError.is(error) && error.code === 'CHECKPOINT_FORMAT'),
      `bit ${bit}`,
    )
  }
  for (let length = 0; length < file.length; length++)
    await assert.rejects(readAll(file.subarray(0, length)), isCorrupt, `length ${length}`)
  await assert.rejects(readAll(Buffer.concat([file, Buffer.from([0])])), isCorrupt)
})

test('a file in the place of another one is detected, however alike', async () => {
  const others: BuiltChunk[] = [
    buildChunk({ name: '1-8-main', epoch: 1, checkpoint: 7, parts }, digest),
    buildChunk({ name, epoch: 2, checkpoint: 7, parts }, digest),
    buildChunk({ name, epoch: 1, checkpoint: 8, parts }, digest),
    buildChunk({ name, epoch: 1, checkpoint: 7, parts: parts.slice(1) }, digest),
  ]
  for (const { bytes } of others) await assert.rejects(readAll(Buffer.concat(bytes)), isCorrupt)
})

test('a chunk without blocks can be read', async () => {
  const empty = buildChunk({ name, epoch: 1, checkpoint: 1, parts: [] }, digest)
  const index = await readChunkIndex(
    { ...expected, sizeBytes: empty.sizeBytes, sha256: empty.sha256 },
    reading(Buffer.concat(empty.bytes)),
    digest,
  )
  assert.equal(index.operators.size, 0)
})

test('a chunk of a newer or an older format is refused by its version', async () => {
  for (const format of [0, 2]) {
    const { bytes, sizeBytes, sha256 } = buildChunk({ name: 'c', epoch: 1, checkpoint: 1, parts: [] }, digest)
    const all = Buffer.concat(bytes)
    all[4] = format
    const expected = { file: 'chunks/c', name: 'c', sizeBytes, sha256 }
    await assert.rejects(
      readChunkIndex(expected, (start, end) => Promise.resolve(all.subarray(start, end)), digest),
      { code: 'CHECKPOINT_FORMAT', message: new RegExp(`chunks/c has format ${format}, and this version of Millrace reads format 1`) },
    )
  }
})
