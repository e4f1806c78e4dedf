import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { run } from 'millrace'
import { testJob } from 'millrace/testing'
import job, { type Config } from './job.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shops-'))
  mkdirSync(join(folder, 'orders'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const config = (): Config => ({ orders: join(folder, 'orders'), out: join(folder, 'out') })

function write(name: string, ...lines: readonly string[]): void {
  writeFileSync(join(folder, 'orders', name), `${lines.join('\n')}\n`)
}

/** The rows of all parts that are committed: others have names that begin with a dot. */
function rows(sink: string): unknown[] {
  const names = readdirSync(join(folder, 'out', sink)).filter((name) => !name.startsWith('.'))
  const lines = names.flatMap((name) =>
    readFileSync(join(folder, 'out', sink, name), 'utf8')
      .trimEnd()
      .split('\n'),
  )
  return lines.map((line): unknown => JSON.parse(line))
}

test('a row with the totals of its shop for each order', async () => {
  write('monday.jsonl', '{"id":1,"shop":"north","cents":100}', '{"id":2,"shop":"south","cents":5}', '{"id":3,"shop":"north","cents":20}')
  await run(job, { config: config() })
  assert.deepEqual(rows('totals'), [
    { key: 'north', orders: 1, cents: 100 },
    { key: 'south', orders: 1, cents: 5 },
    { key: 'north', orders: 2, cents: 120 },
  ])
})

test('what cannot be read is kept apart, with its place', async () => {
  write('monday.jsonl', '{"id":1,"shop":"north","cents":100}', '{"id":2,"sh')
  await run(job, { config: config() })
  const [unreadable] = rows('unreadable') as { readonly position: string }[]
  assert.equal(unreadable?.position, 'monday.jsonl:2')
  assert.equal(rows('totals').length, 1)
})

test('a second run on the same checkpoints doubles nothing', async () => {
  write('monday.jsonl', '{"id":1,"shop":"north","cents":100}')
  const options = { config: config(), checkpoints: { storage: join(folder, 'state') } }
  await run(job, options)
  await run(job, options)
  assert.deepEqual(rows('totals'), [{ key: 'north', orders: 1, cents: 100 }])
})

test('after a crash the totals go on where they were', async () => {
  const t = await testJob(job, { config: config() })
  await t.feed('orders', [{ id: 1, shop: 'north', cents: 100 }])
  await t.checkpoint()
  await t.crash()
  await t.feed('orders', [{ id: 2, shop: 'north', cents: 20 }])
  assert.deepEqual(t.output('totals'), [
    { key: 'north', orders: 1, cents: 100 },
    { key: 'north', orders: 2, cents: 120 },
  ])
  await t.close()
})
