/** Checkpoints that were written once are read for ever, or refused by their version: those in formats/ are never written again. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodeEntry, encodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Entry, Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { ByteReader, ByteWriter } from '../../packages/millrace/src/serde/bytes.ts'
import { decodeValue, encodeValue } from '../../packages/millrace/src/serde/value.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { buildChunk, readChunkBlocks, readChunkIndex } from '../../packages/millrace/src/state/chunk.ts'
import { DIRECTORIES, FORMAT_NAME, formatNames, readDirectory, statePath } from './folder.ts'
import { finishFrom, finishOn, machineOf, makeGolden, type Files } from './life.ts'
import { expectedOutput } from './model.ts'
import { newestManifest, stateOf, type StoredState } from './state.ts'

/** Of an entry, around its body. */
const HEAD_BYTES = 12
const DIGEST_BYTES = 32

const entries = (files: Files): (readonly [path: string, number: number, bytes: Uint8Array])[] =>
  [...files].flatMap(([path, bytes]) => {
    const match = /\/log\/(\d+)\.entry$/.exec(path)
    return match === null ? [] : [[path, Number(match[1]), bytes] as const]
  })
const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
/**
 * Where two values differ in their fields or kinds, whatever the values are. Elements of a list are put together; of one that is empty
 * nothing is known.
 */
function differences(one: unknown, other: unknown, path: string): string[] {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === 0 || other.length === 0 ? [] : differences(together(one), together(other), `${path}[]`)
  // A level is a number or `base`; what may be null is null at one time and not at another.
  if (one === null || other === null || path.endsWith('.runs[].level')) return []
  const [kind, otherKind] = [one, other].map((value) => (Array.isArray(value) ? 'list' : typeof value))
  if (kind !== otherKind) return [`${path}: ${kind} and ${otherKind}`]
  if (kind !== 'object') return []
  const [fields, otherFields] = [one as Record<string, unknown>, other as Record<string, unknown>]
  const names = new Set([...Object.keys(fields), ...Object.keys(otherFields)])
  return [...names].flatMap((name) =>
    name in fields && name in otherFields ? differences(fields[name], otherFields[name], `${path}.${name}`) : [`${path}.${name} is in one`],
  )
}

/** An object with all fields that one of them has; of others the first. */
function together(values: readonly unknown[]): unknown {
  const objects = values.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  return objects.length === 0 ? values[0] : Object.assign({}, ...(objects as object[]))
}

test('there are golden files of the format as it stands', () => {
  assert.ok(formatNames().includes(FORMAT_NAME), `a version was raised: 'node attacks/golden/make.ts' writes the files of ${FORMAT_NAME}`)
})

for (const format of formatNames().filter((name) => name !== FORMAT_NAME)) {
  test(`golden directories of another format (${format}) are refused by their version`, async () => {
    for (const name of DIRECTORIES) await assert.rejects(finishFrom(readDirectory(name, format), 1), { code: 'CHECKPOINT_FORMAT' })
  })
}

