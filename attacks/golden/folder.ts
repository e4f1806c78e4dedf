/** The golden files in the repository: a folder for each format, and of each format two directories as jobs have left them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { ENTRY_FORMAT } from '../../packages/millrace/src/checkpoint/entry.ts'
import { MANIFEST_FORMAT } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { CHUNK_FORMAT } from '../../packages/millrace/src/state/chunk.ts'
import { FORMAT as BLOCK_FORMAT } from '../../packages/millrace/src/state/format.ts'
import type { Files } from './life.ts'

/** All versions that what is stored carries: when one of them changes there has to be another folder. */
export const FORMAT_NAME: string = `entry${ENTRY_FORMAT}-manifest${MANIFEST_FORMAT}-chunk${CHUNK_FORMAT}-block${BLOCK_FORMAT}`
export const DIRECTORIES = ['killed', 'released'] as const
export type DirectoryName = (typeof DIRECTORIES)[number]

export function formatFolder(name: string = FORMAT_NAME): string {
  return join(import.meta.dirname, 'formats', name)
}

/** Formats that there are golden files of, the current one among them. */
export function formatNames(): readonly string[] {
  const folder = join(import.meta.dirname, 'formats')
  return existsSync(folder) ? readdirSync(folder).sort() : []
}

/** By the paths that they had on the machine that made them. */
export function readDirectory(name: DirectoryName, format: string = FORMAT_NAME): Files {
  const folder = join(formatFolder(format), name)
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [`/${relative(folder, path).replaceAll(sep, '/').replaceAll('hidden.', '.')}`, new Uint8Array(readFileSync(path))] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** What is hidden there is not hidden here: tools pass over hidden files. */
export function writeDirectory(name: DirectoryName, files: Files): void {
  const folder = join(formatFolder(), name)
  rmSync(folder, { recursive: true, force: true })
  for (const [path, bytes] of files) {
    const target = join(folder, path.replaceAll('/.', '/hidden.'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, bytes)
  }
}

export function statePath(format: string = FORMAT_NAME): string {
  return join(formatFolder(format), 'state.json')
}
