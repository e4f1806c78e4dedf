/** The contract suites on everything that is built in: on Node's files and on simulated ones that lose what is not durable. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { arraySource } from '../connectors/array-source.ts'
import { callbackSink } from '../connectors/callback-sink.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { directoryStorage } from '../connectors/directory-storage.ts'
import { csv } from '../connectors/csv.ts'
import { fileSink } from '../connectors/file-sink.ts'
import { fileSource } from '../connectors/file-source.ts'
import { fileFormatOf, type FileFormat, type Format, type RecordEncoder } from '../connectors/format.ts'
import { generatorSource } from '../connectors/generator-source.ts'
import { jsonLines } from '../connectors/json-lines.ts'
import { printSink } from '../connectors/print-sink.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'
import type { Env } from '../core/env.ts'
import { nodeEnv } from '../env/node-env.ts'
import type { ContractCase } from './contract-case.ts'
import { memoryStorage } from './memory-storage.ts'
import { directSinkSuite } from './direct-sink-suite.ts'
import type { SinkSuiteOptions } from './sink-bench.ts'
import { simulatedMachine } from './simulated-machine.ts'
import { sinkSuite } from './sink-suite.ts'
import { sourceSuite } from './source-suite.ts'
import { storageSuite } from './storage-suite.ts'

const seed = Number(process.env['SEED'] ?? 1)
const root = mkdtempSync(join(tmpdir(), 'millrace-suites-'))
after(() => rmSync(root, { recursive: true }))

interface World {
  readonly name: string
  readonly env: Env
  place(): string
  run(action: () => Promise<void>): Promise<void>
  losePower?(): Env
}

const worlds: readonly World[] = [nodeWorld(), simulatedWorld()]

function nodeWorld(): World {
  return { name: 'node', env: nodeEnv(), place: () => mkdtempSync(join(root, 'case-')), run: (action) => action() }
}

function simulatedWorld(): World {
  const machine = simulatedMachine({ seed })
  let places = 0
  return { name: `simulated, SEED=${seed}`, ...machine, place: () => `/case-${places++}/deep` }
}

function declare(world: World, what: string, suite: readonly ContractCase[]): void {
  for (const { name, run } of suite) test(`${what} (${world.name}): ${name}`, () => world.run(run))
}

interface Row {
  readonly n: number
  readonly text: string
}
/** Some of the texts have line ends and quotes. */
const value = (n: number): Row => ({ n, text: `row ${n} – ${'x'.repeat(n % 50)}${n % 7 === 0 ? '\n"",' : ''}` })

interface RowFormat {
  readonly format: Format<Row>
  readonly rollAfter?: { readonly bytes: number }
  readonly isCompressed?: true
}
const fileFormats: Readonly<Record<string, RowFormat>> = {
  'JSON Lines': { format: jsonLines<Row>() },
  'JSON Lines, compressed': { format: jsonLines<Row>(), isCompressed: true },
  CSV: { format: csv({ columns: { n: Number, text: String } }) },
}

/** As a part of the sink would be. */
function textOf({ format }: RowFormat, rows: readonly Row[]): string {
  const encoder = fileFormatOf(format)?.encoder() as RecordEncoder<Row>
  const lines = rows.map((row) => encoder.encode(row)).join('')
  return encoder.header + lines
}

for (const world of worlds) {
  const { env } = world
  const losePower = world.losePower === undefined ? {} : { losePower: world.losePower }
  declare(world, 'directoryStorage', storageSuite({ env, ...losePower, create: () => directoryStorage(world.place()) }))
  declare(world, 'memoryStorage of the test kit', storageSuite({ env, create: () => memoryStorage(async (_env, action) => action()) }))
  declare(world, 'fileSink', sinkSuite(fileSinkOptions(world, losePower, fileFormats['JSON Lines'] as RowFormat)))
  declare(world, 'fileSink of CSV', sinkSuite(fileSinkOptions(world, losePower, fileFormats['CSV'] as RowFormat)))
  const small = { format: jsonLines<Row>(), rollAfter: { bytes: 500 } }
  declare(world, 'fileSink of small parts', sinkSuite(fileSinkOptions(world, losePower, small)))
  declare(world, 'collectSink', sinkSuite({ env, value, create: collecting }))
  declare(world, 'callbackSink', sinkSuite({ env, value, create: calling }))
  declare(world, 'printSink', directSinkSuite(printing(env)))
  const numbers = Array.from({ length: 5_000 }, (_zero, index) => index)
  declare(world, 'arraySource', sourceSuite({ env, seed, create: () => arraySource(numbers), expected: new Map([['0', numbers]]) }))
  declare(
    world,
    'arraySource of an iterable',
    sourceSuite({ env, seed, create: () => arraySource(new Set(numbers)), expected: new Map([['0', numbers]]) }),
  )
  const nothing = sourceSuite({ env, seed, create: () => arraySource([]), expected: new Map([['0', []]]) })
  declare(
    world,
    'arraySource of nothing',
    nothing.filter(({ name }) => !name.startsWith('there is a middle')),
  )
  declare(
    world,
    'generatorSource',
    sourceSuite({
      env,
      seed,
      create: () => generatorSource({ count: 3_000, record: drawn }),
      expected: new Map([['0', firstDrawn(3_000)]]),
    }),
  )
  declare(
    world,
    'generatorSource without end',
    sourceSuite({ env, seed, create: () => generatorSource({ record: drawn }), expected: new Map([['0', firstDrawn(2_000)]]) }),
  )
  const slow = { count: 300, rate: 10_000, record: (index: number) => index }
  declare(world, 'generatorSource at a rate', ratedSuite(env, slow))
}
for (const world of worlds) {
  for (const [name, format] of Object.entries(fileFormats)) {
    const { path, expected } = await inputFiles(world, format)
    declare(
      world,
      `fileSource of ${name}`,
      sourceSuite({ env: world.env, seed, create: () => fileSource<Row>(path, format.format), expected }),
    )
  }
}

