/** Parsers of what is stored: entries, chunks, blocks, values, batches, keys, frames, the heartbeat, and names in its directory. */
import { chunkOriginOf } from '../../packages/millrace/src/checkpoint/chunk-name.ts'
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import { decodeBeat, encodeBeat } from '../../packages/millrace/src/connectors/beat-file.ts'
import { OpenDirectory } from '../../packages/millrace/src/connectors/directory-storage-open.ts'
import { nodeEnv } from '../../packages/millrace/src/env/node-env.ts'
import { ByteReader, ByteWriter } from '../../packages/millrace/src/serde/bytes.ts'
import { decodeBatch, encodeBatch } from '../../packages/millrace/src/serde/columns.ts'
import { decodeKey, encodeKey, type Key } from '../../packages/millrace/src/serde/key.ts'
import { decodeValue, encodeValue } from '../../packages/millrace/src/serde/value.ts'
import { verifyChunk } from '../../packages/millrace/src/state/chunk.ts'
import { createHeapState } from '../../packages/millrace/src/state/heap-state.ts'
import { mergeBlocks } from '../../packages/millrace/src/state/merge.ts'
import { decodeFrame, encodeFrame, FrameSplitter, type HostFrame } from '../../packages/millrace/src/task/frames.ts'
import { planSummary } from '../../packages/millrace/src/plan/summary.ts'
import { buildPlan } from '../../packages/millrace/src/api/job.ts'
import { readDirectory, statePath } from '../golden/folder.ts'
import { goldenJob } from '../golden/job.ts'
import { encoded, joined } from './mutate.ts'
import type { Parser } from './parser.ts'
import { sealedChunk } from './seal-chunk.ts'
import { readFileSync } from 'node:fs'

const env = nodeEnv()
const { digest } = env
const files = [...readDirectory('killed'), ...readDirectory('released')]
const HEAD_BYTES = 12
const DIGEST_BYTES = 32

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  write(writer)
  return writer.take()
}

function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.from(digest.sha256([bytes]), 'hex'))
}

/** Its length and its digest say what is there: the fields inside are what is wrong. */
function sealedEntry(bytes: Uint8Array): Uint8Array {
  const body = bytes.slice(0, Math.max(HEAD_BYTES, bytes.length - DIGEST_BYTES))
  const covered = joined(body, new Uint8Array(Math.max(0, HEAD_BYTES - body.length)))
  new DataView(covered.buffer).setUint32(8, covered.length - HEAD_BYTES, true)
  return joined(covered, sha256(covered))
}

const entry: Parser = {
  name: 'entry and manifest',
  isText: false,
  samples: files.flatMap(([path, bytes]) => (path.endsWith('.entry') ? [bytes] : [])),
  seal: sealedEntry,
  // Under its own name, whatever number it has.
  parse: (bytes) => decodeEntry(bytes, { number: numberIn(bytes), name: 'an entry' }, digest),
}

function numberIn(bytes: Uint8Array): number {
  try {
    const number = decodeValue(new ByteReader(bytes, Math.min(HEAD_BYTES, bytes.length)))
    return typeof number === 'number' ? number : 1
  } catch {
    return 1
  }
}

/** What a manifest says of it is taken to be true: only so is its inside read. */
const chunk: Parser = {
  name: 'chunk',
  isText: false,
  samples: files.flatMap(([path, bytes]) => (path.endsWith('.chunk') ? [bytes] : [])),
  seal: (bytes) => sealedChunk(bytes, digest),
  parse: (bytes) => {
    const trailer = bytes.length < 8 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true)
    const name = nameIn(bytes)
    const trusting = { crc32: digest.crc32, sha256: () => 'as written' }
    const read = (start: number, end: number): Promise<Uint8Array> => Promise.resolve(bytes.slice(start, end))
    return verifyChunk({ file: `a chunk, index of ${trailer}`, name, sizeBytes: bytes.length, sha256: 'as written' }, read, trusting)
  },
}

function nameIn(bytes: Uint8Array): string {
  try {
    return new ByteReader(bytes, Math.min(5, bytes.length)).text()
  } catch {
    return ''
  }
}

const { plan } = buildPlan(goldenJob({ output: '/out', gate: { allowed: 0 } }), undefined)
const declarations = planSummary(plan).find(({ address }) => address === 'step/held')?.states ?? {}
const blocks = Object.entries(JSON.parse(readFileSync(statePath(), 'utf8')) as Record<string, string>)

