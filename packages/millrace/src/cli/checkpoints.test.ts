import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeEntry } from '../checkpoint/entry.ts'
import { MANIFEST_FORMAT, type ChunkRef, type Entry, type EntryHead, type Manifest } from '../checkpoint/manifest.ts'
import { OpenDirectory } from '../connectors/directory-storage-open.ts'
import type { Env, ProcessIdentity } from '../core/env.ts'
import { plain } from '../core/text-layout.ts'
import { nodeEnv } from '../env/node-env.ts'
import { checkpointsCommand } from './checkpoints.ts'
import { bytesText } from './format.ts'
import type { World } from './world.ts'

const real = nodeEnv()
const NOW = 1_000_000
const owner: ProcessIdentity = { ...real.processes.self(), pid: 7 }

interface Told {
  readonly code: number
  readonly out: string
  readonly err: string
}
async function tell(directory: string, values: Readonly<Record<string, true>> = {}, isAlive?: boolean): Promise<Told> {
  const env: Env = { ...real, clock: { ...real.clock, now: () => NOW }, processes: { self: () => owner, isAlive: () => isAlive } }
  let out = ''
  let err = ''
  const world: World = {
    env,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    canRedraw: false,
    isLogged: false,
    paint: plain,
    paintOutput: plain,
    folder: directory,
    onSignal: () => {},
    onEarlyEnd: () => () => {},
    exit: () => {},
    exitSoon: () => {},
  }
  const code = await checkpointsCommand(directory, values, world)
  return { code, out: out.replaceAll(`${directory}/`, ''), err: err.replaceAll(`${directory}/`, '') }
}

const chunk = (checkpoint: number, sizeBytes: number): ChunkRef => ({
  name: `e1-c${checkpoint}-step.a-0-${String(checkpoint).padStart(16, '0')}.chunk`,
  sizeBytes,
  sha256: '0'.repeat(64),
})

function manifest(checkpoint: number, chunks: readonly ChunkRef[]): Manifest {
  return {
    format: MANIFEST_FORMAT,
    job: 'orders',
    checkpoint,
    epoch: 1,
    createdAtMs: NOW - 10_000 + 1_000 * checkpoint,
    reason: checkpoint === 0 ? 'first' : 'periodic',
    keyGroups: 8,
    planHash: 'a'.repeat(64),
    chunks,
    operators: chunks.length === 0 ? {} : keyed(chunks),
  }
}

function keyed(chunks: readonly ChunkRef[]): Manifest['operators'] {
  const runs = chunks.map(({ name, sizeBytes }) => ({ chunk: name, first: 0, last: 7, bytes: sizeBytes, entries: 1, level: 0 }))
  return {
    'step/a': { kind: 'keyed', states: { total: { kind: 'value', version: 1 } }, runs, watermarks: [{ first: 0, last: 7, watermark: 5 }] },
  }
}