for (const name of DIRECTORIES) {
  test(`a golden directory (${name}) is restored at any parallelism, and the job ends as if it had never stopped`, async () => {
    for (const parallelism of [1, 3]) assert.deepEqual(await finishFrom(readDirectory(name), parallelism), expectedOutput())
  })

  test(`the golden directory (${name}) has every kind of state, bases and deltas, and an open part`, () => {
    const { operators } = newestManifest(readDirectory(name))
    const kinds = Object.values(operators).flatMap((part) =>
      part.kind === 'keyed' ? Object.values(part.states).map(({ kind, domain, ttl }) => [kind, domain, ttl && 'ttl'].join(' ').trim()) : [],
    )
    const wanted = ['value', 'list', 'map', 'value  ttl', 'list  ttl', 'map  ttl', 'timer event', 'timers event', 'timer processing', 'timers processing', 'accumulator']
    assert.deepEqual(wanted.filter((kind) => !kinds.includes(kind)), [])
    const levels = new Set(Object.values(operators).flatMap((part) => (part.kind === 'keyed' ? part.runs.map(({ level }) => level) : [])))
    assert.deepEqual(['base', 0, 1].filter((level) => !levels.has(level as 'base')), [])
    assert.ok(Object.values(operators).some((part) => part.kind === 'sink' && part.writerStates.length > 0))
  })

  test(`what is read from golden entries and chunks (${name}) is written again with the same bytes`, async () => {
    const files = readDirectory(name)
    for (const [path, number, bytes] of entries(files)) {
      const reader = new ByteReader(bytes, HEAD_BYTES, bytes.length - DIGEST_BYTES)
      const values = [decodeValue(reader), decodeValue(reader)]
      assert.deepEqual(values, [number, decodeEntry(bytes, { number, name: path }, nodeDigest)], `${path}: no field is passed over`)
      assert.ok(isSame(encodeEntry(number, values[1] as Entry, nodeDigest), bytes), `${path}: the format has changed, but not its version`)
    }
    for (const chunk of newestManifest(files).chunks) {
      const path = `/checkpoints/chunks/${chunk.name}`
      const bytes = files.get(path) as Uint8Array
      const read = (start: number, end: number): Promise<Uint8Array> => Promise.resolve(bytes.slice(start, end))
      const index = await readChunkIndex({ ...chunk, file: path }, read, nodeDigest)
      const parts = await Promise.all(
        [...index.operators.keys()].map(async (operator) =>
          (await readChunkBlocks(index, { operator, first: 0, last: 32_767 }, read, nodeDigest)).map((block) => ({ operator, ...block })),
        ),
      )
      const again = buildChunk({ name: chunk.name, epoch: index.epoch, checkpoint: index.checkpoint, parts: parts.flat() }, nodeDigest)
      assert.ok(isSame(Buffer.concat(again.bytes), bytes), `${path}: the format has changed, but not its version`)
    }
  })
}

test('the same state is written with the same bytes as when the format got its version', async () => {
  const stored = JSON.parse(readFileSync(statePath(), 'utf8')) as StoredState
  const now = await stateOf(readDirectory('killed'))
  assert.deepEqual(Object.keys(now), Object.keys(stored))
  for (const [what, bytes] of Object.entries(now)) assert.ok(bytes === stored[what], `${what}: the format of blocks has changed, but not its version`)
})

test('a manifest has the fields that it had when the format got its version', async () => {
  const now = newestManifest((await makeGolden()).killed)
  const stored = newestManifest(readDirectory('killed'))
  assert.deepEqual(differences(now, stored, 'manifest'), [], 'the format has changed, but not its version')
  const { operators } = stored
  const lacking = { ...stored, operators: { ...operators, 'source/rows': { ...operators['source/rows'], more: 1 } } }
  assert.deepEqual(differences(now, lacking, 'manifest'), ['manifest.operators.source/rows.more is in one'])
})

/** The newest entry with another version, and its checksum put right: as another version of the engine would have written it. */
function entryInFormat(files: Files, format: number): OtherFormat {
  const [path, , bytes] = entries(files).at(-1) as readonly [string, number, Uint8Array]
  const covered = bytes.slice(0, bytes.length - DIGEST_BYTES)
  new DataView(covered.buffer).setUint16(4, format, true)
  return { files: new Map([...files, [path, withDigest(covered)]]), path }
}

function withDigest(covered: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([covered, Buffer.from(nodeDigest.sha256([covered]), 'hex')]))
}

/** The newest checkpoint's entry, its checksum put right, whose manifest says another version. */
function manifestInFormat(files: Files, format: number): OtherFormat {
  const newest = newestManifest(files)
  const [path, number, bytes] = entries(files).find(([name, at, all]) => {
    const entry = decodeEntry(all, { number: at, name }, nodeDigest)
    return entry.kind === 'checkpoint' && entry.manifest.checkpoint === newest.checkpoint
  }) as readonly [string, number, Uint8Array]
  const entry = decodeEntry(bytes, { number, name: path }, nodeDigest)
  const body = new ByteWriter()
  encodeValue(body, number)
  // This version of the engine would refuse to write it.
  encodeValue(body, { ...entry, manifest: { ...newest, format } })
  const head = bytes.slice(0, HEAD_BYTES)
  new DataView(head.buffer).setUint32(8, body.position, true)
  return { files: new Map([...files, [path, withDigest(Buffer.concat([head, body.view()]))]]), path }
}

