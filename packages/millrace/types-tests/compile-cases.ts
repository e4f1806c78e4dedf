/**
 * Compiles every case of must-not-compile/ in one run of tsc, each on a line of its own of a generated file, and compares the
 * diagnostics line by line: a case must give its error, with its words, and nothing else may give one, must-compile.ts included.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prelude, type Case } from './must-not-compile/case.ts'

export interface Diagnostic {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly error: string
  /** All lines of it. */
  readonly text: string
}

const packageFolder = join(import.meta.dirname, '..')
const typescript = join(packageFolder, '../../node_modules/typescript/bin/tsc')
/** As users of the strictest kind have it. */
const compilerOptions = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  target: 'esnext',
  lib: ['esnext'],
  module: 'nodenext',
  types: ['node'],
  typeRoots: [join(packageFolder, '../../node_modules/@types')],
  paths: {
    millrace: [join(packageFolder, 'src/index.ts')],
    'millrace/files': [join(packageFolder, 'src/files.ts')],
    'millrace/testing': [join(packageFolder, 'src/testing.ts')],
  },
}

/** What is wrong with the cases, by name of their list; an empty array when all is as it must be. */
export async function compileCases(lists: Readonly<Record<string, readonly Case[]>>): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-types-'))
  try {
    const head = prelude.split('\n').length
    for (const [name, cases] of Object.entries(lists)) {
      writeFileSync(join(folder, `${name}.ts`), [prelude, ...cases.map(([code]) => `{ ${code} }`), 'export {}', ''].join('\n'))
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, include: ['*.ts', join(import.meta.dirname, 'must-compile.ts')] }),
    )
    const diagnostics = parseDiagnostics(await runTypescript(folder))
    // The engine's own sources are compiled by npm run verify.
    const foreign = diagnostics.filter(({ file }) => !Object.hasOwn(lists, file.replace(/\.ts$/, '')) && !file.includes('/millrace/src/'))
    return [
      ...foreign.map((found) => `${found.file}:${found.line} does not compile: ${found.text}`),
      ...Object.entries(lists).flatMap(([name, cases]) =>
        mismatches(
          cases,
          diagnostics.filter((found) => found.file === `${name}.ts`),
          head,
        ),
      ),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Compares the diagnostics of one file, whose first case is on line `head + 1`, with what its cases expect. */
export function mismatches(cases: readonly Case[], diagnostics: readonly Diagnostic[], head: number): readonly string[] {
  const wrong = diagnostics
    .filter(({ line }) => line <= head || line > head + cases.length)
    .map(({ line, text }) => `line ${line} is no case: ${text}`)
  for (const [index, [code, error, says]] of cases.entries()) {
    const found = diagnostics.filter(({ line }) => line === head + index + 1)
    if (found.length === 0) wrong.push(`compiles, but must give ${error}: ${code}`)
    else if (!found.some((each) => each.error === error && each.text.includes(says))) {
      wrong.push(`must give ${error} “${says}”: ${code}\n    but gives ${found.map(({ text }) => text).join('\n    ')}`)
    }
  }
  return wrong
}

/** `file(line,column): error TS1234: message`, and lines that belong to it, indented. */
export function parseDiagnostics(output: string): readonly Diagnostic[] {
  const found: Diagnostic[] = []
  for (const line of output.split('\n')) {
    const match = /^(.+?)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line)
    const last = found.at(-1)
    if (match !== null)
      found.push({ file: match[1] as string, line: Number(match[2]), error: match[3] as string, text: `${match[3]}: ${match[4]}` })
    else if (line.startsWith(' ') && last !== undefined) found[found.length - 1] = { ...last, text: `${last.text}\n${line}` }
    else if (line.trim() !== '') found.push({ file: '', line: 0, error: '', text: line })
  }
  return found
}

function runTypescript(folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [typescript, '--noEmit', '--pretty', 'false', '-p', folder],
      { cwd: folder, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        // 1 and 2: there were diagnostics, which is what is wanted.
        if (error === null || error.code === 1 || error.code === 2) resolve(stdout)
        else reject(new Error(`tsc ended with ${String(error.code)}: ${stderr}`, { cause: error }))
      },
    )
  })
}
