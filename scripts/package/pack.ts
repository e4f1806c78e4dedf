/** Packs a staged folder with npm. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runNpm } from '../lib/npm.ts'
import type { PackedFile } from './contents.ts'

const PACK_TIMEOUT_MS = 120_000

export interface Tarball {
  readonly path: string
  readonly files: readonly PackedFile[]
  readonly sizeBytes: number
  readonly unpackedBytes: number
  readonly sha256: string
}

/** @throws when npm refuses */
export async function packFolder(folder: string, into: string): Promise<Tarball> {
  mkdirSync(into, { recursive: true })
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', into]
  const { code, output } = await runNpm(args, { cwd: folder, timeoutMs: PACK_TIMEOUT_MS })
  if (code !== 0) throw new Error(`npm pack ended with ${code}: ${output}`)
  const listed = (JSON.parse(output) as readonly NpmPacked[])[0] as NpmPacked
  const path = join(into, listed.filename)
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
  return { path, files: listed.files, sizeBytes: listed.size, unpackedBytes: listed.unpackedSize, sha256 }
}

interface NpmPacked {
  readonly filename: string
  readonly files: readonly PackedFile[]
  readonly size: number
  readonly unpackedSize: number
}
