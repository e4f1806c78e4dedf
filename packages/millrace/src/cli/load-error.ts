import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf, StreamError } from '../core/errors.ts'
import { suggestionFor } from '../core/suggest.ts'

const DOORS = ['millrace', 'millrace/files', 'millrace/connect', 'millrace/testing']

/** Why a module cannot be loaded, and what to do about it. */
export function loadError(path: string, file: string, error: unknown): StreamError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  const message = messageOf(error)
  const wrong = (what: string, cause: unknown = error): StreamError =>
    new StreamError('INVALID_JOB', `${path} cannot be loaded: ${what}`, { cause })
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return wrong(
      `${message}. Node runs TypeScript by removing the types; write it without enums, namespaces with values, parameter properties and decorators, or compile it first.`,
    )
  }
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
    return wrong('Node does not run TypeScript below node_modules: compile it first.')
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return wrong('it is no JavaScript or TypeScript file (.ts, .mts, .js, .mjs, .cjs).')
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return wrong(`${message}. ${missingHint(message)}`)
  if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return wrong(`${message}.${doorHint(message)}`)
  if (isModuleTakenForScript(message)) return wrong(`${message}. ${moduleHint(path, file)}`)
  if (error instanceof SyntaxError && code === undefined && !/^\S+:\d+\n/.test(String(error.stack)))
    return wrong(message, withPlace(error, file))
  return wrong(message)
}

function missingHint(message: string): string {
  const name = /package '([^']+)'/.exec(message)?.[1]
  if (name === undefined) return 'Imports of files end in their extension, as in ./orders.ts.'
  const meant = suggestionFor(name, ['millrace'])
  return meant === undefined || meant === name ? `Install it: npm install ${name}.` : `Did you mean '${meant}'?`
}

function doorHint(message: string): string {
  return /[\\/]node_modules[\\/]millrace[\\/]/.test(message) ? ` There are ${DOORS.map((door) => `'${door}'`).join(', ')}.` : ''
}

function isModuleTakenForScript(message: string): boolean {
  return /^(Cannot use import statement outside a module|Unexpected token 'export')/.test(message)
}

/** `npm init` of today writes `"type": "commonjs"`, and then Node does not look whether a file is a module. */
function moduleHint(path: string, file: string): string {
  const renamed = path.replace(/\.(js|ts)$/, '.m$1')
  const other = renamed === path ? '' : `, or call the file ${renamed}`
  const why = saysCommonjs(dirname(file))
    ? 'package.json says "type": "commonjs", and this file is an ES module'
    : 'This file is an ES module'
  return `${why}: npm pkg set type=module${other}.`
}

function saysCommonjs(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package.json')
    if (existsSync(path)) return /"type"\s*:\s*"commonjs"/.test(readFileSync(path, 'utf8'))
    if (dirname(at) === at) return false
  }
}

/** V8 does not say where JavaScript goes wrong, unless asked to check the file alone. */
function withPlace(error: SyntaxError, file: string): SyntaxError {
  const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 5_000 })
  if (status === 0 || !stderr.includes('SyntaxError')) return error
  const placed = new SyntaxError(error.message)
  placed.stack = stderr
  return placed
}