/** A claim, checkpoint 0, and checkpoints 4 and 5, which share a chunk. */
async function directoryWith(...last: readonly Entry[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'))
  const storage = new OpenDirectory(real, directory)
  const head = (checkpointFloor: number, latest: number | null, kept: readonly number[]): EntryHead => ({
    job: 'orders',
    log: 'l',
    epoch: 1,
    claim: 1,
    latest,
    kept,
    checkpointFloor,
  })
  const entries: readonly Entry[] = [
    { kind: 'claim', ...head(-1, null, []), owner, token: 't'.repeat(16), leaseMs: 10_000 },
    { kind: 'checkpoint', ...head(0, 2, [1]), manifest: manifest(0, []) },
    { kind: 'checkpoint', ...head(4, 3, [1, 2]), manifest: manifest(4, [chunk(4, 1_200)]) },
    { kind: 'checkpoint', ...head(5, 4, [1, 2, 3]), manifest: manifest(5, [chunk(4, 1_200), chunk(5, 34)]) },
    ...last,
  ]
  for (const [index, entry] of entries.entries()) await storage.createEntry(index + 1, encodeEntry(index + 1, entry, real.digest))
  return directory
}

/** Of the file: the entry is part of what a checkpoint takes. */
const entryBytes = (directory: string, entry: number): number =>
  readFileSync(join(directory, 'log', `${String(entry).padStart(12, '0')}.entry`)).length
const sized = (bytes: number): string => bytesText(bytes).padStart(7)

const tail: EntryHead = { job: 'orders', log: 'l', epoch: 1, claim: 1, latest: 4, kept: [1, 2, 3, 4], checkpointFloor: 5 }

test('newest first, with what each added, and who has the job', async (context) => {
  const directory = await directoryWith()
  context.after(() => rmSync(directory, { recursive: true }))
  const before = readdirSync(directory, { recursive: true })
  const { code, out, err } = await tell(directory, {}, false)
  assert.equal(
    out,
    [
      'job orders: process 7, which had it, is gone; a run continues at once',
      '',
      'CHECKPOINT  REASON    AGE           SIZE      NEW  EPOCH',
      `         5  periodic  5.0 s ago  ${sized(1_234 + entryBytes(directory, 4))}  ${sized(34 + entryBytes(directory, 4))}      1  <- continues from here`,
      `         4  periodic  6.0 s ago  ${sized(1_200 + entryBytes(directory, 3))}  ${sized(1_200 + entryBytes(directory, 3))}      1`,
      `         0  first     10 s ago   ${sized(entryBytes(directory, 2))}  ${sized(entryBytes(directory, 2))}      1`,
      '',
    ].join('\n'),
  )
  assert.deepEqual([code, err], [0, ''])
  assert.match((await tell(directory, {}, true)).out, /^job orders: running in process 7\n/)
  assert.match((await tell(directory)).out, /^job orders: claimed by process 7; a run waits until that is silent for 10 s\n/)
  assert.deepEqual(readdirSync(directory, { recursive: true }), before)
})

test('stopped and finished jobs', async (context) => {
  const released = await directoryWith({ kind: 'release', ...tail })
  const finished = await directoryWith({ kind: 'finished', ...tail, checkpoint: 5 })
  context.after(() => [released, finished].forEach((directory) => rmSync(directory, { recursive: true })))
  assert.match((await tell(released)).out, /^job orders: stopped and given back; a run continues at once\n/)
  assert.match((await tell(finished)).out, /^job orders: finished, all output is committed; a run changes nothing\n/)
  assert.doesNotMatch((await tell(finished)).out, /continues from here/)
})

test('a damaged entry is named, the others are shown, and the exit code is 4', async (context) => {
  const directory = await directoryWith()
  context.after(() => rmSync(directory, { recursive: true }))
  flip(join(directory, 'log/000000000003.entry'))
  const older = await tell(directory)
  assert.equal(older.code, 4)
  assert.match(older.err, /^damaged: log\/000000000003\.entry is damaged: its checksum does not hold/)
  assert.match(older.out, /^ +5 .*\n +0 /m)
  flip(join(directory, 'log/000000000004.entry'))
  const newest = await tell(directory)
  assert.match(newest.out, /^job orders: its log is damaged at entry 4; a run stops and changes nothing\n/)
  assert.match(newest.err, /000000000004\.entry is damaged/)
  rmSync(join(directory, 'log/000000000004.entry'))
  assert.match((await tell(directory)).err, /000000000003\.entry is damaged/)
})

test('what a run refuses for a missing entry is not said to continue', async (context) => {
  const lost = await directoryWith({ kind: 'release', ...tail })
  const middle = await directoryWith({ kind: 'release', ...tail })
  context.after(() => [lost, middle].forEach((directory) => rmSync(directory, { recursive: true })))
  await new OpenDirectory(real, lost).beat({ epoch: 1, count: 3, newestEntry: 5 })
  rmSync(join(lost, 'log/000000000005.entry'))
  const newest = await tell(lost)
  assert.match(newest.out, /^job orders: its log is damaged at entry 5; a run stops and changes nothing\n/)
  assert.match(newest.out, /^ +5 .*\n +4 .*\n +0 /m)
  assert.doesNotMatch(newest.out, /continues/)
  assert.match(newest.err, /^damaged: log\/000000000005\.entry is missing/)
  rmSync(join(middle, 'log/000000000004.entry'))
  const wanted = await tell(middle)
  assert.match(wanted.out, /^job orders: its log is damaged at entry 4; a run stops and changes nothing\n/)
  assert.doesNotMatch(wanted.out, /continues/)
  assert.deepEqual([newest.code, wanted.code], [4, 4])
})

test('a claim that is missing costs a run its lease, no more', async (context) => {
  const directory = await directoryWith()
  context.after(() => rmSync(directory, { recursive: true }))
  rmSync(join(directory, 'log/000000000001.entry'))
  const { code, out } = await tell(directory)
  assert.match(out, /^job orders: its claim is damaged; a run waits .*\n/)
  assert.match(out, /<- continues from here/)
  assert.equal(code, 4)
})

test('data for scripts', async (context) => {
  const directory = await directoryWith()
  context.after(() => rmSync(directory, { recursive: true }))
  const data = JSON.parse((await tell(directory, { json: true })).out) as {
    job: string
    owner: { state: string }
    checkpoints: Record<string, unknown>[]
  }
  assert.deepEqual([data.job, data.owner.state], ['orders', 'unknown'])
  assert.deepEqual(
    data.checkpoints.map(({ checkpoint, sizeBytes, newBytes, entry }) => [checkpoint, sizeBytes, newBytes, entry]),
    [
      [0, entryBytes(directory, 2), entryBytes(directory, 2), 2],
      [4, 1_200 + entryBytes(directory, 3), 1_200 + entryBytes(directory, 3), 3],
      [5, 1_234 + entryBytes(directory, 4), 34 + entryBytes(directory, 4), 4],
    ],
  )
})

test('a directory without checkpoints ends with 4, as for inspect; one that is not there, or a file, is a mistake', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const { code, out } = await tell(directory)
  assert.equal(code, 4)
  assert.match(out, /^No checkpoints in /)
  writeFileSync(join(directory, 'file'), '')
  await assert.rejects(tell(join(directory, 'file')), { code: 'COMMAND_LINE', message: /is no directory/ })
  await assert.rejects(tell(join(directory, 'nope')), { code: 'COMMAND_LINE' })
})

function flip(path: string): void {
  const bytes = readFileSync(path)
  bytes[20] = (bytes[20] as number) ^ 1
  writeFileSync(path, bytes)
}
