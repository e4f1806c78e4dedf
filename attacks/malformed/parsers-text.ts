/** Parsers of what people write: command lines, config, keys, patterns, and input files in every format. */
import { gzipSync } from 'node:zlib'
import { buildPlan, checkConfig } from '../../packages/millrace/src/api/job.ts'
import { parseCommandLine } from '../../packages/millrace/src/cli/arguments.ts'
import { configOf } from '../../packages/millrace/src/cli/config-argument.ts'
import { keyOf, similarKeys } from '../../packages/millrace/src/cli/key-argument.ts'
import { restartOf } from '../../packages/millrace/src/cli/restart-argument.ts'
import { startOptionsOf } from '../../packages/millrace/src/cli/run-options.ts'
import { fileFormatOf } from '../../packages/millrace/src/connectors/format.ts'
import { isGlob, parseGlob } from '../../packages/millrace/src/connectors/glob.ts'
import { GzipFile } from '../../packages/millrace/src/connectors/gzip-file.ts'
import type { FileHandle } from '../../packages/millrace/src/core/env.ts'
import { durationMs, type Duration } from '../../packages/millrace/src/core/duration.ts'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { nodeEnv } from '../../packages/millrace/src/env/node-env.ts'
import { csv, jsonLines, text } from '../../packages/millrace/src/files.ts'
import { arraySource, callbackSink, defineJob } from '../../packages/millrace/src/index.ts'
import type { StandardSchema } from '../../packages/millrace/src/api/standard-schema.ts'
import { encoded, joined } from './mutate.ts'
import type { Parser } from './parser.ts'

const decoder = new TextDecoder()

/** Arguments are apart by what none can have. */
const commandLine: Parser = {
  name: 'command line',
  isText: true,
  samples: [
    ['run', 'job.ts', '--checkpoints', 'dir', '--restart', 'fixed-delay:attempts=3,delay=1s', '--config', '{"a":1}'],
    ['run', 'job.ts', '--parallelism', '4', '--checkpoint-every', '5s', '--retain', '3', '--lease', '10s', '--checkpoints=d'],
    ['state', 'dir', 'step', '--key', '["a",1]'],
    ['inspect', 'dir'],
    ['--help'],
  ].map((args) => encoded(args.join('\0'))),
  parse: (bytes) => {
    const request = parseCommandLine(decoder.decode(bytes).split('\0'))
    return request.kind === 'command' && request.name === 'run' ? startOptionsOf(request.values) : request
  },
}

/** As a schema of a library would be: it says what is wrong, and passes on nothing that it does not know. */
const schema = {
  '~standard': {
    version: 1,
    vendor: 'malformed',
    validate: (value: unknown) => {
      const { name, limits } = (typeof value === 'object' && value !== null ? value : {}) as { name?: unknown; limits?: unknown }
      if (typeof name !== 'string') return { issues: [{ message: 'name has to be a text', path: ['name'] }] }
      return { value: { name, limits, more: value } }
    },
  },
} as const

const configured = defineJob('malformed', { config: schema as StandardSchema<unknown> }, (job) => {
  job.from('rows', arraySource([1])).to(
    'out',
    callbackSink(() => undefined),
  )
})

