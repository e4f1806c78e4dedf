/**
 * `npm test [-- [--fast] PATH…]`: runs node:test over every `*.test.ts`, or over the files and folders named.
 *
 * A source file stands for its test. `--fast` leaves out `*.slow.test.ts`. SEED passes through to the tests.
 */
import { existsSync, globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { root } from './lib/files.ts'

const TEST_ROOTS = ['packages', 'reference', 'scripts', 'attacks', 'examples', 'bench']
const FILE_TIMEOUT_MS = 5 * 60_000
/** Folders whose tests leave nothing behind that another one could see. */
const SHARING: ReadonlySet<string> = new Set(
  'core serde state checkpoint plan operators windows api task runtime simulate connectors cli'.split(' '),
)

const args = process.argv.slice(2)
const isFast = args.includes('--fast')
const paths = args.filter((arg) => !arg.startsWith('--'))
const unknown = args.filter((arg) => arg.startsWith('--') && arg !== '--fast')
if (unknown.length > 0) fail(`unknown option ${unknown.join(' ')}`)

const files = (paths.length > 0 ? paths.flatMap(testsOf) : TEST_ROOTS.flatMap((folder) => testsUnder(join(root, folder))))
  .filter((file) => !isFast || !file.endsWith('.slow.test.ts'))
  .toSorted()
if (files.length === 0) fail(`no tests found${paths.length > 0 ? ` for ${paths.join(' ')}` : ''}`)

const counts = { passed: 0, failed: 0 }
const isVerbose = paths.length > 0
const events = run({ files: isVerbose ? [...new Set(files)] : grouped(files), concurrency: 2, timeout: FILE_TIMEOUT_MS, cwd: root })
events.on('test:summary', ({ file, counts: found, duration_ms: durationMs, success }) => {
  if (file === undefined) {
    counts.passed = found.passed
    counts.failed = found.tests - found.passed - found.skipped - found.todo
  } else if (!isVerbose) {
    const passed = `${found.passed} of ${found.tests}`
    process.stdout.write(`${success ? 'ok    ' : 'FAILED'} ${relative(root, file)}  ${passed}, ${(durationMs / 1000).toFixed(1)} s\n`)
  }
})
events.on('test:pass', ({ name, skip }) => {
  if (skip !== undefined && skip !== false) process.stdout.write(`SKIPPED ${name}: ${String(skip)}\n`)
})
/** What the spec reporter needs to show failures and output, without a line per passing test. */
const SHOWN = new Set(['test:fail', 'test:stdout', 'test:stderr', 'test:diagnostic', 'test:summary'])
const quiet = async function* (source: typeof events): AsyncGenerator<unknown> {
  for await (const event of source) if (isVerbose || SHOWN.has(event.type)) yield event
}
events.compose(quiet).compose(new spec()).pipe(process.stdout, { end: false })
events.on('end', () => {
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
})
process.on('exit', () => process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`))

/**
 * The tests of some folders in one process each: what they load takes longer than what they do. The others have a process each, as they may
 * leave something behind.
 */
function grouped(paths: readonly string[]): string[] {
  const folder = join(root, '.data/test-groups')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const groups = new Map<string, string[]>()
  const single: string[] = []
  for (const path of paths) {
    const name = /packages\/millrace\/src\/(\w+)\/[^/]+$/.exec(path)?.[1]
    if (name === undefined || !SHARING.has(name) || path.endsWith('.slow.test.ts')) single.push(path)
    else groups.set(name, [...(groups.get(name) ?? []), path])
  }
  const files = [...groups].map(([name, members]) => {
    const file = join(folder, `${name}.ts`)
    writeFileSync(file, members.map((path) => `import ${JSON.stringify(path)}\n`).join(''))
    return file
  })
  return [...files, ...single]
}

/** The tests that a path of the command line means: itself, the one beside a source file, or all in a folder. */
function testsOf(path: string): string[] {
  const absolute = existsSync(resolve(path)) ? resolve(path) : join(root, path)
  if (!existsSync(absolute)) fail(`${path} does not exist`)
  if (statSync(absolute).isDirectory()) return testsUnder(absolute)
  const stem = absolute.replace(/(\.slow)?(\.test)?\.ts$/, '')
  if (absolute.endsWith('.test.ts')) return [absolute]
  return [`${stem}.test.ts`, `${stem}.slow.test.ts`].filter((file) => existsSync(file))
}

function testsUnder(folder: string): string[] {
  return globSync('**/*.test.ts', { cwd: folder, exclude: ['**/node_modules/**', '**/dist/**'] }).map((file) => join(folder, file))
}

function fail(message: string): never {
  process.stderr.write(`test: ${message}\n0 passed, 1 failed\n`)
  process.exit(1)
}
