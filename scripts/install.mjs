/**
 * Brings node_modules in step with package-lock.json, at most one process at a time. Plain JavaScript, Node builtins only.
 *
 * I1  In step means: npm's own record of what is installed names every package of the lock that fits this machine, at
 *     the same version and checksum. npm writes that record last, so an interrupted install is not in step.
 * I2  Only the holder of `.data/install.lock` installs; the others wait and look again.
 * I3  A lock whose holder has died, or that is older than any install takes, is taken over.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LOCK_POLL_MS = 200
const INSTALL_LIMIT_MS = 10 * 60_000

/** Returns when node_modules is in step; ends the process with npm's exit code if npm fails. */
export async function ensureInstalled(root) {
  if (isInStep(root)) return
  const release = await takeLock(join(root, '.data/install.lock'))
  try {
    if (!isInStep(root)) await install(root)
  } finally {
    release()
  }
}

/** @returns {boolean} whether node_modules holds what package-lock.json asks for on this machine (I1) */
export function isInStep(root) {
  const wanted = readLock(join(root, 'package-lock.json'))
  const present = readLock(join(root, 'node_modules/.package-lock.json'))
  if (wanted === undefined || present === undefined) return false
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return binsLinked(root, path, entry)
    if (entry.link === true) return existsSync(join(root, path))
    if (entry.optional === true && !fitsMachine(entry)) return true
    const found = present[path]
    return found !== undefined && found.version === entry.version && found.integrity === entry.integrity
  })
}

/** The commands of our own packages are links that only an install makes. */
function binsLinked(root, path, entry) {
  if (path === '') return true
  return Object.keys(entry.bin ?? {}).every((name) =>
    existsSync(join(root, 'node_modules/.bin', process.platform === 'win32' ? `${name}.cmd` : name)),
  )
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}

function fitsMachine(entry) {
  if (!fits(entry.os, process.platform) || !fits(entry.cpu, process.arch)) return false
  return entry.libc === undefined || fits(entry.libc, libcName())
}

let knownLibc

/** Cached: the report takes a while to write. */
function libcName() {
  knownLibc ??= process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
  return knownLibc
}

/** npm's `os`, `cpu` and `libc` fields: one name or a list, `!name` excludes. */
function fits(field, value) {
  const names = field === undefined ? [] : [field].flat()
  if (names.includes(`!${value}`)) return false
  const allowed = names.filter((name) => !name.startsWith('!'))
  return allowed.length === 0 || allowed.includes(value) || allowed.includes('any')
}

/** Takes the lock file, waiting as long as a living process holds it (I2, I3). Returns the release. */
export async function takeLock(path) {
  mkdirSync(join(path, '..'), { recursive: true })
  let told = false
  for (;;) {
    if (tryCreate(path)) return () => rmSync(path, { force: true })
    if (isAbandoned(path)) {
      takeOver(path)
      continue
    }
    if (!told) process.stderr.write('millrace: another process is installing, waiting for it\n')
    told = true
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
  }
}

function tryCreate(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAbandoned(path) {
  try {
    const ageMs = Date.now() - statSync(path).mtimeMs
    const pid = Number(readFileSync(path, 'utf8'))
    if (ageMs > INSTALL_LIMIT_MS) return true
    if (pid === 0) return ageMs > 5_000 // created, its holder's number not yet written
    return !isAlive(pid)
  } catch {
    return false // released in the meantime
  }
}

/** Removes an abandoned lock under a lock of its own: of two who saw it abandoned, the second must not remove the first one's. */
function takeOver(path) {
  const guard = `${path}.takeover`
  if (!tryCreate(guard)) {
    if (isAbandoned(guard)) rmSync(guard, { force: true })
    return
  }
  if (isAbandoned(path)) rmSync(path, { force: true })
  rmSync(guard, { force: true })
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

async function install(root) {
  const startedAt = Date.now()
  process.stderr.write('millrace: installing what package-lock.json names (npm ci) … ')
  const { code, output } = await runNpm(root, [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ])
  if (code === 0) {
    process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`)
    return
  }
  process.stderr.write(`failed\n${output}`)
  rmSync(join(root, '.data/install.lock'), { force: true })
  process.exit(code)
}

/** npm with its output kept back; under `npm run` the same npm and the same Node that run us. */
function runNpm(root, args) {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env
  const [command, first] = npm?.endsWith('.js') && node !== undefined && existsSync(node) ? [node, [npm]] : ['npm', []]
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && command === 'npm',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    const stop = (signal) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop)
    child.on('error', (error) => resolve({ code: 127, output: `cannot start npm: ${error.message}\n` }))
    child.on('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(name, stop)
      resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 143), output })
    })
  })
}
