/** Cases in two processes: each takes the next one when it is done, so that a slow one holds nobody up. */
import { fork } from 'node:child_process'
import { fastStart } from './attack.ts'

export interface PoolOptions<R> {
  /** A module that calls `serve`. */
  readonly module: string
  readonly args?: readonly string[]
  readonly cases: readonly number[]
  readonly workers?: number
  /** For Node. */
  readonly execArgv?: readonly string[]
  readonly onResult: (number: number, result: R) => void
  /** The process ended or threw while it had this case. */
  readonly onDeath: (number: number, reason: string) => void
  /** Longer than this is a hang. */
  readonly timeoutMs: number
  /** Nothing more is begun. */
  readonly isOver?: () => boolean
}

export async function runPool<R>(options: PoolOptions<R>): Promise<void> {
  const queue = [...options.cases]
  const workers = Array.from({ length: options.workers ?? 2 }, () => drain(queue, options))
  await Promise.all(workers)
}

async function drain<R>(queue: number[], options: PoolOptions<R>): Promise<void> {
  while (queue.length > 0 && options.isOver?.() !== true) await oneProcess(queue, options)
}

/** Lives until the queue is empty or it dies; a death costs the case at hand only. */
function oneProcess<R>(queue: number[], options: PoolOptions<R>): Promise<void> {
  return new Promise((resolve) => {
    const child = fork(options.module, [...(options.args ?? [])], {
      serialization: 'advanced',
      env: fastStart(),
      ...(options.execArgv === undefined ? {} : { execArgv: [...options.execArgv] }),
    })
    let current: number | undefined
    let timer: NodeJS.Timeout | undefined
    let lateness = ''
    const next = (): void => {
      clearTimeout(timer)
      current = options.isOver?.() === true ? undefined : queue.shift()
      if (current === undefined) {
        child.disconnect()
        return
      }
      timer = setTimeout(() => {
        lateness = `took longer than ${options.timeoutMs / 1000} s`
        child.kill('SIGKILL')
      }, options.timeoutMs)
      child.send(current)
    }
    child.on('message', (result) => {
      if (current !== undefined) options.onResult(current, result as R)
      next()
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (current !== undefined) options.onDeath(current, lateness || `the process ended with ${signal ?? code}`)
      resolve()
    })
    next()
  })
}

/** The other side: answers each case with what `work` gives. */
export function serve<R>(work: (number: number) => Promise<R>): void {
  process.on('message', (number) => {
    work(number as number).then(
      (result) => process.send?.(result),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
        process.exit(1)
      },
    )
  })
}
