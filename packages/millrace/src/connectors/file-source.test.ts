import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sourceDefinitionOf, type Batch, type Reader } from '../connect/contract.ts'
import type { Env, FileHandle } from '../core/env.ts'
import { messageOf } from '../core/errors.ts'
import { nodeEnv } from '../env/node-env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { MAX_OPEN_FILES } from './file-reader.ts'
import { fileSource } from './file-source.ts'
import type { FilePosition } from './file-position.ts'
import { BATCH_BYTES, BATCH_RECORDS } from './file-split.ts'
import { jsonLines } from './json-lines.ts'
import { SeededRandom } from './seeded-random.ts'

const seed = Number(process.env['SEED'] ?? 1)
const root = mkdtempSync(join(tmpdir(), 'millrace-source-'))
after(() => rmSync(root, { recursive: true }))
const folder = (): string => mkdtempSync(join(root, 'case-'))
const file = (content: string | Uint8Array): string => {
  const path = join(folder(), 'in.jsonl')
  writeFileSync(path, content)
  return path
}

type FileBatch = Batch<unknown, FilePosition>
interface From {
  readonly env?: Env
  readonly restored?: ReadonlyMap<string, FilePosition>
  readonly ended?: ReadonlyMap<string, FilePosition>
}

async function open(path: string, from: From = {}): Promise<Reader<unknown, FilePosition>> {
  const { env = nodeEnv(), restored = new Map(), ended = new Map() } = from
  const definition = sourceDefinitionOf(fileSource(path, jsonLines()))
  return definition?.open({ source: 'source/in', env, restored, ended, owns: () => true, signal: new AbortController().signal }) as Promise<
    Reader<unknown, FilePosition>
  >
}

async function next(reader: Reader<unknown, FilePosition>, first?: string): Promise<FileBatch | undefined> {
  for (;;) {
    const polled = reader.poll(first)
    if (polled === 'end') return undefined
    if (polled !== 'wait') return polled
    await reader.ready()
  }
}

async function readAll(path: string, from: From = {}): Promise<FileBatch[]> {
  const reader = await open(path, from)
  const batches: FileBatch[] = []
  try {
    for (let batch = await next(reader); batch !== undefined; batch = await next(reader)) batches.push(batch)
  } finally {
    await reader.close()
  }
  return batches
}

const valuesOf = (batches: readonly FileBatch[]): unknown[] => batches.flatMap((batch) => batch.values)
const brokenOf = (batches: readonly FileBatch[]): unknown[] => batches.flatMap((batch) => batch.broken ?? [])

test('lines may end with \\r\\n, be empty, and begin after a byte order mark', async () => {
  const batches = await readAll(file('\uFEFF{"a":1}\r\n\r\n  \n\n{"a":2}\n\t{"a":3} \r\n"\uFEFF"\n5'))
  assert.deepEqual(valuesOf(batches), [{ a: 1 }, { a: 2 }, { a: 3 }, '\uFEFF', 5])
  assert.deepEqual(brokenOf(batches), [])
  const [batch] = batches
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((index) => batch?.positionOf?.(index)),
    ['in.jsonl:1', 'in.jsonl:5', 'in.jsonl:6', 'in.jsonl:7', 'in.jsonl:8'],
  )
})

test('input that may not be looked at is an error of the source', async () => {
  const env = nodeEnv()
  const denied = (): Promise<never> => Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }))
  for (const files of [
    { ...env.files, info: denied },
    { ...env.files, list: denied },
  ])
    await assert.rejects(readAll(folder(), { env: { ...env, files } }), { code: 'SOURCE', message: /source\/in cannot read .+: EACCES/ })
})

test('a pattern that nothing matches is said in words', async () => {
  const said: string[] = []
  await readAll(join(folder(), '*.jsonl'), { env: { ...nodeEnv(), log: (_level, event) => said.push(event) } })
  assert.match(said.join(), /nothing to read: no file matches/)
})

