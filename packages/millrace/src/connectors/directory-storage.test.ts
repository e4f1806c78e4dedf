import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { storageDefinitionOf, type OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { nodeEnv } from '../env/node-env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { directoryStorage } from './directory-storage.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-storage-'))
after(() => rmSync(root, { recursive: true }))
const env = nodeEnv()
const open = (path: string, world: Env = env): Promise<OpenStorage> =>
  storageDefinitionOf(directoryStorage(path))?.open(world) as Promise<OpenStorage>
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('looking changes nothing', async () => {
  const path = join(root, 'looked', 'at')
  const storage = await open(path)
  assert.deepEqual([await storage.entries(), await storage.readEntry(1), await storage.lastBeat()], [[], undefined, undefined])
  await storage.deleteEntry(1)
  await storage.deleteChunk('a')
  assert.ok(!existsSync(join(root, 'looked')))
})

test('the layout', async () => {
  const path = join(root, 'layout')
  const storage = await open(path)
  await storage.createEntry(7, bytes('x'))
  await storage.writeChunk('e1-c2-0af', [bytes('y')])
  await storage.beat({ epoch: 1, count: 2, newestEntry: 7 })
  const names = ['', 'log', 'chunks'].map((folder) => readdirSync(join(path, folder)))
  assert.deepEqual(names, [['beat', 'chunks', 'log', 'millrace.json'], ['000000000007.entry'], ['e1-c2-0af']])
  assert.equal(storage.nameOf({ entry: 7 }), `${path}/log/000000000007.entry`)
  assert.equal(storage.nameOf({ chunk: 'e1-c2-0af' }), `${path}/chunks/e1-c2-0af`)
})

test('what is not ours is left alone', async () => {
  const path = join(root, 'foreign')
  const storage = await open(path)
  await storage.createEntry(1, bytes('x'))
  await storage.writeChunk('a', [bytes('y')])
  for (const name of ['log/notes.txt', 'log/1.entry', 'log/.hidden.entry', 'chunks/.hidden', 'chunks/under_score'])
    writeFileSync(join(path, name), '')
  assert.deepEqual(await storage.entries(), [1])
  const chunks: string[] = []
  for await (const name of storage.listChunks()) chunks.push(name)
  assert.deepEqual(chunks, ['a'])
  await (await open(path)).createEntry(2, bytes('z'))
  assert.equal(readdirSync(join(path, 'log')).length, 5)
})

test('a log that was emptied is not a new directory (rules 1.1)', async () => {
  const path = join(root, 'emptied')
  await (await open(path)).createEntry(1, bytes('x'))
  for (const empty of [() => rmSync(join(path, 'log', '000000000001.entry')), () => rmSync(join(path, 'log'), { recursive: true })]) {
    empty()
    await assert.rejects((await open(path)).entries(), { code: 'CHECKPOINT_NOT_FOUND', message: /has held checkpoints/ })
  }
})

/** Found by a look with fresh eyes: the version in the mark was written and never read. */
test('a directory whose mark names another format is refused before its entries are looked at, one with a damaged mark too', async () => {
  const path = join(root, 'other-format')
  const mark = join(path, 'millrace.json')
  await (await open(path)).createEntry(1, bytes('x'))
  for (const [text, code, says] of [
    [
      '{"millrace":"checkpoints","format":2}\n',
      'CHECKPOINT_FORMAT',
      /millrace\.json has format 2, .* A newer version of Millrace wrote it/,
    ],
    ['{"millrace":"checkpoints","format":0}', 'CHECKPOINT_FORMAT', /millrace\.json has format 0, .* An older version of Millrace wrote it/],
    ['', 'CHECKPOINT_CORRUPT', /millrace\.json is damaged/],
    ['{"millrace":"checkpoints"', 'CHECKPOINT_CORRUPT', /put it back; or, if this version of Millrace has written them, remove it/],
    ['{"millrace":"checkpoints","format":"1"}', 'CHECKPOINT_CORRUPT', /damaged/],
    ['{"millrace":"something","format":1}', 'CHECKPOINT_CORRUPT', /damaged/],
    ['null', 'CHECKPOINT_CORRUPT', /damaged/],
  ] as const) {
    writeFileSync(mark, text)
    await assert.rejects((await open(path)).entries(), { code, message: says })
  }
  writeFileSync(mark, '{"millrace":"checkpoints","format":1,"note":"may be added"}')
  assert.deepEqual(await (await open(path)).entries(), [1])
  rmSync(mark)
  const storage = await open(path)
  assert.deepEqual(await storage.entries(), [1])
  await storage.createEntry(2, bytes('y'))
  assert.ok(existsSync(mark))
})

/** Found by a look with fresh eyes: `--checkpoints u1/10` began from nothing in a folder inside of `u1`. */
test('a directory inside of another one of checkpoints is refused, with what may have been meant', async () => {
  const path = join(root, 'outer')
  await (await open(path)).createEntry(1, bytes('x'))
  await open(path)
  await open(join(path, '..', 'outer'))
  const outer = RegExp.escape(path)
  for (const [inner, says] of [
    [join(path, '10'), `--checkpoints ${outer} --restore ${outer}/10 on`],
    [`${path}/./10/`, `--restore ${outer}/10 on`],
    [join(path, 'chunks'), `--restore ${outer}/N on`],
  ] as const)
    await assert.rejects(open(inner), { code: 'INVALID_OPTION', message: new RegExp(`${outer} holds those of a job.*${says}`) })
})

test('a torn heartbeat says nothing', async () => {
  const path = join(root, 'torn')
  const storage = await open(path)
  await storage.beat({ epoch: 1, count: 123, newestEntry: 7 })
  const whole = await env.files.open(join(path, 'beat'), 'read')
  const content = await whole.read(0, 1_000)
  await whole.close()
  for (let length = 0; length < content.length; length++) {
    writeFileSync(join(path, 'beat'), content.subarray(0, length))
    assert.equal(await storage.lastBeat(), undefined)
  }
  for (let bit = 0; bit < content.length * 8; bit++) {
    const flipped = content.slice()
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    writeFileSync(join(path, 'beat'), flipped)
    assert.equal(await storage.lastBeat(), undefined)
  }
  writeFileSync(join(path, 'beat'), content)
  assert.deepEqual(await storage.lastBeat(), { epoch: 1, count: 123, newestEntry: 7 })
})

test('a heartbeat whose checksum holds and that is none says nothing', async () => {
  const path = join(root, 'no-beat')
  const storage = await open(path)
  await storage.beat({ epoch: 1, count: 2, newestEntry: 3 })
  for (const json of [
    '',
    '{',
    'null',
    '7',
    '[]',
    '{"epoch":1,"count":2}',
    '{"epoch":1,"count":2,"newestEntry":"3"}',
    '{"epoch":1.5,"count":2,"newestEntry":3}',
  ]) {
    const checksum = env.digest.crc32(bytes(json)).toString(16).padStart(8, '0')
    writeFileSync(join(path, 'beat'), `${checksum} ${json}\n`)
    assert.equal(await storage.lastBeat(), undefined, json)
  }
})

test('errors of the disk name the file and the reason', async () => {
  const path = join(root, 'in-the-way')
  writeFileSync(path, 'a file')
  await assert.rejects((await open(path)).createEntry(1, bytes('x')), {
    code: 'STORAGE',
    message: /in-the-way\/log\/000000000001\.entry cannot be written \(E\w+\)/,
  })
  await assert.rejects((await open(path)).entries(), { code: 'STORAGE', message: /ENOTDIR/ })
  assert.throws(() => directoryStorage(''), { code: 'INVALID_OPTION' })
})

test('a directory that may not be written', async () => {
  const path = join(root, 'locked')
  mkdirSync(path)
  chmodSync(path, 0o500)
  // Root may write everywhere.
  if (process.getuid?.() !== 0)
    await assert.rejects((await open(path)).createEntry(1, bytes('x')), { code: 'STORAGE', message: /permissions/ })
  chmodSync(path, 0o700)
})

test('a link whose answer was lost is known by its file', async () => {
  const world = virtualEnv({ seed: 1 })
  const { files } = world
  const link = async (from: string, to: string): Promise<boolean> => {
    await files.link(from, to)
    return false
  }
  const lossy = { ...world, files: { ...files, link } } as Env
  const storage = await world.machine.run(open('/data', lossy))
  assert.equal(await world.machine.run(storage.createEntry(1, bytes('x'))), 'created')
  assert.equal(await world.machine.run(storage.createEntry(1, bytes('x'))), 'exists')
  assert.deepEqual(await world.machine.run(storage.readEntry(1)), bytes('x'))
})

test('what a process that died was writing is removed by the next owner, what one that lives writes is not', async () => {
  const path = join(root, 'swept')
  const storage = await open(path)
  await storage.createEntry(1, bytes('x'))
  const self = env.processes.self()
  const hex = (text: string): string =>
    text.replace(/[^A-Za-z0-9-]/g, (character) => `_${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const nameOf = (pid: number): string => `.chunk.0123456789abcdef.0.${pid}.${self.startedAt}.${self.boot}.${hex(self.namespace)}.tmp`
  const [gone, alive] = [nameOf(4_190_000), nameOf(self.pid)]
  mkdirSync(join(path, 'chunks'), { recursive: true })
  for (const name of [gone, alive]) writeFileSync(join(path, 'chunks', name), 'half')
  await (await open(path)).createEntry(2, bytes('y'))
  assert.deepEqual(readdirSync(join(path, 'chunks')), process.platform === 'linux' ? [alive] : [gone, alive].sort())
})
