/** What may be in the package: anything else is a surprise. */
import { doors, layers } from '../layers.ts'

const ALWAYS = [
  'LICENSE',
  'README.md',
  'package.json',
  'llms.txt',
  'docs/errors.md',
  'bin/millrace.mjs',
  'dist/index.js',
  'dist/cli/main.js',
]
const MAX_UNPACKED_BYTES = 3 * 1024 * 1024

export interface PackedFile {
  readonly path: string
  readonly size: number
}

/** One line for each file that should not be there, or is missing. */
export function surprisesIn(files: readonly PackedFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path))
  const strange = [...paths].filter((path) => !isExpected(path)).map((path) => `${path}: nothing expects it in the package`)
  const missing = ALWAYS.filter((path) => !paths.has(path)).map((path) => `${path}: is missing`)
  const alone = [...paths]
    .filter((path) => isCompiled(path) && !paths.has(partnerOf(path)))
    .map((path) => `${path}: without ${partnerOf(path)}`)
  const empty = files.filter(({ size }) => size === 0).map(({ path }) => `${path}: is empty`)
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  const large = bytes > MAX_UNPACKED_BYTES ? [`${bytes} bytes unpacked, ${MAX_UNPACKED_BYTES} is the limit`] : []
  return [...strange, ...missing, ...alone, ...empty, ...large]
}

function isExpected(path: string): boolean {
  if (/^(LICENSE|llms\.txt|package\.json|(README|CHANGELOG|GLOSSARY|GUARANTEES|SECURITY)\.md)$/.test(path)) return true
  if (/^docs\/([a-z]+\/)?[a-z-]+\.md$/.test(path)) return !path.startsWith('docs/design/')
  if (/^bin\/(millrace|leash|pinned-node)\.mjs$/.test(path)) return true
  const [, layer, name] = /^dist\/(?:([a-z]+)\/)?(?:[a-z]+\/)*([a-z0-9-]+)\.(?:js|d\.ts)$/.exec(path) ?? []
  if (name === undefined) return false
  if (layer === undefined) return doors.includes(name)
  return layers.some((each) => each.name === layer)
}

function isCompiled(path: string): boolean {
  return path.startsWith('dist/')
}

function partnerOf(path: string): string {
  return path.endsWith('.js') ? path.replace(/\.js$/, '.d.ts') : path.replace(/\.d\.ts$/, '.js')
}
