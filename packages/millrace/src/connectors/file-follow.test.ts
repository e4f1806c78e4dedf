/** Sources that follow files, on a simulated machine: time passes only where a test lets it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceDefinitionOf, type Batch, type Reader } from '../connect/contract.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import type { FilePosition } from './file-position.ts'
import { fileSource } from './file-source.ts'
import { csv } from './csv.ts'
import type { Format } from './format.ts'
import { jsonLines } from './json-lines.ts'
import { SeededRandom } from './seeded-random.ts'
import { text } from './text.ts'

const seed = Number(process.env['SEED'] ?? 1)
type FileBatch = Batch<unknown, FilePosition>
type FileReader = Reader<unknown, FilePosition>

/** A folder, a source that follows it, and how far that has come, as a checkpoint would know it. */
class Bench {
  readonly env = virtualEnv({ seed })
  readonly #machine = this.env.machine
  readonly #format: Format<never>
  reader: FileReader | undefined
  positions = new Map<string, FilePosition>()
  ended = new Map<string, FilePosition>()
  readonly read = new Map<string, unknown[]>()

  constructor(format: Format<never> = text() as unknown as Format<never>) {
    this.#format = format
    this.#machine.disk.makeDirectory('/in')
  }

  append(name: string, content: string): void {
    const { disk } = this.#machine
    const inode = disk.info(`/in/${name}`) === undefined ? disk.create(`/in/${name}`) : disk.open(`/in/${name}`)
    inode.append(new TextEncoder().encode(content))
  }

  remove(name: string): void {
    this.#machine.disk.unlink(`/in/${name}`)
  }

  overwrite(name: string, content: string): void {
    this.#machine.disk.open(`/in/${name}`).overwrite(new TextEncoder().encode(content))
  }

