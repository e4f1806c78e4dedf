import type { Env } from '../core/env.ts'
import type { Paint } from '../core/text-layout.ts'
import { nodeEnv } from '../env/node-env.ts'
import { logsEvents } from '../env/node-log.ts'
import { hasColours, paintFor, type ColourWish } from './colour.ts'
import type { StopSignal } from './exit-codes.ts'

/** A stream that text is written to. */
export interface TextStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** What a command touches besides the engine's Env; a test brings its own. */
export interface World {
  readonly env: Env
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** Whether stderr is a terminal on which a line can be drawn again. */
  readonly canRedraw: boolean
  /** MILLRACE_LOG tells what happens to a job. */
  readonly isLogged: boolean
  /** For stderr and for stdout: colours where they take them. */
  readonly paint: Paint
  readonly paintOutput: Paint
  /** Shorter paths in messages. */
  readonly folder: string
  /** For the life of the process. */
  onSignal(handler: (signal: StopSignal) => void): void
  /**
   * Somebody else ends the process, or an error reaches nobody: the handler says with which exit code. It is synchronous, and called
   * once at most. Returns what ends the watch.
   */
  onEarlyEnd(handler: (end: EarlyEnd) => number): () => void
  /** At once, whatever is going on. */
  exit(code: number): void
  /** After a little while, if something that a job has opened and not closed keeps the process alive. */
  exitSoon(code: number): void
}

/** What ends the process although the command has not ended. */
export type EarlyEnd = { readonly kind: 'exit'; readonly code: number } | { readonly kind: 'uncaught'; readonly error: unknown }

const LINGER_MS = 500

export function processWorld(colour: ColourWish): World {
  // A reader that has gone (`millrace checkpoints DIR | head -1`, a closed terminal) is no reason to crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return {
    env: nodeEnv({ log: { write: (line) => void process.stderr.write(line) } }),
    stdout: process.stdout,
    stderr: process.stderr,
    canRedraw: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    isLogged: logsEvents(),
    paint: paintFor(hasColours(colour, process.env, process.stderr.isTTY === true)),
    paintOutput: paintFor(hasColours(colour, process.env, process.stdout.isTTY === true)),
    folder: process.cwd(),
    onSignal,
    onEarlyEnd,
    exit: (code) => process.exit(code),
    exitSoon,
  }
}

function onSignal(handler: (signal: StopSignal) => void): void {
  const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, handler)
}

/** A handler of the job for rejections does not hide them: what nobody has caught may be the engine's own. */
function onEarlyEnd(handler: (end: EarlyEnd) => number): () => void {
  const exiting = (code: number): void => {
    letGo()
    process.exitCode = handler({ kind: 'exit', code })
  }
  const uncaught = (error: unknown): void => {
    letGo()
    process.exit(handler({ kind: 'uncaught', error }))
  }
  const letGo = (): void => {
    process.off('exit', exiting)
    process.off('uncaughtException', uncaught)
    process.off('unhandledRejection', uncaught)
  }
  process.on('exit', exiting)
  process.on('uncaughtException', uncaught)
  process.on('unhandledRejection', uncaught)
  return letGo
}

function exitSoon(code: number): void {
  const linger = (): void => {
    // What stdout still holds for a slow reader is not to be lost.
    if (process.stdout.writableLength > 0) setTimeout(linger, LINGER_MS).unref()
    else process.exit(code)
  }
  setTimeout(linger, LINGER_MS).unref()
}
