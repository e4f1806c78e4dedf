/** What is in the tarball, and what tools that are made for it say. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { surprisesIn } from '../../scripts/package/contents.ts'
import { packFolder } from '../../scripts/package/pack.ts'
import { stageEngine } from '../../scripts/package/stage.ts'
import type { Check, Playground } from './playground.ts'

/** TypeScript's resolution of Node 10, which knows no exports map, and `require` of releases that could not load ES modules. */
const UNSUPPORTED_RESOLUTIONS = ['node10', 'node16-cjs']

export function contentChecks({ folder, tarball }: Playground): readonly Check[] {
  const sizes = `${(tarball.sizeBytes / 1024).toFixed(0)} KiB, unpacked ${(tarball.unpackedBytes / 1024).toFixed(0)} KiB, ${tarball.files.length} files`
  return [
    { name: `nothing surprising is in the package (${sizes})`, run: async () => assert.deepEqual(surprisesIn(tarball.files), []) },
    { name: 'packed again it has the same bytes', run: () => packsAgain(folder, tarball.sha256) },
    { name: 'publint', run: () => publintSaysNothing(tarball.path) },
    { name: 'are the types wrong?', run: () => typesAreNotWrong(tarball.path) },
  ]
}

async function packsAgain(folder: string, sha256: string): Promise<void> {
  const elsewhere = join(folder, 'again')
  await stageEngine(join(elsewhere, 'staging'))
  assert.equal((await packFolder(join(elsewhere, 'staging'), elsewhere)).sha256, sha256)
}

async function publintSaysNothing(path: string): Promise<void> {
  const { messages, pkg } = await publint({ pack: { tarball: bytesOf(path) }, strict: true })
  assert.deepEqual(
    messages.map((message) => `${message.type}: ${formatMessage(message, pkg)}`),
    [],
  )
}

async function typesAreNotWrong(path: string): Promise<void> {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(bytesOf(path))))
  assert.ok(result.types !== false, 'it finds no types')
  assert.deepEqual(
    result.problems.filter((problem) => !('resolutionKind' in problem) || !UNSUPPORTED_RESOLUTIONS.includes(problem.resolutionKind)),
    [],
  )
  const doors = Object.keys(result.entrypoints)
  assert.ok(
    ['.', './files', './connect', './testing'].every((door) => doors.includes(door)),
    `it sees the doors ${doors.join(' ')}`,
  )
}

function bytesOf(path: string): ArrayBuffer {
  return new Uint8Array(readFileSync(path)).buffer
}