function ratedSuite(env: Env, options: { count: number; rate: number; record: (index: number) => number }): readonly ContractCase[] {
  const expected = new Map([['0', Array.from({ length: options.count }, (_zero, index) => index)]])
  return sourceSuite({ env, seed, create: () => generatorSource(options), expected, isPaced: true })
}

function drawn(index: number, random: () => number): Row {
  return { n: index, text: String(random() + random()) }
}

/** Each from a generator of its own: a record may not depend on those before it. */
function firstDrawn(count: number): Row[] {
  return Array.from({ length: count }, (_zero, index) => {
    const random = new SeededRandom(1, index)
    return drawn(index, () => random.next())
  })
}

function collecting(): ReturnType<SinkSuiteOptions<Row>['create']> {
  const into: Row[] = []
  return { sink: collectSink(into), neighbour: collectSink(into), committed: () => into }
}

function calling(): ReturnType<SinkSuiteOptions<Row>['create']> {
  const into: Row[] = []
  const take = async (row: Row): Promise<void> => {
    await Promise.resolve()
    into.push(row)
  }
  return { sink: callbackSink(take), neighbour: callbackSink(take), committed: () => into }
}

/** Standard output is what is outside. */
function printing(env: Env): SinkSuiteOptions<Row> {
  let text = ''
  const output: Env['output'] = {
    write: async (more) => {
      await Promise.resolve()
      text += more
    },
  }
  return {
    // An Env may be an object with a life: it is asked for what it has, and for its output only here.
    env: new Proxy(env, { get: (of, name) => (name === 'output' ? output : (Reflect.get(of, name, of) as unknown)) }),
    value,
    create: () => {
      text = ''
      return { sink: printSink(), committed: () => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row])) }
    },
  }
}

function fileSinkOptions(
  world: World,
  losePower: { readonly losePower?: () => Env },
  { format, ...rolling }: RowFormat,
): SinkSuiteOptions<Row> {
  return {
    env: world.env,
    value,
    ...losePower,
    create: () => {
      const directory = world.place()
      const committed = (): Promise<Row[]> => committedRows(world.env, directory, format)
      return { sink: fileSink<Row>(directory, format, rolling), neighbour: fileSink<Row>(directory, format, rolling), committed }
    },
  }
}

/** As any reader of the directory would: names without a leading dot, in their order. */
async function committedRows(env: Env, directory: string, format: Format<Row>): Promise<Row[]> {
  if ((await env.files.info(directory)) === undefined) return []
  const rows: Row[] = []
  for (const { name } of await env.files.list(directory)) {
    if (name.startsWith('.')) continue
    const handle = await env.files.open(`${directory}/${name}`, 'read')
    const bytes = await handle.read(0, (await handle.info()).sizeBytes)
    await handle.close()
    const { scanner, hasHeader, reader } = fileFormatOf(format) as FileFormat<Row>
    const header = hasHeader ? bytes.subarray(0, scanner()(bytes, 0)) : new Uint8Array(0)
    rows.push(...reader(name, header)(bytes, { firstLine: 0, isStart: true }).values)
  }
  return rows
}

/** Six files: several batches, long lines, an empty one, one in a folder, one without its last newline, one hidden. */
async function inputFiles(world: World, format: RowFormat): Promise<{ path: string; expected: Map<string, Row[]> }> {
  const path = world.place()
  const suffix = format.isCompressed === true ? '.gz' : ''
  const rowsOf = new Map<string, Row[]>([
    ['a.jsonl', Array.from({ length: 5_000 }, (_zero, index) => value(index))],
    ['b.jsonl', Array.from({ length: 1_024 }, (_zero, index) => value(index + 10_000))],
    ['deep/er/c.jsonl', Array.from({ length: 700 }, (_zero, index) => ({ n: index, text: 'long '.repeat(index) }))],
    ['empty.jsonl', []],
    ['last.jsonl', [value(1), value(2)]],
  ])
  const write = async (): Promise<void> => {
    await world.env.files.makeDirectory(`${path}/deep/er`)
    for (const [name, rows] of rowsOf) {
      const text = textOf(format, rows)
      const bytes = new TextEncoder().encode(name === 'last.jsonl' ? text.slice(0, -1) : text)
      await writeBytes(world.env, `${path}/${name}${suffix}`, format.isCompressed === true ? gzipSync(bytes) : bytes)
    }
    await writeBytes(world.env, `${path}/.hidden.jsonl`, new TextEncoder().encode('not for us'))
    for (const folder of ['', '/deep', '/deep/er', '/..', '/../..']) await world.env.files.syncDirectory(path + folder)
  }
  await world.run(write)
  return { path, expected: new Map([...rowsOf].map(([name, rows]) => [name + suffix, rows])) }
}

async function writeBytes(env: Env, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await env.files.open(path, 'create-new')
  await handle.append([bytes])
  await handle.sync()
  await handle.close()
}
