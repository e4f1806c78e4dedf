import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sourceDefinitionOf, type Batch, type Reader } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { nodeEnv } from '../env/node-env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { csv } from './csv.ts'
import type { FilePosition } from './file-position.ts'
import { MAX_OPEN_FILES } from './file-reader.ts'
import { fileSource } from './file-source.ts'
import { GzipFile } from './gzip-file.ts'
import { SeededRandom } from './seeded-random.ts'
import { text } from './text.ts'

const seed = Number(process.env['SEED'] ?? 1)
const root = mkdtempSync(join(tmpdir(), 'millrace-gzip-'))
after(() => rmSync(root, { recursive: true }))

type FileReader = Reader<unknown, FilePosition>
interface From {
  readonly positions?: ReadonlyMap<string, FilePosition>
  readonly ended?: ReadonlyMap<string, FilePosition>
  readonly env?: Env
}

async function readAll(
  path: string,
  { positions = new Map(), ended = new Map(), env = nodeEnv() }: From = {},
): Promise<Batch<unknown, FilePosition>[]> {
  const source = sourceDefinitionOf(fileSource(path, text()))
  const context = {
    source: 'source/in',
    env,
    restored: positions,
    ended,
    owns: () => true,
    signal: new AbortController().signal,
  }
  const reader = (await source?.open(context)) as FileReader
  const batches: Batch<unknown, FilePosition>[] = []
  try {
    for (let polled = reader.poll(undefined); polled !== 'end'; polled = reader.poll(undefined)) {
      if (polled === 'wait') await reader.ready()
      else batches.push(polled)
    }
  } finally {
    await reader.close()
  }
  return batches
}

/** A file with these bytes, and how it is read: by zlib, and by the simulator's own. */
async function bothRead(bytes: Uint8Array): Promise<string[]> {
  const results: string[] = []
  for (const env of [nodeEnv(), virtualEnv({ seed })]) {
    const isSimulated = 'machine' in env
    const path = isSimulated ? '/a.gz' : join(root, 'a.gz')
    if ('machine' in env) env.machine.disk.create(path).append(bytes)
    else writeFileSync(path, bytes)
    const read = async (): Promise<string> => {
      const file = new GzipFile(env, await env.files.open(path, 'read'), path)
      try {
        let result = ''
        for (let at = 0; ;) {
          const part = await file.read(at, 1_000)
          result += new TextDecoder().decode(part)
          at += part.length
          if (part.length < 1_000) return result
        }
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'SOURCE')
        return 'SOURCE'
      } finally {
        await file.close()
      }
    }
    results.push(await ('machine' in env ? env.machine.run(read()) : read()))
  }
  return results
}

test(`several members, padding, and damage are told alike by both implementations (SEED=${seed})`, async () => {
  const random = new SeededRandom(seed, 'gzip')
  const drawn = (size: number): string =>
    Array.from({ length: random.below(size) }, () => random.pick(['abc', 'b', '\n', String(random.next())])).join('')
  for (let round = 0; round < 30; round++) {
    const [one, two] = [drawn(4_000), drawn(50)]
    const level = random.below(10)
    const members = Buffer.concat([gzipSync(one, { level }), gzipSync(two)])
    assert.deepEqual(await bothRead(members), [one + two, one + two])
    assert.deepEqual(await bothRead(Buffer.concat([members, Buffer.alloc(random.below(40_000))])), [one + two, one + two])
    for (const bad of [
      members.subarray(0, members.length - 1 - random.below(20)),
      Buffer.concat([members, Buffer.from('something else')]),
      Buffer.concat([members, Buffer.alloc(random.below(20_000)), Buffer.from([1])]),
      Buffer.from('plain'),
      Buffer.alloc(0),
    ])
      assert.deepEqual(await bothRead(bad), ['SOURCE', 'SOURCE'])
    const flipped = Buffer.from(members)
    const at = 10 + random.below(flipped.length - 10)
    flipped[at] = (flipped[at] as number) ^ (1 << random.below(8))
    const [node, plain] = await bothRead(flipped)
    assert.equal(node, plain, `byte ${at} of ${members.length} is flipped`)
  }
})

test('a damaged or truncated file is named, and where that was found', async () => {
  const path = join(root, 'bad.txt.gz')
  const whole = gzipSync(Array.from({ length: 50_000 }, (_zero, index) => `${index}\n`).join(''))
  writeFileSync(path, whole.subarray(0, whole.length - 10))
  await assert.rejects(readAll(path), {
    code: 'SOURCE',
    retry: 'never',
    message: new RegExp(`bad\\.txt\\.gz is no gzip file, or damaged, or not whole: .+, found in its bytes \\d+ to ${whole.length - 10}\\.`),
  })
})

