import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, test } from 'node:test'
import { isInStep, takeLock } from './install.mjs'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folderWith(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-install-'))
  folders.push(folder)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), JSON.stringify(content))
  }
  return folder
}

const lockWith = (packages: object): object => ({ packages: { '': { name: 'root' }, ...packages } })
const a1 = { version: '1.0.0', integrity: 'sha512-a' }
const otherOs = process.platform === 'win32' ? 'linux' : 'win32'

test('I1: in step when everything that fits this machine is there at its version', () => {
  const wanted = lockWith({ 'node_modules/a': a1, 'node_modules/b': { ...a1, optional: true, os: otherOs } })
  assert.equal(
    isInStep(folderWith({ 'package-lock.json': wanted, 'node_modules/.package-lock.json': lockWith({ 'node_modules/a': a1 }) })),
    true,
  )
})

test('I1: out of step when a package is missing, other, or of this machine and optional', () => {
  const present = { 'node_modules/.package-lock.json': lockWith({ 'node_modules/a': a1 }) }
  const inStepWith = (packages: object): boolean => isInStep(folderWith({ ...present, 'package-lock.json': lockWith(packages) }))
  assert.equal(inStepWith({ 'node_modules/a': a1 }), true)
  assert.equal(inStepWith({ 'node_modules/a': a1, 'node_modules/b': a1 }), false)
  assert.equal(inStepWith({ 'node_modules/a': { ...a1, version: '1.0.1' } }), false)
  assert.equal(inStepWith({ 'node_modules/a': { ...a1, integrity: 'sha512-b' } }), false)
  assert.equal(
    inStepWith({ 'node_modules/a': a1, 'node_modules/b': { ...a1, optional: true, os: [process.platform], cpu: [process.arch] } }),
    false,
  )
  assert.equal(inStepWith({ 'node_modules/a': a1, 'packages/c': { bin: { c: 'c.mjs' } } }), false)
})

test('I1: an interrupted install, which has no record, is out of step', () => {
  assert.equal(isInStep(folderWith({ 'package-lock.json': lockWith({}) })), false)
  assert.equal(isInStep(folderWith({ 'package-lock.json': lockWith({}), 'node_modules/.package-lock.json': lockWith({}) })), true)
})

test('I2: a second process waits for the holder', async () => {
  const lock = join(folderWith({}), 'deep/install.lock')
  const release = await takeLock(lock)
  let hasSecond = false
  const second = takeLock(lock).then((releaseSecond) => {
    hasSecond = true
    return releaseSecond
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(hasSecond, false)
  assert.equal(Number(readFileSync(lock, 'utf8')), process.pid)
  release()
  const releaseSecond = await second
  assert.equal(existsSync(lock), true)
  releaseSecond()
  assert.equal(existsSync(lock), false)
})

test('I3: the lock of a dead process, and one of last hour, is taken over', async () => {
  const folder = folderWith({ 'dead.lock': 2 ** 30, 'old.lock': process.pid })
  const hourAgo = new Date(Date.now() - 3_600_000)
  utimesSync(join(folder, 'old.lock'), hourAgo, hourAgo)
  for (const name of ['dead.lock', 'old.lock']) {
    const release = await takeLock(join(folder, name))
    assert.equal(Number(readFileSync(join(folder, name), 'utf8')), process.pid)
    release()
  }
})
