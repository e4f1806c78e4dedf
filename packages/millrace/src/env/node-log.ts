import { writeSync } from 'node:fs'
import type { Log } from '../core/env.ts'
import { messageOf } from '../core/errors.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
export interface NodeLogOptions {
  readonly level?: LogLevel
  readonly format?: 'text' | 'json'
  /** Takes one whole line; the standard is stderr. */
  readonly write?: (line: string) => void
}

/**
 * One line an event on stderr, written at once so that the last words before a crash are not lost.
 * What is not given comes from `MILLRACE_LOG`: a level and, after a comma, `json` or `text` (`MILLRACE_LOG=info,json`).
 * Quiet otherwise: warnings and errors only. Total: never throws, whatever the fields are.
 */
export function nodeLog(options: NodeLogOptions = {}): Log {
  const fromEnvironment = readSetting(process.env['MILLRACE_LOG'])
  const lowest = ranks[options.level ?? fromEnvironment.level]
  const line = (options.format ?? fromEnvironment.format) === 'json' ? jsonLine : textLine
  const write = options.write ?? writeToStderr
  return (level, event, fields) => {
    if (ranks[level] >= lowest) write(line(new Date().toISOString(), level, event, fields ?? {}))
  }
}

/** Whether MILLRACE_LOG asks for more than what is wrong: then what happens to a job is told there, and not in sentences too. */
export function logsEvents(): boolean {
  return ranks[readSetting(process.env['MILLRACE_LOG']).level] <= ranks.info
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 }

function readSetting(setting: string | undefined): { readonly level: LogLevel; readonly format: 'text' | 'json' } {
  const words = (setting ?? '').toLowerCase().split(',')
  const level = words.find((word) => Object.hasOwn(ranks, word)) as LogLevel | undefined
  return { level: level ?? 'warn', format: words.includes('json') ? 'json' : 'text' }
}

function jsonLine(time: string, level: string, event: string, fields: Readonly<Record<string, unknown>>): string {
  return `${encode({ time, level, event, ...fields })}\n`
}

function textLine(time: string, level: string, event: string, fields: Readonly<Record<string, unknown>>): string {
  let line = `${time} ${level.padEnd(5)} ${event}`
  for (const [name, value] of Object.entries(fields))
    line += ` ${name}=${typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : encode(value)}`
  return `${line}\n`
}

function encode(value: unknown): string {
  try {
    return JSON.stringify(value, plain) ?? String(value)
  } catch (error) {
    return JSON.stringify(`cannot be printed: ${messageOf(error)}`)
  }
}

function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error) return value.stack ?? messageOf(value)
  return value
}

function writeToStderr(line: string): void {
  try {
    writeSync(2, line)
  } catch {
    // A full or closed stderr must not end a job.
  }
}
