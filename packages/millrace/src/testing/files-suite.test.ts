import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { nodeFiles } from '../env/node-files.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { filesSuite } from './files-suite.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-files-'))
after(() => rmSync(root, { recursive: true }))

for (const { name, run } of filesSuite(nodeFiles, () => Promise.resolve(mkdtempSync(join(root, 'case-'))))) test(`node: ${name}`, run)

const seed = Number(process.env['SEED'] ?? 1)
const env = virtualEnv({ seed })
let places = 0
const makePlace = async (): Promise<string> => {
  const place = `/case-${places++}`
  await env.files.makeDirectory(place)
  return place
}
for (const { name, run } of filesSuite(env.files, makePlace)) test(`simulated (SEED=${seed}): ${name}`, () => env.machine.run(run()))
