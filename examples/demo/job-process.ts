/** The job as a process of its own: `millrace run …`, whose lines are read as they come. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Config } from './job.ts'
import { root } from './workplace.ts'

export interface JobOptions {
  readonly checkpoints: string
  readonly every: string
  readonly parallelism: number
  readonly config: Config
}

export type Ending = { readonly code: number } | { readonly signal: string }

const JOB = 'examples/demo/job.ts'

/** As one would type it at the root of the checkout. */
export function commandLine(options: JobOptions): string {
  const words = ['millrace', ...jobArguments(options)]
  return words.map((word) => (/[^\w./=-]/.test(word) ? `'${word}'` : word)).join(' ')
}

function jobArguments({ checkpoints, every, parallelism, config }: JobOptions): readonly string[] {
  const args = ['run', JOB, '--checkpoints', checkpoints, '--checkpoint-every', every, '--config', JSON.stringify(config)]
  return parallelism === 1 ? args : [...args, '--parallelism', String(parallelism)]
}

export class JobProcess {
  /** All that it has said. */
  readonly lines: string[] = []
  /** The checkpoint that it has said it goes on from. */
  from: number | undefined
  /** When it is gone and its last line has been read. */
  readonly ended: Promise<void>
  ending: Ending | undefined
  readonly #child: ChildProcess
  readonly #killOnExit = (): void => this.kill()

  constructor(options: JobOptions, onContinued: (checkpoint: number) => void) {
    const millrace = join(root, 'packages/millrace/bin/millrace.mjs')
    this.#child = spawn(process.execPath, [millrace, ...jobArguments(options)], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    process.on('exit', this.#killOnExit)
    for (const input of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input }).on('line', (line) => this.#read(line, onContinued))
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', (code, signal) => {
        process.off('exit', this.#killOnExit)
        this.ending = signal === null ? { code: code ?? 1 } : { signal }
        resolve()
      })
    })
  }

  /** SIGKILL: the process gets no chance to save or tell anything. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #read(line: string, onContinued: (checkpoint: number) => void): void {
    this.lines.push(line)
    const from = /continues from checkpoint (\d+)/.exec(line)?.[1]
    if (from === undefined) return
    this.from = Number(from)
    onContinued(this.from)
  }
}
