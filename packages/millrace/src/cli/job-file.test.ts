import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { errorText } from './error-text.ts'
import { loadJobFile } from './job-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-job-file-'))
after(() => rmSync(folder, { recursive: true }))
const api = new URL('../index.ts', import.meta.url).href

function file(name: string, code: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, code)
  return path
}

async function refusal(path: string): Promise<string> {
  try {
    await loadJobFile(path, 'run')
  } catch (error) {
    assert.ok(StreamError.is(error))
    return errorText(error, { paint: (_style, text) => text, folder }).replaceAll(`${folder}/`, '')
  }
  throw new Error(`${path} was accepted`)
}

test('a default export, once or twice wrapped', async () => {
  const job = `import { defineJob } from '${api}'\nconst job = defineJob('a', () => {})\n`
  assert.equal((await loadJobFile(file('once.ts', `${job}export default job`), 'run')).name, 'a')
  assert.equal((await loadJobFile(file('twice.ts', `${job}export default { default: job }`), 'run')).name, 'a')
})

test('a file that is not there', async () => {
  file('there.ts', '')
  assert.match(await refusal(join(folder, 'nope.ts')), /^millrace: There is no file nope\.ts\.\n {2}see millrace help run\n$/)
  assert.match(await refusal(join(folder, 'there.js')), /There is no file there\.js\. Did you mean there\.ts\?/)
  assert.match(await refusal(join(folder, 'tehre.ts')), /There is no file tehre\.ts\. Did you mean there\.ts\?/)
  assert.match(await refusal(folder), /is a directory: name the file/)
})

test('no job in it', async () => {
  assert.match(
    await refusal(file('named.ts', `export const job = 1`)),
    /named\.ts has no default export\. It exports 'job': is that the job\? Write: export default defineJob/,
  )
  assert.match(await refusal(file('empty.ts', 'export {}')), /empty\.ts has no default export\. Write/)
  assert.match(
    await refusal(file('factory.ts', 'export default function build() {}')),
    /The default export of factory\.ts is the function build, not a job/,
  )
  assert.match(await refusal(file('text.ts', `export default 'x'`)), /is the string "x", not a job/)
  assert.match(await refusal(file('copy.ts', `export default { name: 'x', explain() {} }`)), /a job of another copy of Millrace/)
})

test('a job that cannot be defined at the top of its file keeps the code of its error', async () => {
  const path = file('bad-name.ts', `import { defineJob } from '${api}'\nexport default defineJob('x y/z', () => {})\n`)
  assert.match(await refusal(path), /^millrace: INVALID_ID: .*x y\/z/)
})

test('code that cannot be loaded is shown where it goes wrong', async () => {
  assert.match(
    await refusal(file('syntax.ts', 'export default {\n  b: ][\n}\n')),
    /syntax\.ts cannot be loaded: Expression expected\n {4}syntax\.ts:2\n/,
  )
  assert.match(
    await refusal(file('syntax.mjs', 'export default {\n  b: ][\n}\n')),
    /syntax\.mjs cannot be loaded: Unexpected token '\]'\n {4}syntax\.mjs:2\n/,
  )
  assert.match(await refusal(file('enum.ts', 'enum A { b }\nexport default A\n')), /without enums/)
  assert.match(await refusal(file('package.ts', `import 'no-such-package-here'\n`)), /Install it: npm install no-such-package-here\./)
  assert.match(await refusal(file('extension.ts', `import './once'\n`)), /end in their extension/)
  assert.match(
    await refusal(file('throws.ts', `function up(): never {\n  throw new Error('boom')\n}\nup()\n`)),
    /cannot be loaded: boom\n {4}at up \(throws\.ts:2:9\)\n/,
  )
  assert.match(
    await refusal(file('node_modules/p/job.ts', `const a: number = 1\nexport default a`)),
    /does not run TypeScript below node_modules/,
  )
})

test('an ES module in a package that says commonjs, as npm init writes it', async () => {
  file('scripted/package.json', '{ "type": "commonjs" }')
  const refused = await refusal(file('scripted/job.js', `import { x } from './nothing.js'\nexport default x\n`))
  assert.match(
    refused,
    /package\.json says "type": "commonjs", and this file is an ES module: npm pkg set type=module, or call the file scripted\/job\.mjs\./,
  )
})

test('what is missing is named without the frames of Node', async () => {
  assert.match(await refusal(file('typing.ts', `import 'milrace'\n`)), /imported from typing\.ts\. Did you mean 'millrace'\?\n {2}see /)
  assert.doesNotMatch(await refusal(file('typing.ts', `import 'milrace'\n`)), /node:internal|npm install/)
})
