/** Runs a program with its output kept, for checks that show it only when it fails. */
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './files.ts'

export interface Outcome {
  /** 0 is success; 124 stands for a program that took too long. */
  readonly code: number
  readonly output: string
  readonly tookMs: number
}

export interface ChildOptions {
  readonly cwd?: string
  readonly timeoutMs: number
  /** Besides our own environment; `undefined` takes a name away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Also shows the output while it comes. */
  readonly isShown?: boolean
  /** Aborted: it is told to end, by SIGTERM. */
  readonly signal?: AbortSignal
}

/** The commands of node_modules first, so that `node`, `millrace` and `npx`-like tools are the pinned ones. */
export const PATH_WITH_TOOLS: string = [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter)

/** Standard output and standard error come in one text. The program has no input. It stays in our process group, which the launcher ends with us. */
export function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<Outcome> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, PATH: PATH_WITH_TOOLS, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let isLate = false
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (options.isShown === true) process.stdout.write(text)
      })
    }
    const timer = setTimeout(() => {
      isLate = true
      output += `\nstopped after ${options.timeoutMs / 1000} s\n`
      child.kill('SIGKILL')
      for (const stream of [child.stdout, child.stderr]) stream.destroy() // something that it started may still hold them
    }, options.timeoutMs)
    const abort = (): void => void child.kill('SIGTERM')
    options.signal?.addEventListener('abort', abort, { once: true })
    const end = (code: number): void => {
      options.signal?.removeEventListener('abort', abort)
      clearTimeout(timer)
      resolve({ code: isLate ? 124 : code, output, tookMs: performance.now() - startedAt })
    }
    child.on('error', (error) => {
      output += `${error.message}\n`
      end(127)
    })
    child.on('close', (code) => end(code ?? 1))
  })
}

/** Calls `work` for each item, two at a time (the smallest machine that we build on has two cores), results in order. */
export async function twoAtATime<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const queue = [...items.entries()]
  const drain = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1])
  }
  await Promise.all([drain(), drain()])
  return results
}
