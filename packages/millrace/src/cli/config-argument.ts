import { messageOf, StreamError } from '../core/errors.ts'
import { usage } from './arguments.ts'
import type { CommandName } from './commands.ts'

/** Characters shown on each side of what is wrong. */
const AROUND = 20

/**
 * The value of `--config`.
 * @throws {COMMAND_LINE} with the place where the JSON goes wrong
 */
export function configOf(text: string | true | undefined, command: CommandName): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const position = errorPosition(text, error)
    throw usage(`--config is no JSON: ${reasonOf(error)} at ${placeOf(text, position)}.${quoteHint(text)}`, command)
  }
}

/** V8 says `… in JSON at position 7 (line 1 column 8)`, or quotes a part of the text without a position. */
function errorPosition(text: string, error: unknown): number {
  const message = messageOf(error)
  const said = /at position (\d+)/.exec(message)?.[1]
  if (said !== undefined) return Number(said)
  if (/end of JSON/i.test(message)) return text.length
  // The shortest beginning that nothing could complete; those before it merely end too early, those after it are wrong too.
  let [early, wrong] = [0, text.length + 1]
  while (early + 1 < wrong) {
    const length = (early + wrong) >> 1
    if (isWrong(text.slice(0, length))) wrong = length
    else early = length
  }
  return wrong - 1
}

function isWrong(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return false
  } catch (error) {
    const message = messageOf(error)
    const position = /at position (\d+)/.exec(message)?.[1]
    return position === undefined ? !/end of JSON/i.test(message) : Number(position) < beginning.length
  }
}

function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/,? ?(in JSON )?at position .*$/, '')
    .replace(/, .* is not valid JSON$/, '')
    .replace(/ in JSON$/, '')
}

function placeOf(text: string, position: number): string {
  if (position >= text.length) return `its end, after '${text.slice(-AROUND)}'`
  const before = text.slice(Math.max(0, position - AROUND), position)
  const after = text.slice(position, position + AROUND)
  return `character ${position + 1}, here: '${before}>>>${after}'`
}

/** What a shell leaves of JSON that was not put in quotes. */
function quoteHint(text: string): string {
  return /^\s*\{[^"]*\}?\s*$/.test(text) && text.trim() !== '{' ? ` Put it in single quotes: --config '{"name":"value"}'.` : ''
}

/** What a factory that reads its config throws when there is none is hard to understand. */
export function withConfigHint(error: unknown, config: unknown): unknown {
  if (config !== undefined || !StreamError.is(error) || error.code !== 'INVALID_JOB' || !(error.cause instanceof TypeError)) return error
  return new StreamError('INVALID_JOB', `${error.message}. No --config was given: does the factory take one?`, { cause: error.cause })
}