test('a line that does not parse is a broken record with its place, and the others go on', async () => {
  const batches = await readAll(file('1\n{"a":\n2\nnone\n3\n[1,2\n'))
  assert.deepEqual(valuesOf(batches), [1, 2, 3])
  assert.deepEqual(
    batches[0]?.broken?.map(({ index, code, position, input }) => ({ index, code, position, input })),
    [
      { index: 1, code: 'INVALID_RECORD', position: 'in.jsonl:2', input: '{"a":' },
      { index: 2, code: 'INVALID_RECORD', position: 'in.jsonl:4', input: 'none' },
      { index: 3, code: 'INVALID_RECORD', position: 'in.jsonl:6', input: '[1,2' },
    ],
  )
  assert.match(String(batches[0]?.broken?.[0]?.message), /^in\.jsonl:2 cannot be parsed: .+JSON/)
  assert.deepEqual(
    [0, 1, 2].map((index) => batches[0]?.positionOf?.(index)),
    ['in.jsonl:1', 'in.jsonl:3', 'in.jsonl:5'],
  )
})

test('what is kept of a broken line is bounded', async () => {
  const [batch] = await readAll(file(`x${'y'.repeat(5_000)}\n`))
  assert.equal(String(batch?.broken?.[0]?.input).length, 1_001)
})

test('bytes that are no UTF-8 break their line only', async () => {
  const parts = [Buffer.from('"ä"\n'), Buffer.from([0x22, 0xff, 0x22, 0x0a]), Buffer.from('"€"\n\n'), Buffer.from([0xe2, 0x82])]
  const batches = await readAll(file(Buffer.concat(parts)))
  assert.deepEqual(valuesOf(batches), ['ä', '€'])
  assert.deepEqual(
    batches[0]?.broken?.map(({ index, position, message }) => ({ index, position, message })),
    [
      { index: 1, position: 'in.jsonl:2', message: 'in.jsonl:2 cannot be parsed: it is not UTF-8' },
      { index: 2, position: 'in.jsonl:5', message: 'in.jsonl:5 cannot be parsed: it is not UTF-8' },
    ],
  )
  assert.deepEqual(
    [0, 1].map((index) => batches[0]?.positionOf?.(index)),
    ['in.jsonl:1', 'in.jsonl:3'],
  )
})

test('batches end after 512 lines, whatever these are, or with the line that reaches 1 MiB', async () => {
  const lines = Array.from({ length: 2 * BATCH_RECORDS + 10 }, (_zero, index) => (index % 3 === 0 ? '' : String(index)))
  const batches = await readAll(file(lines.join('\n')))
  assert.deepEqual(
    batches.map((batch) => batch.next.line),
    [BATCH_RECORDS, 2 * BATCH_RECORDS, 2 * BATCH_RECORDS + 10],
  )
  const long = JSON.stringify('x'.repeat(400_000))
  const large = await readAll(file(Array.from({ length: 7 }, () => long).join('\n')))
  assert.deepEqual(
    large.map((batch) => batch.values.length),
    [3, 3, 1],
  )
  assert.ok((large[0]?.next.offset as number) >= BATCH_BYTES)
})

test('lines longer than all buffers', async () => {
  const values = [1, 'x'.repeat(3_000_000), 2, 'ä'.repeat(1_000_000), 3]
  assert.deepEqual(valuesOf(await readAll(file(values.map((value) => JSON.stringify(value)).join('\n')))), values)
})

test('a file without lines is refused before it fills the memory', async () => {
  const path = file('')
  for (let written = 0; written <= 66; written++) appendFileSync(path, new Uint8Array(1 << 20).fill(0x20))
  await assert.rejects(readAll(path), { code: 'SOURCE', retry: 'never', message: /the record in line 1 is longer than/ })
})

test('a position is good for the same file at another place, and for one that has grown', async () => {
  const lines = Array.from({ length: 3_000 }, (_zero, index) => JSON.stringify({ index }))
  const path = file(`${lines.join('\n')}\n`)
  const reader = await open(path)
  const first = (await next(reader)) as FileBatch
  await reader.close()
  const moved = join(folder(), 'in.jsonl')
  renameSync(path, moved)
  appendFileSync(moved, '"grown"\n')
  const rest = await readAll(moved, { restored: new Map([['in.jsonl', first.next]]) })
  assert.deepEqual([...first.values, ...valuesOf(rest)], [...lines.map((line) => JSON.parse(line) as unknown), 'grown'])
})

