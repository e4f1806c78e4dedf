/** `npm run pack`: the package `millrace` as it would be published, as a tarball in `.data/pack/`, with what is in it. */
import { join } from 'node:path'
import { root } from './lib/files.ts'
import { surprisesIn, type PackedFile } from './package/contents.ts'
import { packFolder } from './package/pack.ts'
import { shown, stageEngine } from './package/stage.ts'

const into = join(root, '.data/pack')
const staging = join(into, 'millrace')
await stageEngine(staging)
const { path, files, sizeBytes, unpackedBytes, sha256 } = await packFolder(staging, into)
for (const line of folderLines(files)) process.stdout.write(`${line}\n`)
process.stdout.write(`${shown(path)}  ${kib(sizeBytes)}, unpacked ${kib(unpackedBytes)} in ${files.length} files\nsha256 ${sha256}\n`)
const surprises = surprisesIn(files)
for (const surprise of surprises) process.stdout.write(`${surprise}\n`)
process.exitCode = surprises.length === 0 ? 0 : 1

/** Files and sizes by folder: five hundred lines would hide what matters. */
function folderLines(all: readonly PackedFile[]): string[] {
  const folders = new Map<string, { count: number; size: number }>()
  for (const { path: file, size } of all) {
    const name = file.split('/').slice(0, -1).slice(0, 2).join('/')
    const found = folders.get(name) ?? { count: 0, size: 0 }
    folders.set(name, { count: found.count + 1, size: found.size + size })
  }
  return [...folders].map(
    ([name, { count, size }]) => `${(name === '' ? '.' : name).padEnd(18)} ${String(count).padStart(4)} ${kib(size).padStart(9)}`,
  )
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`
}
