import { errorCodes } from '../core/error-codes.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import type { Paint } from '../core/text-layout.ts'
import { errorPage } from './error-page.ts'
import { userStackOf } from './user-stack.ts'

/** Frames shown where nothing of a stack is the user's. */
const MAX_FRAMES = 12
/** Causes shown below an error. */
const MAX_CAUSES = 5

export interface ErrorContext {
  readonly paint: Paint
  /** Paths are shown relative to it. */
  readonly folder: string
}

/**
 * An error for people: what happened, why, what to do, where to read on. Total: whatever was thrown becomes text.
 *
 * ```
 * millrace: USER_CODE: A function of step/parse threw: Cannot read properties of undefined (reading 'id')
 *   because: Cannot read properties of undefined (reading 'id')
 *     at job.ts:12:30
 *   what to do: …
 *   see docs/errors.md#user_code
 * ```
 */
export function errorText(error: unknown, context: ErrorContext): string {
  const { paint } = context
  if (StreamError.is(error) && error.code === 'COMMAND_LINE') {
    const help = error.details?.['help']
    return linesText([
      `${paint('red', 'millrace:')} ${error.message}`,
      ...causeLines(error, context),
      ...(typeof help === 'string' ? [`  see ${help}`] : []),
    ])
  }
  const lines = [`${paint('red', 'millrace:')} ${codeText(error, context)}${messageOf(error)}`, ...reasonLines(error, context)]
  if (StreamError.is(error)) lines.push(...remedyLines(error, context))
  return linesText(lines)
}

/** The lines of the user's code that an error came from, and what caused it. */
export function reasonLines(error: unknown, context: ErrorContext): readonly string[] {
  return [...stackLines(error, '  ', context), ...causeLines(error, context)]
}

function codeText(error: unknown, { paint }: ErrorContext): string {
  return StreamError.is(error) ? `${paint('bold', error.code)}: ` : ''
}

/** Of an error of the engine its own frames say nothing to a user, except where the engine is to blame. */
function stackLines(error: unknown, indent: string, { folder, paint }: ErrorContext): readonly string[] {
  const { excerpt, frames } = userStackOf(error, folder)
  const isOurs = StreamError.is(error) ? error.code === 'INVARIANT' : frames.length === 0 && excerpt.length === 0 && !isOfSystem(error)
  const shown = isOurs ? allFrames(error) : frames
  return [...excerpt.map((line) => `${indent}${line}`.trimEnd()), ...shown.map((line) => `${indent}${paint('dim', line)}`)]
}

/** A file that cannot be read, a closed pipe, a module that is not there: the message says it all. */
function isOfSystem(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  return 'syscall' in error || ('code' in error && /^(ERR_|MODULE_NOT_FOUND)/.test(String(error.code)))
}

function allFrames(error: unknown): readonly string[] {
  const stack = error instanceof Error || StreamError.is(error) ? String(error.stack) : ''
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return frames.slice(0, MAX_FRAMES).map((line) => line.trim())
}

function causeLines(error: unknown, context: ErrorContext): readonly string[] {
  const lines: string[] = []
  const seen = new Set<unknown>([error])
  let shown = messageOf(error)
  let cause = causeOf(error)
  for (let depth = 0; cause !== undefined && !seen.has(cause) && depth < MAX_CAUSES; depth++) {
    seen.add(cause)
    const message = messageOf(cause)
    // A wrapper often quotes what it wraps.
    if (!shown.includes(message)) lines.push(`  because: ${nameOf(cause)}${message}`)
    lines.push(...stackLines(cause, '    ', context))
    shown = message
    cause = causeOf(cause)
  }
  return lines
}

function causeOf(error: unknown): unknown {
  return error instanceof Error || StreamError.is(error) ? error.cause : undefined
}

function nameOf(error: unknown): string {
  if (StreamError.is(error)) return `${error.code}: `
  return error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : ''
}

export function remedyLines(error: StreamError, { paint, folder }: ErrorContext): readonly string[] {
  const { code, message } = error
  const remedy = Object.hasOwn(errorCodes, code) ? errorCodes[code].remedy : ''
  const see = `  see ${errorPage(folder)}#${code.toLowerCase()}`
  return isSaid(remedy, message) ? [see] : [`  ${paint('cyan', 'what to do:')} ${remedy}`, see]
}

/** Some remedies only point to the message, which stands above; some messages say themselves what to do. */
function isSaid(remedy: string, message: string): boolean {
  const [first = ''] = remedy.split(/[,.;:]/)
  return first === '' || /^The message (names|says)\b/.test(remedy) || message.includes(first)
}

function linesText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}
