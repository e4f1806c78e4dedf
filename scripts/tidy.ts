/**
 * The house rules that are code instead of a reviewer's memory (see CONTRIBUTING.md): sizes, names, tests that run,
 * error codes with a page, words that do not belong here.
 *
 * What cannot keep a size limit today stands in breaches.json with its size; that number may only fall.
 */
import { errorsPage, ERRORS_PAGE, loadErrorCodes } from './errors-page.ts'
import { readText, repositoryFiles } from './lib/files.ts'
import { finish } from './lib/report.ts'
import { functionsOf } from './scan/functions.ts'
import { checkLinks } from './tidy/link-rules.ts'
import { checkForeignWords, checkMarkdown, checkName } from './tidy/repository-rules.ts'
import * as rules from './tidy/source-rules.ts'
import { isTest } from './walls.ts'

const FILE_LINES = 600
const TEST_FILE_LINES = 800
const FUNCTION_LINES = 70
const BREACHES = 'scripts/breaches.json'

/** Sizes over a limit: `path` for a file, `path#name` for a function. */
export type Sizes = Readonly<Record<string, number>>

export function sizesOverLimit(path: string, source: string): Sizes {
  const over: Record<string, number> = {}
  const lineCount = source.split('\n').length - 1
  if (lineCount > (isTest(path) ? TEST_FILE_LINES : FILE_LINES)) over[path] = lineCount
  if (isTest(path)) return over
  for (const { name, lineCount: size } of functionsOf(source)) {
    if (size > FUNCTION_LINES) over[`${path}#${name}`] = Math.max(size, over[`${path}#${name}`] ?? 0)
  }
  return over
}

/** The sizes of today against the frozen list. */
export function checkSizes(now: Sizes, frozen: Sizes): string[] {
  const names = [...new Set([...Object.keys(now), ...Object.keys(frozen)])]
  return names.flatMap((name) => {
    const [size, allowed] = [now[name], frozen[name]]
    const limit = name.includes('#') ? FUNCTION_LINES : isTest(name) ? TEST_FILE_LINES : FILE_LINES
    if (size === undefined) return [`${BREACHES}: ${name} keeps its limit now; remove the entry`]
    if (allowed === undefined) return [`${name}: ${size} lines, ${limit} is the limit`]
    if (size > allowed) return [`${name}: ${size} lines, it may only shrink from ${allowed}`]
    return size < allowed ? [`${BREACHES}: ${name} has ${size} lines now; lower its ${allowed}`] : []
  })
}

export function checkSource(path: string, source: string, codes: ReadonlySet<string>): string[] {
  const file = rules.sourceFile(path, source)
  const all: readonly rules.SourceRule[] = [
    rules.noSkippedTests,
    rules.noUntrackedTodo,
    rules.noIgnoredErrors,
    rules.anyNeedsReason,
    rules.onlyPortableCode,
    rules.noGeneratedCode,
    rules.knownCodes(codes),
  ]
  return all.flatMap((rule) => rule(file)).map(({ line, text }) => `${path}:${line}: ${text}`)
}

async function main(): Promise<void> {
  const paths = repositoryFiles()
  const sources = paths.filter((path) => /\.m?[tj]s$/.test(path) && !path.includes('/fixtures/'))
  const texts = paths.filter(
    (path) => /\.(m?[tj]s|json|md|ya?ml|sh|sql|html|css)$|(^|\/)[^.]+$|^\.[a-z]+$/.test(path) && path !== 'package-lock.json',
  )
  const repository = { paths: new Set(paths), read: readText }
  const codes = await loadErrorCodes()
  const sizes = Object.assign({}, ...sources.map((path) => sizesOverLimit(path, readText(path)))) as Sizes
  const frozen = JSON.parse(readText(BREACHES)) as Sizes
  const page = paths.includes(ERRORS_PAGE) ? readText(ERRORS_PAGE) : ''
  finish(
    [
      ...paths.flatMap(checkName),
      ...texts.flatMap((path) => checkForeignWords(path, readText(path))),
      ...paths.filter((path) => path.endsWith('.md')).flatMap((path) => checkMarkdown(path, readText(path))),
      ...paths.filter((path) => /\.md$|^llms\.txt$/.test(path)).flatMap((path) => checkLinks(path, readText(path), repository)),
      ...sources.flatMap((path) => checkSource(path, readText(path), new Set(Object.keys(codes)))),
      ...checkSizes(sizes, frozen),
      ...(page === errorsPage(codes) ? [] : [`${ERRORS_PAGE}: not what core/error-codes.ts says; npm run format writes it`]),
    ],
    `${paths.length} files`,
  )
}

if (import.meta.main) await main()
