/** `millrace run` of the hostile job as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fastStart, root } from '../lib/attack.ts'
import type { JobName } from './expected.ts'
import type { HostileConfig } from './places.ts'
import type { End } from './verdict.ts'

/** What a process may take: of V8's heap, or of the system. */
export type Memory = 'ample' | 'little heap' | 'little data'

export interface RunProcessOptions {
  readonly job: JobName
  readonly config: HostileConfig
  readonly checkpoints: string
  readonly parallelism: number
  readonly leaseMs: number
  readonly restart: string
  readonly memory: Memory
}

const LITTLE_HEAP_MB = 48
/** Node itself takes most of it. */
const LITTLE_DATA_KIB = 1_500_000
const LOOK_MS = 20

export class RunProcess {
  output = ''
  code: number | null | undefined
  killedBy: string | null = null
  readonly #process: ChildProcess
  readonly #ended: Promise<true>
  readonly #killOnExit = (): void => this.signal('SIGKILL')

  constructor({ job, config, checkpoints, parallelism, leaseMs, restart, memory }: RunProcessOptions) {
    const args = ['--checkpoints', checkpoints, '--checkpoint-every', '20ms', '--retain', '2', '--lease', `${leaseMs}ms`]
    const heap = memory === 'little heap' ? [`--max-old-space-size=${LITTLE_HEAP_MB}`] : []
    const isLimited = memory === 'little data'
    const limits = ['-c', `ulimit -d ${LITTLE_DATA_KIB}; exec "$0" "$@"`, process.execPath]
    this.#process = spawn(
      isLimited ? '/bin/sh' : process.execPath,
      [
        ...(isLimited ? limits : []),
        ...heap,
        join(root, 'packages/millrace/bin/millrace.mjs'),
        'run',
        join(import.meta.dirname, `${job}.ts`),
        ...args,
        ...['--config', JSON.stringify(config), '--parallelism', String(parallelism), '--restart', restart],
      ],
      { env: { ...fastStart(), NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    process.on('exit', this.#killOnExit)
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (text: Buffer) => (this.output += text.toString()))
    this.#ended = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => {
        process.off('exit', this.#killOnExit)
        this.code = code
        this.killedBy = signal
        resolve(true)
      })
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  endWithin(ms: number): Promise<boolean> {
    return Promise.race([this.#ended, sleep(ms, false, { ref: false })])
  }

  /** Or until it has ended, or the time is over. */
  async until(isSo: () => boolean, withinMs: number): Promise<void> {
    for (let leftMs = withinMs; leftMs > 0 && this.code === undefined && !isSo(); leftMs -= LOOK_MS) await sleep(LOOK_MS)
  }

  get end(): End | 'unclear' {
    // V8 that has no memory left: SIGABRT, or its own report and 134.
    if (this.killedBy !== null || this.code === 134 || this.code === 133) return 'died'
    if (this.code === 3) return 'fenced'
    if (this.code === 0)
      return / finished: | is finished| has finished before: /.test(this.output)
        ? 'finished'
        : /stopped/.test(this.output)
          ? 'stopped'
          : 'unclear'
    if (this.code === 2) return /millrace: [A-Z_]+: /.test(this.output) ? 'refused' : 'unclear'
    if (this.code !== 1) return 'unclear'
    if (/millrace: EARLY_EXIT/.test(this.output)) return 'exit'
    if (/millrace: UNCAUGHT/.test(this.output)) return 'uncaught'
    if (/\nNode\.js v/.test(this.output) && /attacks\/hostile\/acts\.ts/.test(this.output)) return 'crashed'
    return /millrace: [A-Z_]+: /.test(this.output) ? 'failed' : 'unclear'
  }

  /** The line that says why it has ended. */
  get reason(): string {
    const lines = this.output.split('\n').filter((line) => line.trim() !== '')
    return lines.findLast((line) => /^millrace: |FATAL ERROR| finished:| stopped/.test(line)) ?? lines.at(-1) ?? ''
  }

  /** What it has warned of. */
  get warnings(): string {
    return this.output
      .split('\n')
      .filter((line) => / warn /.test(line))
      .join('\n')
  }

  get tail(): string {
    return `exit ${this.killedBy ?? this.code}\n      ${this.output.trim().split('\n').slice(-12).join('\n      ')}`
  }
}