test('what expands a thousandfold is read in pieces', async () => {
  const path = join(root, 'bomb.txt.gz')
  writeFileSync(path, gzipSync(`${'x'.repeat(9_999)}\n`.repeat(6_000)))
  const env = nodeEnv()
  let largest = 0
  const watched: Env = {
    ...env,
    gunzip: () => {
      const gunzip = env.gunzip()
      const see = (bytes: Uint8Array): Uint8Array => {
        largest = Math.max(largest, bytes.length)
        return bytes
      }
      return { push: async (bytes) => see(await gunzip.push(bytes)), end: async () => see(await gunzip.end()), close: () => gunzip.close() }
    },
  }
  let lines = 0
  for (const { values } of await readAll(path, { env: watched })) lines += values.length
  assert.equal(lines, 6_000)
  assert.ok(largest < 18 << 20, `${largest} bytes at once`)
})

test('more compressed files than may be open stay open, and that is said', async () => {
  const place = mkdtempSync(join(root, 'many-'))
  const lines = Array.from({ length: 1_500 }, (_zero, index) => `${index}`)
  for (let file = 0; file <= MAX_OPEN_FILES; file++) writeFileSync(join(place, `${file}.txt.gz`), gzipSync(`${lines.join('\n')}\n`))
  const said: string[] = []
  let opened = 0
  const env = nodeEnv()
  const open: Env['files']['open'] = (path, how) => {
    opened++
    return env.files.open(path, how)
  }
  const batches = await readAll(place, { env: { ...env, files: { ...env.files, open }, log: (_level, event) => said.push(event) } })
  assert.match(said.join(), /more than 64 compressed files/)
  assert.equal(batches.flatMap(({ values }) => values).length, (MAX_OPEN_FILES + 1) * lines.length)
  assert.equal(opened, MAX_OPEN_FILES + 1, 'each is opened once')
})

test('a header in a compressed file, from any position', async () => {
  const path = join(root, 'a.csv.gz')
  const rows = Array.from({ length: 2_000 }, (_zero, index) => ({ n: String(index), text: `"${index}"\n` }))
  const body = rows.map(({ n, text: value }) => `${n},"${value.replaceAll('"', '""')}"\n`).join('')
  writeFileSync(path, gzipSync(`n,text\n${body}`))
  const source = sourceDefinitionOf(fileSource(path, csv()))
  let positions = new Map<string, FilePosition>()
  const read: unknown[] = []
  for (let isOver = false; !isOver;) {
    const context = {
      source: 'in',
      env: nodeEnv(),
      restored: positions,
      ended: new Map<string, FilePosition>(),
      owns: () => true,
      signal: new AbortController().signal,
    }
    const reader = (await source?.open(context)) as FileReader
    for (let polled = reader.poll(undefined); ; polled = reader.poll(undefined)) {
      if (polled === 'wait') await reader.ready()
      else if (polled !== 'end') {
        read.push(...polled.values)
        positions = new Map([[polled.split, polled.next]])
        isOver = polled.splitEnded === true
        break
      }
    }
    await reader.close()
  }
  assert.deepEqual(read, rows)
})

test('rules 1.13: a compressed file that was read whole is known by its compressed bytes', async () => {
  const path = join(root, 'whole.txt.gz')
  const lines = Array.from({ length: 20_000 }, (_zero, index) => `${(index * 7_919) % 100_003}\n`)
  const whole = gzipSync(lines.join(''))
  assert.ok(whole.length > 20_000, 'more than one piece')
  const other = gzipSync([...lines.slice(0, -1), '7\n'].join(''))
  writeFileSync(path, whole)
  const ended = new Map((await readAll(path)).map(({ split, next }) => [split, next]))
  let decompressed = 0
  const env: Env = {
    ...nodeEnv(),
    gunzip: () => {
      decompressed++
      return nodeEnv().gunzip()
    },
  }
  assert.deepEqual(await readAll(path, { ended, env }), [])
  assert.equal(decompressed, 0)
  for (const changed of [other, Buffer.concat([whole, gzipSync('more\n')]), Buffer.concat([whole.subarray(0, -8), Buffer.alloc(8)])]) {
    writeFileSync(path, changed)
    await assert.rejects(readAll(path, { ended }), { code: 'SOURCE_CHANGED', message: /whole\.txt\.gz: / })
  }
})