/** Its version is looked at before its checksum. */
function chunkInFormat(files: Files, format: number): OtherFormat {
  const path = chunkOf(files)
  const changed = (files.get(path) as Uint8Array).slice()
  changed[4] = format
  return { files: new Map([...files, [path, changed]]), path }
}

/** One block of a chunk: checksums of blocks and chunk are put right, also in the manifest that names the chunk. */
async function blockInFormat(files: Files, format: number): Promise<OtherFormat> {
  const path = chunkOf(files)
  const chunk = newestManifest(files).chunks.find(({ name }) => path.endsWith(name)) as Manifest['chunks'][number]
  const read = (start: number, end: number): Promise<Uint8Array> => Promise.resolve((files.get(path) as Uint8Array).slice(start, end))
  const index = await readChunkIndex({ ...chunk, file: path }, read, nodeDigest)
  const parts = await Promise.all(
    [...index.operators.keys()].map(async (operator) =>
      (await readChunkBlocks(index, { operator, first: 0, last: 32_767 }, read, nodeDigest)).map((block) => ({
        operator,
        ...block,
        bytes: block.bytes.with(1, format),
      })),
    ),
  )
  const { epoch, checkpoint } = index
  const built = buildChunk({ name: chunk.name, epoch, checkpoint, parts: parts.flat() }, nodeDigest)
  const withEntries = entries(files).map(([name, number, bytes]) => {
    const entry = decodeEntry(bytes, { number, name }, nodeDigest)
    if (entry.kind !== 'checkpoint') return [name, bytes] as const
    const chunks = entry.manifest.chunks.map((each) => (each.name === chunk.name ? { ...each, sha256: built.sha256 } : each))
    return [name, encodeEntry(number, { ...entry, manifest: { ...entry.manifest, chunks } }, nodeDigest)] as const
  })
  return { files: new Map([...files, ...withEntries, [path, new Uint8Array(Buffer.concat(built.bytes))]]), path }
}

/** A chunk that the newest checkpoint is restored from. */
function chunkOf(files: Files): string {
  const { operators } = newestManifest(files)
  const [name] = Object.values(operators).flatMap((part) => (part.kind === 'keyed' ? part.runs.map(({ chunk }) => chunk) : []))
  return `/checkpoints/chunks/${name as string}`
}

function markInFormat(files: Files, format: number): OtherFormat {
  const path = '/checkpoints/millrace.json'
  const text = new TextDecoder().decode(files.get(path)).replace(/"format":\d+/, `"format":${format}`)
  return { files: new Map([...files, [path, new TextEncoder().encode(text)]]), path }
}

interface OtherFormat {
  readonly files: Files
  readonly path: string
}
const PARTS: Readonly<Record<string, (files: Files, format: number) => OtherFormat | Promise<OtherFormat>>> = {
  entry: entryInFormat,
  manifest: manifestInFormat,
  chunk: chunkInFormat,
  block: blockInFormat,
  mark: markInFormat,
}
const AFTER = 'and this version of Millrace reads format 1\\.'

for (const [part, inFormat] of Object.entries(PARTS))
  for (const [format, says] of [
    [2, new RegExp(`has format 2, ${AFTER} A newer version of Millrace wrote it: go on with that version`)],
    [0, new RegExp(`has format 0, ${AFTER} An older version of Millrace wrote it: go on with that version`)],
  ] as const)
    test(`checkpoints of which the ${part} has format ${format} are refused by that version, with what to do, and nothing of them is changed`, async () => {
      for (const name of DIRECTORIES) {
        const { files, path } = await inFormat(readDirectory(name), format)
        const machine = machineOf(files)
        await assert.rejects(finishOn(machine, 1), (error) => {
          assert.ok(StreamError.is(error))
          assert.equal(error.code, 'CHECKPOINT_FORMAT', error.message)
          assert.match(error.message, says)
          assert.deepEqual(error.details, { ...(part === 'block' ? {} : { file: path }), format, reads: 1 })
          return true
        })
        const now = machine.disk.snapshot()
        const others = [...files].filter(([file]) => file !== '/checkpoints/beat')
        assert.deepEqual(others.filter(([file, bytes]) => !isSame(now.get(file) ?? new Uint8Array(), bytes)).map(([file]) => file), [])
      }
    })
