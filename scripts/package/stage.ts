/**
 * Builds a package in a staging folder: compiled files in `dist/`, `bin/`, pages, a package.json that points to them.
 *
 * P1  What is published is what the doors and the command reach: no test, nothing that happens to lie beside.
 * P2  No source maps and no sources. What tsc writes at this target is the source without its types, comments included: a stack trace
 *     or a debugger shows readable code as it is, and maps would point to files that are not there.
 * P3  Two builds of one commit give the same bytes: nothing of the machine, the time or the folder gets in.
 */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { runChild } from '../lib/child.ts'
import { readText, repositoryFiles, root } from '../lib/files.ts'
import { importsOf } from '../scan/imports.ts'
import { doorSources, packedManifest, type Manifest } from './manifest.ts'
import { filesBelow } from './files-below.ts'
import { isPackedPage, packedPage } from './pages.ts'

const ENGINE = 'packages/millrace'
const COMMAND = './src/cli/main.ts'
const COMPILE_TIMEOUT_MS = 120_000

/** @throws when the sources do not compile */
export async function stageEngine(folder: string): Promise<void> {
  await compileEngine(folder)
  const manifest = readManifest()
  cpSync(join(root, ENGINE, 'bin'), join(folder, 'bin'), { recursive: true })
  chmodSync(join(folder, 'bin/millrace.mjs'), 0o755)
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packedManifest(manifest), undefined, 2)}\n`)
  const pages = repositoryFiles().filter(isPackedPage)
  for (const page of pages) write(join(folder, page), packedPage(page, readText(page), new Set(pages)))
}

/** Empties the folder, and compiles into its `dist`. @throws when the sources do not compile */
export async function compileEngine(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const sources = [...doorSources(readManifest()), COMMAND]
  const config = join(folder, 'tsconfig.json')
  const engine = join(root, ENGINE)
  const options = { noEmit: false, outDir: 'dist', rootDir: join(engine, 'src') }
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(engine, 'tsconfig.json'),
      compilerOptions: { ...options, typeRoots: [join(root, 'node_modules/@types')] },
      files: sources.map((source) => join(engine, source)),
      include: [],
    }),
  )
  const { code, output } = await runChild('tsc', ['-p', config], { timeoutMs: COMPILE_TIMEOUT_MS })
  rmSync(config)
  if (code !== 0) throw new Error(`the sources do not compile:\n${output}`)
  for (const file of filesBelow(join(folder, 'dist'))) if (file.endsWith('.d.ts')) nameCompiledFiles(join(folder, 'dist', file))
}

function readManifest(): Manifest {
  return JSON.parse(readText(`${ENGINE}/package.json`)) as Manifest
}

/** The compiler leaves `./x.ts` in declarations, which only its newer releases take for `./x.d.ts`. */
function nameCompiledFiles(path: string): void {
  let text = readFileSync(path, 'utf8')
  for (const { specifier } of importsOf(text)) {
    if (specifier === undefined || !/^\.{1,2}\/.*\.ts$/.test(specifier)) continue
    text = text.replaceAll(`'${specifier}'`, `'${specifier.replace(/\.ts$/, '.js')}'`)
    text = text.replaceAll(`"${specifier}"`, `"${specifier.replace(/\.ts$/, '.js')}"`)
  }
  writeFileSync(path, text)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Where a staging folder is shown from. */
export const shown = (path: string): string => relative(root, path)
