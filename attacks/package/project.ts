import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runChild, type Outcome } from '../../scripts/lib/child.ts'
import { withoutNpmSettings } from '../../scripts/lib/npm.ts'

const TIMEOUT_MS = 120_000
const POLL_MS = 5

/** The package has no dependencies: that a registry does not answer must not matter. */
const WITHOUT_REGISTRY = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' }
const PLAIN = { NODE_OPTIONS: undefined, NODE_COMPILE_CACHE: undefined, FORCE_COLOR: undefined, NO_COLOR: '1' }

/** A folder of somebody who knows nothing of this repository. */
export class Project {
  readonly folder: string
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(folder: string, path: string) {
    this.folder = folder
    this.#env = { ...withoutNpmSettings, ...WITHOUT_REGISTRY, ...PLAIN, PATH: path }
  }

  write(file: string, text: string): void {
    const path = join(this.folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8')
  }

  /** Names of the files in a folder that are not hidden. */
  list(folder: string): string[] {
    const path = join(this.folder, folder)
    return existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')) : []
  }

  /** Runs to its end, whatever that is. */
  run(command: string, ...args: readonly string[]): Promise<Outcome> {
    return runChild(command, args, { cwd: this.folder, env: this.#env, timeoutMs: TIMEOUT_MS })
  }

  /** As typed into a shell. */
  shell(line: string): Promise<Outcome> {
    return this.run('sh', '-ec', line)
  }

  /** Runs, and must succeed. */
  async must(command: string, ...args: readonly string[]): Promise<string> {
    const { code, output } = await this.run(command, ...args)
    assert.equal(code, 0, `${[command, ...args].join(' ')} ended with ${code}:\n${output}`)
    return output
  }

  /** A project that has just begun, with these packages. */
  async begin(...packages: readonly string[]): Promise<void> {
    await this.must('npm', 'init', '-y')
    await this.must('npm', 'pkg', 'set', 'type=module')
    await this.install(...packages)
  }

  async install(...packages: readonly string[]): Promise<string> {
    return await this.must('npm', 'install', '--prefer-offline', ...packages)
  }

  /** Runs `line` until `isReached`, then sends the signal to the process and all that it has started, as a terminal does. Returns what was said. */
  signalWhen(line: string, signal: 'SIGINT' | 'SIGKILL', isReached: (output: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn('sh', ['-c', line], {
        cwd: this.folder,
        env: { ...process.env, ...this.#env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      const group = -(child.pid as number)
      let output = ''
      let isSent = false
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
      const poll = setInterval(() => {
        if (isSent || !isReached(output)) return
        isSent = true
        process.kill(group, signal)
      }, POLL_MS)
      const late = setTimeout(() => process.kill(group, 'SIGKILL'), TIMEOUT_MS)
      child.on('close', () => {
        clearInterval(poll)
        clearTimeout(late)
        if (isSent) resolve(output)
        else reject(new Error(`${line} ended before it had come so far:\n${output}`))
      })
    })
  }
}