const config: Parser = {
  name: '--config and the schema of a job',
  isText: true,
  samples: [
    encoded('{"name":"a","limits":{"most":5,"least":[1,2,3]},"flags":[true,false,null]}'),
    encoded(JSON.stringify({ name: 'b', rows: Array.from({ length: 200 }, (_, n) => ({ n, text: `row ${n}` })) })),
  ],
  hostile: [
    encoded(`{"name":"a","b":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    encoded(`{"name":"a","b":${'{"c":'.repeat(100_000)}1${'}'.repeat(100_000)}}`),
    encoded(`{"name":"a","text":"${'x'.repeat(1_000_000)}",tru}`),
    encoded(`${JSON.stringify({ name: Array.from({ length: 50_000 }, (_, n) => n) })}}`),
    encoded(`[${'1,'.repeat(400_000)}x]`),
    encoded('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"name":"a"}'),
  ],
  parse: (bytes) => {
    const given = configOf(decoder.decode(bytes), 'run')
    return buildPlan(configured, checkConfig(configured, given))
  },
}

const keyArgument: Parser = {
  name: 'keys of the command line',
  isText: true,
  samples: ['["a",1,[true,5n]]', '"text"', '12', '-7n', 'NaN', 'plain text', '[1,"a\\"b",Infinity]'].map(encoded),
  hostile: [encoded('"'.repeat(100_000)), encoded(`"${'\\'.repeat(100_001)}`), encoded('9'.repeat(200_000) + 'n')],
  parse: (bytes) => {
    const typed = decoder.decode(bytes)
    return similarKeys(typed, keyOf(typed, false))
  },
}

const WRITTEN = [
  '500ms',
  '10s',
  '1d12h',
  'fixed-delay:attempts=3,delay=10s',
  'exponential:initial=1s,max=1m',
  'in/**/*.{csv,json}',
  'a?b*c{d,{e,f}}/g',
]
const words: Parser = {
  name: 'durations, restarts and patterns',
  isText: true,
  samples: WRITTEN.map(encoded),
  hostile: [
    encoded('{a,b}'.repeat(40)),
    encoded('{'.repeat(5_000) + 'x' + '}'.repeat(5_000)),
    encoded('*'.repeat(5_000) + 'b'),
    encoded('**/'.repeat(2_000)),
    encoded('*a'.repeat(1_000)),
    encoded('1'.repeat(100_000) + 's'),
  ],
  parse: (bytes) => {
    const written = decoder.decode(bytes)
    const path = `${'a'.repeat(200)}/${'b/'.repeat(20)}c.csv`
    const attempts = [
      () => durationMs(written as Duration),
      () => restartOf(written),
      () => (isGlob(written) ? [parseGlob(written)].map((glob) => [glob.matches(path), glob.mayContain(path)]) : undefined),
    ]
    return attempts.map((attempt) => {
      try {
        return attempt()
      } catch (error) {
        if (StreamError.is(error)) return error.code
        throw error
      }
    })
  },
}

/** As the source does it: record after record is found by the scanner, then parsed by the reader. */
function formatParser(name: string, format: unknown, samples: readonly string[], hostile: readonly string[] = []): Parser {
  const file = fileFormatOf(format)
  if (file === undefined) throw new Error(`${name} is no format`)
  return {
    name,
    isText: true,
    samples: samples.map(encoded),
    hostile: hostile.map(encoded),
    parse: (bytes) => {
      const scan = file.scanner()
      const headerEnd = file.hasHeader ? scan(bytes, 0) || bytes.length : 0
      const read = file.reader('input', bytes.subarray(0, headerEnd))
      let end = headerEnd
      for (let next = scan(bytes, end); next > end; next = scan(bytes, end)) end = next
      return read(bytes.subarray(headerEnd), { firstLine: file.hasHeader ? 1 : 0, isStart: headerEnd === 0 })
    },
  }
}

const rows = Array.from({ length: 30 }, (_, n) => ({ id: n, name: `name ${n}`, note: 'é', list: [n, null], deep: { a: { b: n } } }))
const columns = { id: Number, name: String, flag: (written: string) => written === 'yes' }
const csvText = `id,name,flag\n${rows.map(({ id, name }) => `${id},"${name}, ""quoted""\n2",yes\n`).join('')}`
const formats: readonly Parser[] = [
  formatParser(
    'CSV',
    csv({ columns }),
    [csvText, 'id,name,flag\r\n1,a,yes\r\n', '\uFEFFid,name,flag\n1,"",no\n'],
    ['id,name,flag\n"' + 'a""'.repeat(300_000)],
  ),
  formatParser('CSV without columns', csv(), [csvText, 'a;b\n1;2\n'], [`${'a,'.repeat(200_000)}b\n${'1,'.repeat(200_000)}2\n`]),
  formatParser(
    'JSON Lines',
    jsonLines(),
    [rows.map((row) => `${JSON.stringify(row)}\n`).join(''), '{"__proto__":1}\n[1]\n"x"\n'],
    [`${'['.repeat(1_000_000)}\n`, `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}\n`, `"${'\\u0000'.repeat(200_000)}"\n`],
  ),
  formatParser('text', text(), ['one\ntwo\r\nthree', '\uFEFFfour\n\n\n'], ['\n'.repeat(1_000_000), '\r'.repeat(1_000_000)]),
]

const env = nodeEnv()
const READ_BYTES = 1 << 20
/** A bomb is given out piece by piece: what is read is not kept, so neither is the bomb. */
const MOST_READ = 64 << 20

const gzip: Parser = {
  name: 'gzip',
  isText: false,
  samples: [gzipSync(csvText), joined(gzipSync('one'), gzipSync('two')), gzipSync(Buffer.alloc(300_000, 'ab')), gzipSync('')].map((bytes) =>
    Uint8Array.from(bytes),
  ),
  hostile: [gzipSync(Buffer.alloc(200 << 20)), gzipSync(gzipSync(Buffer.alloc(50 << 20)))].map((bytes) => Uint8Array.from(bytes)),
  parse: async (bytes) => {
    const handle = {
      read: async (offset: number, length: number) => bytes.slice(offset, offset + length),
      close: async () => undefined,
    } as unknown as FileHandle
    const file = new GzipFile(env, handle, 'input.gz')
    try {
      let offset = 0
      while (offset < MOST_READ) {
        const piece = await file.read(offset, READ_BYTES)
        offset += piece.length
        if (piece.length < READ_BYTES) break
      }
      return offset
    } finally {
      await file.close()
    }
  },
}

export const textParsers: readonly Parser[] = [commandLine, config, keyArgument, words, ...formats, gzip]
