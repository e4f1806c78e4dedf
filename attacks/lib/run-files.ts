/** The folder of one run of a sequence job on real files: its input, what it has committed, and what should not be left. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { nodeEnv } from '../../packages/millrace/src/env/node-env.ts'
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Committed } from './committed.ts'
import { fileNameOf, rowsOf, textOf, type InputFormat, type InputShape } from './sequence-input.ts'
import { sinksOf } from './sequence-job.ts'

export interface RunFolder {
  readonly path: string
  readonly input: string
  readonly output: string
  readonly checkpoints: string
}

/** An empty run with its input. */
export function makeRun(path: string, shape: InputShape, format: InputFormat = 'jsonl'): RunFolder {
  rmSync(path, { recursive: true, force: true })
  const run = { path, input: join(path, 'input'), output: join(path, 'output'), checkpoints: join(path, 'checkpoints') }
  mkdirSync(run.input, { recursive: true })
  for (let file = 0; file < shape.files; file++) {
    const text = textOf(rowsOf(shape, file), format)
    writeFileSync(join(run.input, fileNameOf(file, format)), format === 'jsonl.gz' ? gzipSync(text) : text)
  }
  return run
}

export function committedOf(run: RunFolder, wide: boolean, windows: boolean = false): Committed[] {
  return sinksOf(wide, windows).flatMap((sink) => {
    const folder = join(run.output, sink)
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : []
    return names.map((name) => ({ sink, name, text: readFileSync(join(folder, name), 'utf8') }))
  })
}

/**
 * Files that should not be there once a job has ended: hidden parts, temporary names, chunks that nothing names.
 * `wasCut`: it was killed after its last entry, so files of its checkpoints may be left that it was about to delete.
 */
export function residueOf(run: RunFolder, wasCut: boolean = false): string[] {
  const left: string[] = []
  for (const path of readdirSync(run.output, { recursive: true, withFileTypes: true })) {
    const isHidden = path.name.startsWith('.') || path.parentPath.includes('/.millrace-')
    if (path.isFile() && isHidden) left.push(join(path.parentPath, path.name))
  }
  if (wasCut) return left
  for (const path of readdirSync(run.checkpoints, { recursive: true, withFileTypes: true })) {
    if (path.isFile() && path.name.startsWith('.')) left.push(join(path.parentPath, path.name))
  }
  const { chunks, referenced } = chunksOf(run.checkpoints)
  for (const chunk of chunks) if (!referenced.has(chunk)) left.push(`unreferenced chunk ${chunk}`)
  for (const chunk of referenced) if (!chunks.includes(chunk)) left.push(`missing chunk ${chunk}`)
  return left
}

/** The chunks of a checkpoint directory, and those that an entry of its log names. */
export function chunksOf(checkpoints: string): {
  readonly chunks: readonly string[]
  readonly referenced: ReadonlySet<string>
  readonly entries: number
} {
  const { digest } = nodeEnv()
  const referenced = new Set<string>()
  const log = join(checkpoints, 'log')
  const entries = existsSync(log) ? readdirSync(log).filter((name) => name.endsWith('.entry')) : []
  for (const name of entries) {
    const entry = decodeEntry(readFileSync(join(log, name)), { number: Number.parseInt(name, 10), name }, digest)
    if (entry.kind === 'checkpoint') for (const chunk of entry.manifest.chunks) referenced.add(chunk.name)
  }
  const folder = join(checkpoints, 'chunks')
  const chunks = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : []
  return { chunks, referenced, entries: entries.length }
}