  async open(): Promise<void> {
    const source = sourceDefinitionOf(fileSource('/in', this.#format, { follow: true }))
    const { env, positions: restored, ended } = this
    const context = { source: 'source/in', env, restored, ended: new Map(ended), owns: () => true, signal: new AbortController().signal }
    this.reader = (await this.#machine.run(source?.open(context) as Promise<FileReader>)) as FileReader
    for (const [split, position] of this.reader.splits) this.positions.set(split, position)
  }

  async close(): Promise<void> {
    await this.#machine.run(this.reader?.close() as Promise<void>)
  }

  /** Lets so much time pass, and takes whatever there is. */
  async pass(ms: number = 600): Promise<readonly FileBatch[]> {
    const batches: FileBatch[] = []
    for (let left = ms; left >= 0; left -= 20) {
      for (let batch = this.poll(); typeof batch === 'object'; batch = this.poll()) batches.push(this.#take(batch))
      await this.#machine.advance(20)
    }
    return batches
  }

  poll(first?: string): FileBatch | 'wait' | 'end' | undefined {
    return this.reader?.poll(first)
  }

  #take(batch: FileBatch): FileBatch {
    this.read.set(batch.split, [...(this.read.get(batch.split) ?? []), ...batch.values])
    this.positions.set(batch.split, batch.next)
    if (batch.splitEnded === true) {
      this.ended.set(batch.split, batch.next)
      this.positions.delete(batch.split)
    }
    return batch
  }
}

const valuesOf = (batches: readonly FileBatch[]): unknown[] => batches.flatMap(({ values }) => values)

test('SO-5: what is appended is read, and a last line waits for its end', async () => {
  const bench = new Bench()
  bench.append('a.txt', 'one\ntw')
  await bench.open()
  assert.deepEqual(valuesOf(await bench.pass()), ['one'])
  assert.equal(bench.poll(), 'wait')
  bench.append('a.txt', 'o\n\nthr')
  assert.deepEqual(valuesOf(await bench.pass()), ['two', ''])
  bench.append('a.txt', 'ee\n')
  const [batch] = await bench.pass()
  assert.deepEqual(batch?.values, ['three'])
  assert.equal(batch?.positionOf?.(0), 'a.txt:4')
  await bench.close()
})

test('WM-7: files that come are announced as splits before their first batch', async () => {
  const bench = new Bench()
  await bench.open()
  assert.deepEqual([bench.reader?.splits.size, bench.poll()], [0, 'wait'])
  bench.append('deep.txt', 'x')
  await bench.pass()
  assert.deepEqual(
    [...(bench.reader?.splits ?? [])].map(([name, { offset }]) => [name, offset]),
    [['deep.txt', 0]],
  )
  bench.append('deep.txt', '\n')
  assert.deepEqual(valuesOf(await bench.pass()), ['x'])
  await bench.close()
})

test('ready resolves when there is something, and there is no polling in between', async () => {
  const bench = new Bench()
  bench.append('a.txt', '1\n')
  await bench.open()
  await bench.pass()
  let isReady = false
  void bench.reader?.ready().then(() => (isReady = true))
  const before = bench.env.machine.operationCount
  await bench.pass(10_000)
  assert.equal(isReady, false)
  const looks = bench.env.machine.operationCount - before
  assert.ok(looks > 20 && looks < 10_000 / 50, `${looks} operations of the disk in ten seconds`)
  bench.append('a.txt', '2\n')
  await bench.env.machine.advance(600)
  assert.equal(isReady, true)
  assert.deepEqual(valuesOf(await bench.pass()), ['2'])
  await bench.close()
  const after = bench.env.machine.operationCount
  await bench.env.machine.advance(60_000)
  assert.equal(bench.env.machine.operationCount, after, 'a closed source looks no more')
})

test('a file that was read whole may go, also while the job is down', async () => {
  const bench = new Bench()
  bench.append('a.txt', '1\n')
  bench.append('b.txt', '2\n')
  bench.append('c.txt', '')
  await bench.open()
  await bench.pass()
  bench.remove('a.txt')
  const [ended] = await bench.pass()
  assert.deepEqual([ended?.split, ended?.splitEnded, ended?.values], ['a.txt', true, []])
  assert.deepEqual([...(bench.reader?.splits.keys() ?? [])], ['b.txt', 'c.txt'])
  await bench.close()
  bench.remove('b.txt')
  bench.remove('c.txt')
  await bench.open()
  assert.deepEqual(
    (await bench.pass()).map(({ split, splitEnded }) => [split, splitEnded]),
    [
      ['b.txt', true],
      ['c.txt', true],
    ],
  )
  assert.equal(bench.poll(), 'wait', 'more may come')
  await bench.close()
})

test('rules 1.13: what vanished, shrank, changed before its position or came again is a named error', async () => {
  const cases: readonly (readonly [what: string, change: (bench: Bench) => void, message: RegExp])[] = [
    ['gone with a line that had no end', (bench) => bench.remove('partial.txt'), /partial\.txt: it has vanished, and its last line/],
    ['shrunk', (bench) => bench.overwrite('a.txt', 'on'), /a\.txt: it has shrunk to 2 bytes, but 8 have been read/],
    ['changed and grown', (bench) => bench.overwrite('a.txt', 'ONE\ntwo\nthree\n'), /a\.txt: the 8 bytes before 8 are not/],
    [
      'replaced',
      (bench) => {
        bench.remove('a.txt')
        bench.append('a.txt', 'new\n')
      },
      /a\.txt: it has shrunk/,
    ],
  ]
  for (const [what, change, message] of cases) {
    for (const isRestart of [false, true]) {
      const bench = new Bench()
      bench.append('a.txt', 'one\ntwo\n')
      bench.append('partial.txt', 'one\ntw')
      await bench.open()
      await bench.pass()
      if (isRestart) await bench.close()
      change(bench)
      await assert.rejects(
        async () => {
          if (isRestart) await bench.open()
          await bench.pass()
        },
        { code: 'SOURCE_CHANGED', message: isRestart && what.startsWith('gone') ? /vanished from \/in/ : message },
        `${what}, ${isRestart ? 'while the job was down' : 'while it was read'}`,
      )
      await bench.close()
    }
  }
})

test('rules 1.13: a file that has another content of the same length is noticed at a restart', async () => {
  const bench = new Bench()
  bench.append('a.txt', 'one\n')
  await bench.open()
  await bench.pass()
  await bench.close()
  await bench.open()
  await bench.close()
  bench.overwrite('a.txt', 'ONE\n')
  await assert.rejects(bench.open(), { code: 'SOURCE_CHANGED', message: /a\.txt: the 4 bytes before 4 are not those that were read/ })
})

test('a name that comes again after its file was read whole and removed is refused', async () => {
  const bench = new Bench()
  bench.append('a.txt', '1\n')
  await bench.open()
  await bench.pass()
  bench.remove('a.txt')
  await bench.pass()
  bench.append('a.txt', '2\n')
  const refused = {
    code: 'SOURCE_CHANGED',
    message: /a\.txt: it was read to its end before, and a file of its name is there\. Take it away/,
  }
  await assert.rejects(bench.pass(), refused)
  await bench.close()
  await assert.rejects(bench.open(), refused)
})

test('a folder that goes away is a named error', async () => {
  const bench = new Bench()
  await bench.open()
  bench.env.machine.disk.removeDirectory('/in')
  await assert.rejects(bench.pass(), { code: 'SOURCE', message: /there is no file or folder \/in/ })
  await bench.close()
})

test('a record of several lines waits for its end, and so does a header', async () => {
  const bench = new Bench(csv() as unknown as Format<never>)
  bench.append('a.csv', 'a,')
  await bench.open()
  await bench.pass()
  bench.append('a.csv', 'b\n1,"x')
  assert.deepEqual(valuesOf(await bench.pass()), [])
  bench.append('a.csv', '\n')
  assert.deepEqual(valuesOf(await bench.pass()), [])
  bench.append('a.csv', 'y"\n2,z\n')
  assert.deepEqual(valuesOf(await bench.pass()), [
    { a: '1', b: 'x\ny' },
    { a: '2', b: 'z' },
  ])
  await bench.close()
  bench.append('a.csv', '3,w\n')
  await bench.open()
  assert.deepEqual(valuesOf(await bench.pass()), [{ a: '3', b: 'w' }])
  await bench.close()
})

test('gzip cannot be followed', async () => {
  assert.throws(() => fileSource('in/*.jsonl.gz', jsonLines(), { follow: true }), { code: 'INVALID_OPTION', message: /gz/ })
  const bench = new Bench()
  bench.append('a.txt.gz', '')
  await assert.rejects(bench.open(), { code: 'INVALID_OPTION', message: /a\.txt\.gz/ })
  bench.remove('a.txt.gz')
  await bench.open()
  bench.append('b.txt.gz', '')
  await assert.rejects(bench.pass(), { code: 'INVALID_OPTION', message: /b\.txt\.gz/ })
  await bench.close()
})

test('options that cannot be meant are refused', () => {
  assert.throws(() => fileSource('in', text(), { follow: 1 } as object), { code: 'INVALID_OPTION', message: /follow/ })
  assert.throws(() => fileSource('in', text(), { tail: true } as object), { code: 'INVALID_OPTION', message: /no option tail/ })
  assert.equal(sourceDefinitionOf(fileSource('in', text(), { follow: true }))?.bounded, false)
})

test(`whatever is appended, added, removed and restarted, every line is read once (SEED=${seed})`, async () => {
  for (let round = 0; round < 25; round++) {
    const random = new SeededRandom(seed, `follow ${round}`)
    const bench = new Bench()
    const written = new Map<string, string>()
    const isOpenEnded = (name: string): boolean => !(written.get(name) ?? '').endsWith('\n')
    await bench.open()
    for (let turn = 0; turn < 40; turn++) {
      const live = [...written.keys()].filter((name) => bench.env.machine.disk.info(`/in/${name}`) !== undefined)
      const choice = random.below(8)
      if (choice < 4 || live.length === 0) {
        const name = live.length > 0 && random.chance(0.8) ? random.pick(live) : `f${written.size}.txt`
        const more = Array.from({ length: random.below(1_200) }, (_zero, index) => `${turn}:${index}\n`).join('')
        const content = more.slice(0, random.chance(0.5) ? more.length : random.below(more.length + 1))
        bench.append(name, content)
        written.set(name, (written.get(name) ?? '') + content)
      } else if (choice === 4) {
        await bench.pass()
        const name = random.pick(live)
        const isSeen = bench.positions.get(name)?.atEnd === true && !isOpenEnded(name)
        if (isSeen) bench.remove(name)
      } else if (choice === 5) {
        await bench.close()
        await bench.open()
      } else await bench.pass(random.below(400))
    }
    await bench.pass(2_000)
    await bench.close()
    for (const [name, content] of written)
      assert.deepEqual(bench.read.get(name) ?? [], content.split('\n').slice(0, -1), `${name} of round ${round}`)
  }
})