test('a file that vanished, shrank or changed before the position is refused and named', async () => {
  const path = file('')
  const restoredFrom = async (): Promise<From> => {
    writeFileSync(path, Array.from({ length: 3_000 }, (_zero, index) => `${100_000 + index}\n`).join(''))
    const reader = await open(path)
    const batch = (await next(reader)) as FileBatch
    await reader.close()
    return { restored: new Map([['in.jsonl', batch.next]]) }
  }
  const refused = { code: 'SOURCE_CHANGED', message: /source\/in cannot go on with in\.jsonl: / }

  const shrunk = await restoredFrom()
  truncateSync(path, 100)
  await assert.rejects(readAll(path, shrunk), refused)

  const changed = await restoredFrom()
  writeFileSync(path, '9'.repeat(50_000))
  await assert.rejects(readAll(path, changed), refused)

  const vanished = await restoredFrom()
  renameSync(path, `${path}.away`)
  writeFileSync(join(path, '..', 'other.jsonl'), '1\n')
  await assert.rejects(readAll(join(path, '..'), vanished), refused)
})

/**
 * Found by a look with fresh eyes: a job was killed, its log renamed and begun anew. Two records were there twice, one was never read, and the
 * run ended well.
 */
test('rules 1.13: a file that was read whole is looked at when the job is restored, however it is stored', async () => {
  const place = folder()
  const path = join(place, 'a.jsonl')
  const small = '1\n2\n'
  const large = Array.from({ length: 30_000 }, (_zero, index) => `${100_000 + index}\n`).join('')
  const rotated = (content: string | Uint8Array): void => {
    renameSync(path, join(place, 'b.jsonl'))
    writeFileSync(path, content)
  }
  const cases: readonly (readonly [before: string, change: () => void, message: RegExp])[] = [
    [small, () => rmSync(path), /a\.jsonl: it has vanished from/],
    [small, () => rotated('3\n'), /a\.jsonl: it has shrunk to 2 bytes, but 4 have been read\. It was read to its end/],
    [small, () => rotated('3\n4\n'), /a\.jsonl: the 4 bytes before 4 are not those that were read/],
    [small, () => appendFileSync(path, '3\n'), /it has grown to 6 bytes since it was read to its end, at 4\. Cut it back to 4 bytes/],
    [large, () => writeFileSync(path, large.replace(/100000\n$/, '100001\n').replace('129999', '129998')), /the 4096 bytes before/],
    ['', () => writeFileSync(path, '1\n'), /it has grown to 2 bytes/],
  ]
  for (const [before, change, message] of cases) {
    rmSync(join(place, 'b.jsonl'), { force: true })
    writeFileSync(path, before)
    const ended = new Map((await readAll(place)).map(({ split, next: position }) => [split, position]))
    assert.deepEqual(await readAll(place, { ended }), [], 'nothing has changed')
    change()
    await assert.rejects(readAll(place, { ended }), { code: 'SOURCE_CHANGED', message })
  }
})

test('to look at what was read whole costs the same whatever its size', async () => {
  const costs: number[] = []
  for (const lines of [2_000, 200_000]) {
    const path = file(Array.from({ length: lines }, (_zero, index) => `${100_000 + index}\n`).join(''))
    const ended = new Map((await readAll(path)).map(({ split, next: position }) => [split, position]))
    let bytes = 0
    const env = nodeEnv()
    const counting: Env['files']['open'] = async (...how) => {
      const handle = await env.files.open(...how)
      const read: FileHandle['read'] = async (offset, length) => {
        const got = await handle.read(offset, length)
        bytes += got.length
        return got
      }
      return Object.assign(Object.create(handle) as FileHandle, { read, close: () => handle.close() })
    }
    await readAll(path, { ended, env: { ...env, files: { ...env.files, open: counting } } })
    costs.push(bytes)
  }
  assert.deepEqual(costs, [4_096, 4_096])
})

test('a file that is truncated while it is read is noticed', async () => {
  const path = file(Array.from({ length: 200_000 }, (_zero, index) => `${100_000 + index}\n`).join(''))
  const reader = await open(path)
  await next(reader)
  truncateSync(path, 100)
  await assert.rejects(
    async () => {
      while ((await next(reader)) !== undefined) continue
    },
    { code: 'SOURCE_CHANGED' },
  )
  await reader.close()
})

test('what is not there, is a directory or cannot be read is named', async () => {
  await assert.rejects(readAll(join(root, 'none.jsonl')), { code: 'SOURCE', message: /there is no .*none\.jsonl/ })
  await assert.rejects(readAll(join(root, 'none', '*.jsonl')), { code: 'SOURCE' })
  assert.deepEqual(await readAll(join(folder(), '*.jsonl')), [], 'a pattern that nothing matches')
  assert.throws(() => fileSource('', jsonLines()), { code: 'INVALID_OPTION' })
  assert.throws(() => fileSource('a', { name: 'mine' }), { code: 'INVALID_OPTION' })
})

