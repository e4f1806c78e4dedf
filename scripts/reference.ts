/**
 * `npm run docs`: writes docs/reference/, one page for each door of the package, from the declarations that the compiler makes of the
 * sources and their docstrings. With `--check` it writes nothing and fails where a page is not what it would write.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { readText, repositoryFiles, root } from './lib/files.ts'
import { finish } from './lib/report.ts'
import type { Manifest } from './package/manifest.ts'
import { compileEngine } from './package/stage.ts'
import { declarationsOf, doorOf, type Declaration } from './reference/declarations.ts'
import { referencePage, type Door } from './reference/page.ts'

const FOLDER = 'docs/reference'
/** Its declarations change without notice. */
const UNSTABLE = './host'

const staging = join(root, '.data/reference', String(process.pid))
try {
  await compileEngine(staging)
  const doors = readDoors()
  const pages = new Map(doors.map((door) => [`${FOLDER}/${posix.basename(door.specifier)}.md`, referencePage(door)]))
  if (!process.argv.includes('--check')) write(pages)
  finish([...doors.flatMap(undocumented), ...staleness(pages)], `${pages.size} pages of the reference`)
} finally {
  rmSync(staging, { recursive: true, force: true })
}

function readDoors(): Door[] {
  const { name, exports } = JSON.parse(readText('packages/millrace/package.json')) as Manifest
  return Object.entries(exports)
    .filter(([door, path]) => path.endsWith('.ts') && door !== UNSTABLE)
    .map(([door, path]) => readDoor(posix.join(name, door), path.replace('./src/', '').replace(/\.ts$/, '.d.ts')))
}

function readDoor(specifier: string, file: string): Door {
  const { docs, exports } = doorOf(declared(file))
  const found = exports.map(({ name, from, isType }) => {
    const declaration = declarationsOf(declared(from.replace(/\.js$/, '.d.ts'))).get(name)
    if (declaration === undefined) throw new Error(`${specifier} exports ${name}, which ${from} does not declare`)
    return { declaration, isType: isType || /^(interface|type) /.test(declaration.codes[0] as string) }
  })
  const those = (wanted: boolean): Declaration[] => found.filter(({ isType }) => isType === wanted).map(({ declaration }) => declaration)
  return { specifier, docs, values: those(false), types: those(true) }
}

function undocumented({ specifier, values, types }: Door): string[] {
  return [...values, ...types].filter(({ docs }) => docs === '').map(({ name }) => `${specifier}: ${name} is exported without a docstring`)
}

function declared(file: string): string {
  return readFileSync(join(staging, 'dist', file), 'utf8')
}

function staleness(pages: ReadonlyMap<string, string>): string[] {
  const stale = [...pages].filter(([path, text]) => !existsSync(join(root, path)) || readText(path) !== text).map(([path]) => path)
  const left = repositoryFiles().filter((path) => path.startsWith(`${FOLDER}/`) && !pages.has(path))
  return [
    ...stale.map((path) => `${path}: not what the declarations say`),
    ...left.map((path) => `${path}: of a door that is no more`),
  ].map((problem) => `${problem}; npm run format writes it`)
}

function write(pages: ReadonlyMap<string, string>): void {
  rmSync(join(root, FOLDER), { recursive: true, force: true })
  mkdirSync(join(root, FOLDER), { recursive: true })
  for (const [path, text] of pages) writeFileSync(join(root, path), text)
}
