/** Types as a project of somebody else checks them: every door, against the declarations of the package alone. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/lib/files.ts'
import { nodes, type Check, type Playground } from './playground.ts'
import type { Project } from './project.ts'

const CONSUMER = readFileSync(join(import.meta.dirname, 'fixtures/typed-job.ts'), 'utf8')
const TSC = join(root, 'node_modules/typescript/bin/tsc')
/** What `tsc --init` and bundlers' templates write. */
const RESOLUTIONS: readonly (readonly [module: string, moduleResolution: string])[] = [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
]

export function typeChecks(at: Playground): readonly Check[] {
  return RESOLUTIONS.map(([module, moduleResolution]) => ({
    name: `types: module ${module}, moduleResolution ${moduleResolution}, strict`,
    run: async () => {
      const project = await at.project(`types-${moduleResolution}`, nodes.at(-1) as string)
      await project.begin(at.tarball.path)
      for (const name of ['@types/node', 'undici-types']) copyModule(project, name)
      project.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...OPTIONS, module, moduleResolution }, files: ['job.ts'] }))
      project.write('job.ts', CONSUMER)
      await project.must('node', TSC, '-p', '.')
      // A check that sees `any` everywhere would find nothing: a mistake has to be one.
      project.write('job.ts', CONSUMER.replace('payment.cents', 'payment.cent'))
      const { code, output } = await project.run('node', TSC, '-p', '.')
      assert.notEqual(code, 0)
      assert.match(output, /^job\.ts\(\d+,\d+\): error TS2551: Property 'cent' does not exist on type 'Payment'\. Did you mean 'cents'\?$/m)
    },
  }))
}

const OPTIONS = {
  target: 'es2022',
  lib: ['es2022'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
}

/** The repository's own, so that no other version can make the difference. */
function copyModule(project: Project, name: string): void {
  cpSync(join(root, 'node_modules', name), join(project.folder, 'node_modules', name), { recursive: true })
}