test('patterns, folders and links', async () => {
  const place = folder()
  mkdirSync(join(place, 'x', 'y'), { recursive: true })
  mkdirSync(join(place, '.hidden'))
  for (const name of ['a.jsonl', 'b.json', 'x/c.jsonl', 'x/y/d.jsonl', '.hidden/e.jsonl', 'x/.f.jsonl', 'odd{1}.jsonl'])
    writeFileSync(join(place, name), '1\n')
  symlinkSync(join(place, 'a.jsonl'), join(place, 'link.jsonl'))
  symlinkSync(place, join(place, 'x', 'round'))
  const splits = async (pattern: string): Promise<string[]> => [...(await open(join(place, pattern))).splits.keys()]
  assert.deepEqual(await splits('*.jsonl'), ['a.jsonl', 'link.jsonl', 'odd{1}.jsonl'])
  assert.deepEqual(await splits('{a,b}.*'), ['a.jsonl', 'b.json'])
  assert.deepEqual(await splits('odd{1}.jsonl'), ['odd{1}.jsonl'])
  assert.deepEqual(await splits('x/*/?.jsonl'), ['round/a.jsonl', 'y/d.jsonl'])
  assert.deepEqual(await splits('x/.f.jsonl'), ['.f.jsonl'])
  assert.deepEqual(await splits('.hidden/*'), ['e.jsonl'])
})

/** Found by a look with fresh eyes: each file was read 32 times, and nothing said so. */
test('a linked folder that leads back to where its path has come through is not entered, however it is named', async () => {
  const place = folder()
  mkdirSync(join(place, 'sub'))
  for (const name of ['fa.jsonl', 'sub/fb.jsonl']) writeFileSync(join(place, name), '1\n')
  symlinkSync('..', join(place, 'sub', 'up'))
  symlinkSync('.', join(place, 'self'))
  const splits = async (path: string): Promise<string[]> => [...(await open(path)).splits.keys()]
  assert.deepEqual(await splits(place), ['fa.jsonl', 'sub/fb.jsonl'])
  assert.deepEqual(await splits(join(place, '**/f*')), ['fa.jsonl', 'sub/fb.jsonl'])
  // What lies above the base is read once.
  assert.deepEqual(await splits(join(place, 'sub')), ['fb.jsonl', 'up/fa.jsonl'])
  symlinkSync(join(place, 'sub'), join(place, 'aside'))
  assert.deepEqual(await splits(join(place, 'aside')), ['fb.jsonl', 'up/fa.jsonl'], 'a base may be a link')
})

test(`many more files than may be open, served as asked for (SEED=${seed})`, async () => {
  const random = new SeededRandom(seed, 'many')
  const place = folder()
  const expected = new Map<string, unknown[]>()
  for (let index = 0; index < 3 * MAX_OPEN_FILES; index++) {
    const values = Array.from({ length: BATCH_RECORDS + 1 + random.below(3 * BATCH_RECORDS) }, (_zero, line) => `${index}:${line}`)
    expected.set(`f${index}.jsonl`, values)
    writeFileSync(join(place, `f${index}.jsonl`), values.map((value) => `${JSON.stringify(value)}\n`).join(''))
  }
  let openCount = 0
  let maxOpen = 0
  const env = nodeEnv()
  const counted = async (path: string, how: 'read' | 'create-new'): Promise<FileHandle> => {
    const handle = await env.files.open(path, how)
    maxOpen = Math.max(maxOpen, ++openCount)
    const close = (): Promise<void> => {
      openCount--
      return handle.close()
    }
    return {
      read: handle.read.bind(handle),
      info: handle.info.bind(handle),
      append: handle.append.bind(handle),
      sync: handle.sync.bind(handle),
      close,
    }
  }
  const reader = await open(place, { env: { ...env, files: { ...env.files, open: counted } } })
  const read = new Map<string, unknown[]>([...expected.keys()].map((name) => [name, []]))
  // Each is asked for once, as the engine does before it knows a watermark: so all would be open at once.
  for (const name of expected.keys()) {
    const polled = reader.poll(name)
    if (polled === 'wait') await reader.ready()
    else if (polled !== 'end') read.get(polled.split)?.push(...polled.values)
  }
  for (;;) {
    const live = [...reader.splits.keys()]
    const polled = reader.poll(live.length > 0 && random.chance(0.8) ? random.pick(live) : undefined)
    if (polled === 'end') break
    if (polled === 'wait') await reader.ready()
    else read.get(polled.split)?.push(...polled.values)
  }
  await reader.close()
  assert.deepEqual(read, expected)
  assert.ok(maxOpen >= MAX_OPEN_FILES && maxOpen <= MAX_OPEN_FILES + 8, `${maxOpen} files were open`)
  assert.equal(openCount, 0, 'all are closed')
})