const block: Parser = {
  name: 'block of state',
  isText: false,
  samples: blocks.filter(([what]) => what.startsWith('step/held')).map(([, hex]) => Uint8Array.from(Buffer.from(hex, 'hex'))),
  parse: (bytes) => {
    const state = createHeapState({ declarations, maxParallelism: 3, freeze: 'sampled' })
    state.snapshots.restore(bytes, () => true)
    return mergeBlocks([bytes, bytes], { base: true, ignored: [] })
  },
}

const values = [
  { a: 1, b: 'é', c: [1, 2.5, null, true], d: new Map([['k', new Set([1n, 2n ** 80n])]]), e: new Date(0), f: Uint8Array.of(1, 2, 3) },
  Array.from({ length: 40 }, (_, n) => ({ id: n, name: `row ${n}`, tags: [`t${n % 3}`], at: new Date(n), big: BigInt(n) })),
  [Number.NaN, -0, 2 ** 53, -(2 ** 31), 'x'.repeat(300), undefined, new Float64Array(4), { nested: { deep: { deeper: [[[[1]]]] } } }],
]

const value: Parser = {
  name: 'values',
  isText: false,
  samples: values.map((each) => written((writer) => encodeValue(writer, each))),
  parse: (bytes) => decodeValue(new ByteReader(bytes)),
}

const batch: Parser = {
  name: 'column batches',
  isText: false,
  samples: [
    values[1] as unknown[],
    Array.from({ length: 50 }, (_, n) => (n % 5 === 0 ? null : n * 1.5)),
    Array.from({ length: 50 }, (_, n) => ({
      text: n % 2 === 0 ? 'same' : `other ${n}`,
      list: [n, n + 1],
      maybe: n % 3 === 0 ? undefined : n,
    })),
    values,
  ].map((rows) => written((writer) => encodeBatch(writer, rows, new Float64Array(rows.length)))),
  parse: (bytes) => decodeBatch(new ByteReader(bytes)),
}

const keys: readonly Key[] = ['text', 'é', 7, -3.5, 2n ** 70n, true, ['pair', 1, ['deep', [false]]], 'x'.repeat(200)]
const key: Parser = {
  name: 'keys',
  isText: false,
  samples: keys.map((each) => written((writer) => encodeKey(writer, each))),
  parse: (bytes) => decodeKey(new ByteReader(bytes)),
}

const frames = [
  { type: 'complete', checkpoint: 3 },
  { type: 'batch', input: 0, element: { kind: 'batch', values: values[1] as unknown[], timestamps: new Float64Array(40) } },
  { type: 'open', options: { deep: values[0] } },
] as unknown as HostFrame[]
const frame: Parser = {
  name: 'host frames',
  isText: false,
  samples: frames.map((each) => encodeFrame(each)),
  parse: (bytes) => {
    const splitter = new FrameSplitter()
    const middle = bytes.length >> 1
    return [bytes.subarray(0, middle), bytes.subarray(middle)].flatMap((piece) => splitter.push(piece)).map((each) => decodeFrame(each))
  },
}

const beat: Parser = {
  name: 'heartbeat',
  isText: true,
  samples: [encodeBeat({ epoch: 1, count: 2, newestEntry: 3 }, env)],
  seal: (bytes) => {
    const json = bytes.subarray(9, Math.max(9, bytes.length - 1))
    return joined(encoded(digest.crc32(json).toString(16).padStart(8, '0')), encoded(' '), json, encoded('\n'))
  },
  parse: (bytes) => decodeBeat(bytes, env),
}

const NAMES = files.map(([path]) => path.slice(path.lastIndexOf('/') + 1))
const OWNED = '.chunk.0123456789abcdef.0.4190000.5.boot.ns_0020x.tmp'
/** Names of a directory, one a line. */
const names: Parser = {
  name: 'names in the directory',
  isText: true,
  samples: [encoded([...NAMES, OWNED].join('\n')), encoded('000000000001.entry\n1.entry\n999999999999999.entry\nbeat')],
  parse: async (bytes) => {
    const listed = new TextDecoder()
      .decode(bytes)
      .split('\n')
      .filter((name) => name !== '' && !name.includes('/'))
    const list = async (): Promise<{ name: string; kind: 'file' }[]> => listed.map((name) => ({ name, kind: 'file' }))
    const nothing = async (): Promise<undefined> => undefined
    const storage = new OpenDirectory(
      { ...env, files: { ...env.files, list, unlink: nothing, info: nothing } as typeof env.files },
      '/nowhere',
    )
    const entries = await storage.entries()
    const chunks: unknown[] = []
    for await (const name of storage.listChunks()) chunks.push(chunkOriginOf(name))
    return [entries, chunks]
  },
}

export const stateParsers: readonly Parser[] = [entry, chunk, block, value, batch, key, frame, beat, names]
