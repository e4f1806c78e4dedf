/** Code of a job that ends the process, or leaves an error to nobody: `millrace run` says so, and never ends as if all were done. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url))
const api = new URL('../index.ts', import.meta.url).href
const filesApi = new URL('../files.ts', import.meta.url).href
const root = mkdtempSync(join(tmpdir(), 'millrace-early-'))
after(() => rmSync(root, { recursive: true }))

const COUNT = 2_000

/** `hostile` runs once, at a record in the middle; `first` when the module is loaded. */
function runJob(hostile: string, first: string = ''): { readonly code: number | null; readonly err: string; readonly folder: string } {
  const folder = mkdtempSync(join(root, 'test-'))
  writeFileSync(
    join(folder, 'job.ts'),
    [
      `import { existsSync, writeFileSync } from 'node:fs'`,
      `import { defineJob, generatorSource } from '${api}'`,
      `import { fileSink, jsonLines } from '${filesApi}'`,
      `const isOver = existsSync('struck')`,
      `if (!isOver) { ${first} }`,
      `export default defineJob('early', (job) => {`,
      `  job.from('numbers', generatorSource({ count: ${COUNT}, rate: 5000, record: (index) => index }))`,
      `    .map((index) => {`,
      `      if (index === 1000 && !isOver) { writeFileSync('struck', ''); ${hostile} }`,
      `      return { index }`,
      `    })`,
      `    .to('out', fileSink('out', jsonLines()))`,
      `})`,
    ].join('\n'),
  )
  return { ...millrace(folder), folder }
}

function millrace(folder: string): { readonly code: number | null; readonly err: string } {
  const args = [bin, 'run', 'job.ts', '--checkpoints', 'state', '--checkpoint-every', '50ms']
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    timeout: 60_000,
  })
  return { code: status, err: stderr }
}

function assertContinues(folder: string): void {
  const { code, err } = millrace(folder)
  assert.equal(code, 0, err)
  const rows = readdirSync(join(folder, 'out'))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      readFileSync(join(folder, 'out', name), 'utf8')
        .trimEnd()
        .split('\n'),
    )
    .map((line) => (JSON.parse(line) as { readonly index: number }).index)
  assert.deepEqual(
    rows.sort((a, b) => a - b),
    Array.from({ length: COUNT }, (_zero, index) => index),
  )
}

test('process.exit in a function of a job is a failure with a message, whatever code it is given, and the next run continues', () => {
  for (const given of [0, 3]) {
    const { code, err, folder } = runJob(`process.exit(${given})`)
    assert.equal(code, 1, err)
    assert.match(err, new RegExp(`^millrace: EARLY_EXIT: The process was ended with code ${given} before the job had ended`, 'm'))
    assertContinues(folder)
  }
})

test('process.exit while the module of a job is loaded is no success', () => {
  const { code, err } = runJob('', 'process.exit(0)')
  assert.equal(code, 1, err)
  assert.match(err, /^millrace: EARLY_EXIT: /m)
})

test('a module of a job that waits for nothing is told as that', () => {
  const { code, err } = runJob('', 'await new Promise(() => {})')
  assert.equal(code, 1, err)
  assert.match(err, /^millrace: EARLY_EXIT: .*an await at the top level of its file/m)
})

test('an error that nothing awaits ends the run with a message and the line of the job, also where the job hides such errors', () => {
  const hidden = `process.on('unhandledRejection', () => {}); process.on('uncaughtException', () => {})`
  for (const [hostile, first] of [
    [`void Promise.reject(new Error('later'))`, ''],
    [`setTimeout(() => { throw new Error('later') }, 1)`, ''],
    [`void Promise.reject(new Error('later'))`, hidden],
  ] as const) {
    const { code, err, folder } = runJob(hostile, first)
    assert.equal(code, 1, err)
    assert.match(err, /^millrace: UNCAUGHT: An error reached nobody: later\. /m)
    assert.match(err, /job\.ts:9:/)
    assertContinues(folder)
  }
})