test('WM-7: the split that is asked for is waited for while it is read, and no other served before it', async () => {
  const place = folder()
  for (const name of ['a', 'b']) writeFileSync(join(place, `${name}.jsonl`), '1\n'.repeat(10 * BATCH_RECORDS))
  const env = nodeEnv()
  let letRead: () => void = () => {}
  const slow = async (path: string, how: 'read' | 'create-new'): Promise<FileHandle> => {
    if (path.endsWith('b.jsonl')) await new Promise<void>((resolve) => (letRead = resolve))
    return env.files.open(path, how)
  }
  const reader = await open(place, { env: { ...env, files: { ...env.files, open: slow } } })
  assert.equal((await next(reader, 'a.jsonl'))?.split, 'a.jsonl')
  assert.equal(reader.poll('b.jsonl'), 'wait')
  let isReady = false
  const ready = reader.ready().then(() => (isReady = true))
  await new Promise(setImmediate)
  assert.equal(isReady, false, 'there is more of a, but b is asked for')
  assert.equal(typeof reader.poll(undefined), 'object', 'without a wish any will do')
  assert.equal(reader.poll('b.jsonl'), 'wait')
  letRead()
  await ready
  assert.equal((await next(reader, 'b.jsonl'))?.split, 'b.jsonl')
  await reader.close()
})

test('close while files are being read leaves nothing open', async () => {
  const path = file(Array.from({ length: 100_000 }, (_zero, index) => `${index}\n`).join(''))
  let openCount = 0
  const env = nodeEnv()
  const counted = async (name: string, how: 'read' | 'create-new'): Promise<FileHandle> => {
    openCount++
    const handle = await env.files.open(name, how)
    const close = async (): Promise<void> => {
      await handle.close()
      openCount--
    }
    return {
      read: handle.read.bind(handle),
      info: handle.info.bind(handle),
      append: handle.append.bind(handle),
      sync: handle.sync.bind(handle),
      close,
    }
  }
  for (let waits = 0; waits < 4; waits++) {
    const reader = await open(path, { env: { ...env, files: { ...env.files, open: counted } } })
    reader.poll(undefined)
    for (let turn = 0; turn < waits; turn++) await new Promise(setImmediate)
    await reader.close()
    assert.equal(openCount, 0)
  }
})

test(`an error of the disk at any read is named, and a restart goes on from where it was (SEED=${seed})`, async () => {
  const lines = Array.from({ length: 3_000 }, (_zero, index) => JSON.stringify({ index }))
  for (let index = 0, isOver = false; !isOver; index++) {
    const env = virtualEnv({ seed })
    const { machine } = env
    machine.disk.create('/in.jsonl').append(new TextEncoder().encode(lines.join('\n')))
    const read: unknown[] = []
    let position: ReadonlyMap<string, FilePosition> = new Map()
    const attempt = async (): Promise<void> => {
      const reader = await open('/in.jsonl', { env, restored: position })
      try {
        for (let batch = await next(reader); batch !== undefined; batch = await next(reader)) {
          read.push(...batch.values)
          position = new Map([[batch.split, batch.next]])
        }
      } finally {
        await reader.close()
      }
    }
    machine.faults = (operation) => (operation.index === index ? { kind: 'error', code: 'EIO' } : undefined)
    const error: unknown = await machine.run(
      attempt().then(
        () => undefined,
        (cause: unknown) => cause,
      ),
    )
    isOver = machine.operationCount <= index
    machine.faults = undefined
    if (error !== undefined) {
      assert.match(messageOf(error), /EIO/)
      await machine.run(attempt())
    }
    assert.deepEqual(
      read,
      lines.map((line) => JSON.parse(line) as unknown),
      `operation ${index}`,
    )
  }
})
