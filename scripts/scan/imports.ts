/** Finds what a TypeScript file imports: static, side-effect, re-exports, dynamic, types, and files named by URL. */
import { codeTokens, stringValue, type Token } from './tokens.ts'

export interface ImportEdge {
  /** As written; `undefined` for `import(expression)`. */
  readonly specifier: string | undefined
  /** `url`: `new URL('./worker.ts', import.meta.url)`, which starts a file without importing it. */
  readonly kind: 'static' | 'dynamic' | 'url'
  readonly line: number
}

export function importsOf(source: string): ImportEdge[] {
  const tokens = codeTokens(source)
  const edges: ImportEdge[] = []
  for (let i = 0; i < tokens.length; i++) {
    const edge = edgeAt(tokens, i)
    if (edge !== undefined) edges.push(edge)
  }
  return edges
}

function edgeAt(tokens: readonly Token[], i: number): ImportEdge | undefined {
  const token = tokens[i]!
  if (token.kind !== 'word' || isMember(tokens, i)) return undefined
  if (token.text === 'import') return importAt(tokens, i)
  if (token.text === 'export') return exportAt(tokens, i)
  if (token.text === 'require' && is(tokens[i + 1], '(')) return called(tokens, i + 1)
  if (token.text === 'new' && is(tokens[i + 1], 'URL') && is(tokens[i + 2], '(')) return urlAt(tokens, i + 3)
  return undefined
}

/** `x.import`, `{ import: 1 }`. */
function isMember(tokens: readonly Token[], i: number): boolean {
  return is(tokens[i - 1], '.') || is(tokens[i - 1], '?.') || is(tokens[i + 1], ':')
}

function importAt(tokens: readonly Token[], i: number): ImportEdge | undefined {
  const next = tokens[i + 1]
  if (is(next, '.')) return undefined // import.meta
  if (is(next, '(')) return called(tokens, i + 1)
  if (next?.kind === 'string') return edge(next, 'static')
  return fromClause(tokens, i + 1)
}

function exportAt(tokens: readonly Token[], i: number): ImportEdge | undefined {
  const first = is(tokens[i + 1], 'type') ? i + 2 : i + 1
  return is(tokens[first], '{') || is(tokens[first], '*') ? fromClause(tokens, first) : undefined
}

/** The names of an import or export up to `from '…'`; nothing but names, commas, braces and `*` can stand there. */
function fromClause(tokens: readonly Token[], start: number): ImportEdge | undefined {
  for (let i = start; i < tokens.length; i++) {
    const token = tokens[i]!
    const next = tokens[i + 1]
    if (is(token, 'from') && next?.kind === 'string') return edge(next, 'static')
    if (is(token, '}') && !is(next, 'from')) return undefined
    if (token.kind !== 'word' && token.kind !== 'string' && !['{', '}', ',', '*'].includes(token.text)) return undefined
  }
  return undefined
}

function called(tokens: readonly Token[], open: number): ImportEdge {
  const argument = tokens[open + 1]
  const isLiteral = argument?.kind === 'string' || (argument?.kind === 'template' && argument.text.endsWith('`'))
  const isWhole = is(tokens[open + 2], ')') || is(tokens[open + 2], ',')
  return { specifier: isLiteral && isWhole ? stringValue(argument) : undefined, kind: 'dynamic', line: tokens[open]!.line }
}

function urlAt(tokens: readonly Token[], argument: number): ImportEdge | undefined {
  const token = tokens[argument]
  const isCode = token?.kind === 'string' && /^\.{1,2}\/.*\.m?[jt]s$/.test(stringValue(token))
  return isCode && is(tokens[argument + 2], 'import') ? edge(token, 'url') : undefined
}

function edge(token: Token, kind: ImportEdge['kind']): ImportEdge {
  return { specifier: stringValue(token), kind, line: token.line }
}

function is(token: Token | undefined, text: string): boolean {
  return token !== undefined && token.text === text
}
