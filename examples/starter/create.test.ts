import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('create.mjs', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'create-millrace-'))
after(() => rmSync(root, { recursive: true }))

function create(...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

const json = (path: URL | string): { readonly [name: string]: unknown } =>
  JSON.parse(readFileSync(path, 'utf8')) as { [name: string]: unknown }

test('a project under the name of its folder, with its .gitignore', () => {
  const { code, out } = create('My Job!')
  assert.equal(code, 0)
  assert.match(out, /cd My Job!\n {2}npm install\n {2}npm test\n {2}npm start\n$/)
  assert.equal(json(join(root, 'My Job!/package.json'))['name'], 'my-job')
  assert.match(readFileSync(join(root, 'My Job!/.gitignore'), 'utf8'), /^state\/$/m)
  assert.ok(!existsSync(join(root, 'My Job!/gitignore')))
})

test('a folder that is not empty is left alone; no folder is told what to do', () => {
  create('full')
  const before = readFileSync(join(root, 'full/package.json'), 'utf8')
  assert.match(create('full').err, /full is not empty\. Name another folder/)
  assert.equal(readFileSync(join(root, 'full/package.json'), 'utf8'), before)
  for (const args of [[], ['--help'], ['a', 'b']]) {
    const { code, err } = create(...args)
    assert.deepEqual([code, err], [2, 'create-millrace: Name one folder for the project: npm create millrace my-job\n'])
  }
})

test('the template asks for the engine as it is, and for the same Node', () => {
  const engine = json(new URL('../../packages/millrace/package.json', import.meta.url))
  const template = json(new URL('template/package.json', import.meta.url))
  assert.deepEqual(template['dependencies'], { millrace: `^${String(engine['version'])}` })
  assert.deepEqual(template['engines'], engine['engines'])
})
