/** `npm create millrace`: the packed template becomes a project that passes its own test, checks its types, and runs. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { root } from '../../scripts/lib/files.ts'
import { packFolder } from '../../scripts/package/pack.ts'
import { nodes, type Check, type Playground } from './playground.ts'

const EXPECTED_FILES = [
  'README.md',
  'create.mjs',
  'package.json',
  ...['README.md', 'gitignore', 'orders/monday.jsonl', 'package.json', 'src/job.test.ts', 'src/job.ts', 'tsconfig.json'].map(
    (file) => `template/${file}`,
  ),
]

export function starterChecks(at: Playground): readonly Check[] {
  return [nodes[0], nodes.at(-1)].map((version) => ({ name: `Node ${version}: the starter`, run: () => starts(at, version as string) }))
}

async function starts(at: Playground, version: string): Promise<void> {
  const starter = await packFolder(join(root, 'examples/starter'), join(at.folder, `starter-${version}`))
  assert.deepEqual(starter.files.map(({ path }) => path).toSorted(), EXPECTED_FILES.toSorted())
  const parent = await at.project(`created-${version}`, version)
  await parent.must('npm', 'exec', '--yes', '--prefer-offline', `--package=${starter.path}`, '--', 'create-millrace', 'my-job')
  const project = await at.project(`created-${version}/my-job`, version)
  await project.install(at.tarball.path)
  assert.match(await project.must('npm', 'test'), /^. pass 4$/m)
  await project.must('npm', 'run', 'types')
  assert.match(await project.must('npm', 'start'), /^shops: finished: 5 records .*, 1 invalid record among them/m)
  const rows = project.list('out/totals').flatMap((name) => project.read(`out/totals/${name}`).trimEnd().split('\n'))
  assert.deepEqual(rows.slice(-2), ['{"key":"north","orders":2,"cents":2000}', '{"key":"south","orders":2,"cents":3000}'])
  assert.match(await project.must('npm', 'run', 'explain'), /exactly-once/)
  const ignored = project.read('.gitignore').trim().split('\n')
  assert.deepEqual(ignored, ['node_modules/', 'out/', 'state/'])
}
