/**
 * What a TypeScript file must keep that neither the compiler nor oxlint checks. Every rule reads tokens, so that
 * comments and strings cannot trip it, and returns its findings as `{ line, text }`.
 */
import { layerOf, isTest } from '../walls.ts'
import { nodeLayers } from '../layers.ts'
import { stringValue, tokenize, type Token } from '../scan/tokens.ts'

export interface Finding {
  readonly line: number
  readonly text: string
}

export interface SourceFile {
  readonly path: string
  readonly source: string
  readonly tokens: readonly Token[]
  /** Without comments. */
  readonly code: readonly Token[]
}

export function sourceFile(path: string, source: string): SourceFile {
  const tokens = tokenize(source)
  return { path, source, tokens, code: tokens.filter((token) => token.kind !== 'comment') }
}

export type SourceRule = (file: SourceFile) => Finding[]

/** Tests that are left out look like tests that pass. `skip: missing(…)` says aloud what this machine does not have. */
export const noSkippedTests: SourceRule = ({ path, code }) => {
  if (!isTest(path)) return []
  return code.flatMap((token, i) => {
    const isCall = code[i - 1]?.text === '.' && code[i + 1]?.text === '(' && /^(only|skip|todo)$/.test(token.text)
    const isOption =
      code[i + 1]?.text === ':' && /^(only|skip|todo)$/.test(token.text) && !/^(false|missing)$/.test(code[i + 2]?.text ?? '')
    return isCall || isOption ? [{ line: token.line, text: `'${token.text}': every test runs` }] : []
  })
}

export const noUntrackedTodo: SourceRule = ({ tokens }) =>
  tokens
    .filter(({ kind }) => kind === 'comment')
    .flatMap((token) => linesMatching(token, /\b(TODO|FIXME|XXX|HACK)\b(?!\(#?\d+\))/, 'a TODO names its issue: TODO(12)'))

export const noIgnoredErrors: SourceRule = ({ tokens }) =>
  tokens
    .filter(({ kind }) => kind === 'comment')
    .flatMap((token) =>
      linesMatching(
        token,
        /@ts-(ignore|nocheck)|(oxlint|eslint)-disable(?!.* -- \S)/,
        'no @ts-ignore; a disabled lint rule gives its reason after " -- "',
      ),
    )

/** `any` switches the compiler off, so it says why: in a comment on its line or the line above. */
export const anyNeedsReason: SourceRule = ({ tokens, code }) => {
  const commented = new Set(tokens.filter(({ kind }) => kind === 'comment').flatMap((token) => linesOf(token)))
  return code.flatMap((token, i) => {
    const isType = token.kind === 'word' && token.text === 'any' && isTypePosition(code, i)
    return isType && !commented.has(token.line) && !commented.has(token.line - 1)
      ? [{ line: token.line, text: "'any' needs a comment with the reason" }]
      : []
  })
}

function isTypePosition(code: readonly Token[], i: number): boolean {
  const before = code[i - 1]?.text ?? ''
  const after = code[i + 1]?.text ?? ''
  return (
    [':', '<', 'as', '|', '&', ',', '=>', '=', 'readonly', '(', 'satisfies', 'extends', 'is'].includes(before) &&
    ![':', '(', '.', '?.', '=>'].includes(after)
  )
}

/** The clock, and what the oldest supported Node (22.18) cannot parse or does not have. Lint covers the other ways to the clock. */
export const onlyPortableCode: SourceRule = ({ path, code }) => {
  const layer = layerOf(path)
  if (layer === undefined || isTest(path)) return []
  return code.flatMap((token, i) => {
    const next = code[i + 1]?.text ?? ''
    const isMember = code[i - 1]?.text === '.'
    const knowsClock = nodeLayers.includes(layer)
    if (token.text === 'Date' && !isMember && !knowsClock && readsClock(code, i))
      return [{ line: token.line, text: 'a Date of now; time comes through Env' }]
    if (token.text === 'Temporal' && !isMember && next === '.') return [{ line: token.line, text: 'Temporal is missing on Node 22 and 24' }]
    const isDeclaration = code[i + 1]?.kind === 'word' && code[i + 2]?.text === '=' && next !== 'in' && next !== 'of'
    if (token.text === 'using' && !isMember && isDeclaration)
      return [{ line: token.line, text: "'using' is a syntax error on Node 22: try … finally" }]
    return []
  })
}

/** `new Date()`, `new Date`, `Date()`. */
function readsClock(code: readonly Token[], i: number): boolean {
  const next = code[i + 1]?.text
  const isNew = code[i - 1]?.text === 'new'
  if (next === '(') return !isNew || code[i + 2]?.text === ')'
  return isNew
}

/** Function and eval by other names than oxlint's rules see. */
export const noGeneratedCode: SourceRule = ({ path, code }) => {
  if (layerOf(path) === undefined || path.endsWith('/task/specialize.ts')) return []
  return code.flatMap((token, i) => {
    const isMember = code[i - 1]?.text === '.'
    const isCode =
      token.kind === 'word' && /^(eval|Function)$/.test(token.text) && !isMember && ['(', ',', ')', ';'].includes(code[i + 1]?.text ?? '')
    const isConstructor = token.text === 'constructor' && isMember && code[i + 1]?.text === '(' // (() => {}).constructor('…')
    return isCode || isConstructor ? [{ line: token.line, text: 'code made from text belongs into task/specialize.ts' }] : []
  })
}

/** Codes in `new StreamError('CODE'` and `@throws {CODE}`. */
export function knownCodes(codes: ReadonlySet<string>): SourceRule {
  return ({ path, tokens, code }) => {
    if (!path.startsWith('packages/')) return []
    const thrown = code.flatMap((token, i) => {
      const argument = token.text === 'StreamError' && code[i + 1]?.text === '(' ? code[i + 2] : undefined
      return argument?.kind === 'string' ? [{ line: argument.line, name: stringValue(argument) }] : []
    })
    const documented = tokens.flatMap((token) =>
      token.kind === 'comment'
        ? [...token.text.matchAll(/@throws \{([A-Z_]+)\}/g)].map((match) => ({ line: token.line, name: match[1]! }))
        : [],
    )
    return [...thrown, ...documented]
      .filter(({ name }) => !codes.has(name))
      .map(({ line, name }) => ({ line, text: `error code ${name} is not in core/error-codes.ts` }))
  }
}

function linesMatching(token: Token, pattern: RegExp, text: string): Finding[] {
  return token.text.split('\n').flatMap((line, i) => (pattern.test(line) ? [{ line: token.line + i, text }] : []))
}

function linesOf(token: Token): number[] {
  return token.text.split('\n').map((_, i) => token.line + i)
}
