/** Finds functions with a body and how many lines they take, by matching brackets; a measure, not a parser. */
import { codeTokens, type Token } from './tokens.ts'

export interface FunctionSpan {
  /** The function's, method's or variable's name, or `anonymous`. */
  readonly name: string
  /** 1-based line of its first token. */
  readonly line: number
  /** First to last line, both included. */
  readonly lineCount: number
}

const NOT_METHODS = new Set('if for while switch catch with return await typeof super import function'.split(' '))
/** Words that may stand beside another word inside a type. */
const TYPE_WORDS = new Set('is asserts keyof readonly typeof unique infer extends new abstract'.split(' '))

export function functionsOf(source: string): FunctionSpan[] {
  const tokens = codeTokens(source)
  const closers = matchBrackets(tokens)
  const spans: FunctionSpan[] = []
  for (let i = 0; i < tokens.length; i++) {
    const found = functionAt(tokens, closers, i)
    if (found === undefined) continue
    const line = tokens[i]!.line
    spans.push({ name: found.name, line, lineCount: tokens[closers.get(found.body)!]!.line - line + 1 })
  }
  return spans
}

/** `body`: index of its opening brace. */
type Found = { readonly name: string; readonly body: number }

function functionAt(tokens: readonly Token[], closers: ReadonlyMap<number, number>, i: number): Found | undefined {
  const token = tokens[i]!
  if (token.text === '=>' && tokens[i + 1]?.text === '{' && closers.has(i + 1)) return { name: arrowName(tokens, i), body: i + 1 }
  if (token.kind !== 'word' || tokens[i - 1]?.text === '.') return undefined
  const isFunction = token.text === 'function'
  if (!isFunction && NOT_METHODS.has(token.text)) return undefined
  if (!isFunction && ['new', 'function', '*'].includes(tokens[i - 1]?.text ?? '')) return undefined
  let at = i + 1
  if (isFunction && tokens[at]?.text === '*') at++
  const named = isFunction && tokens[at]?.kind === 'word' ? tokens[at++]!.text : undefined
  if (tokens[at]?.text === '<') at = skipAngles(tokens, at)
  if (tokens[at]?.text !== '(') return undefined
  const close = closers.get(at)
  const body = close === undefined ? undefined : bodyAfter(tokens, closers, close + 1)
  return body === undefined ? undefined : { name: named ?? (isFunction ? 'anonymous' : token.text), body }
}

/** The body's brace after `)` and an optional return type, or nothing if this is a call, a signature or an arrow. */
function bodyAfter(tokens: readonly Token[], closers: ReadonlyMap<number, number>, start: number): number | undefined {
  if (tokens[start]?.text === '{') return closers.has(start) ? start : undefined
  if (tokens[start]?.text !== ':') return undefined
  for (let i = start + 1; i < tokens.length; i++) {
    const { text, kind } = tokens[i]!
    const before = tokens[i - 1]!
    const endsType = (before.kind === 'word' && !TYPE_WORDS.has(before.text)) || /^[>)\]}]$/.test(before.text) || before.kind === 'string'
    if (text === '{' && endsType) return closers.has(i) ? i : undefined
    if (kind === 'word' && endsType && before.text !== '>' && !TYPE_WORDS.has(text)) return undefined
    if (['(', '[', '{'].includes(text)) i = closers.get(i) ?? tokens.length
    else if ([';', ',', ')', ']', '}', '=', '?'].includes(text)) return undefined
  }
  return undefined
}

function skipAngles(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let i = open; i < tokens.length && i < open + 200; i++) {
    if (tokens[i]!.text === '<') depth++
    if (tokens[i]!.text === '>' && --depth === 0) return i + 1
  }
  return open
}

/** `const name = (…) => {` and `name: (…) => {`. */
function arrowName(tokens: readonly Token[], arrow: number): string {
  for (let i = arrow - 1, depth = 0; i > 0 && arrow - i < 100; i--) {
    const { text } = tokens[i]!
    if (text === ')' || text === '}' || text === ']') depth++
    if (text === '(' || text === '{' || text === '[') depth--
    if (depth < 0) return 'anonymous'
    if (depth === 0 && (text === '=' || text === ':') && tokens[i - 1]?.kind === 'word') return tokens[i - 1]!.text
  }
  return 'anonymous'
}

/** Index of each opening bracket → index of its closing one. A template's `${` and `}` are no tokens of their own. */
export function matchBrackets(tokens: readonly Token[]): Map<number, number> {
  const closers = new Map<number, number>()
  const open: number[] = []
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'punctuator') continue
    if ('([{'.includes(token.text)) open.push(i)
    else if (')]}'.includes(token.text)) {
      const opener = open.pop()
      if (opener !== undefined) closers.set(opener, i)
    }
  }
  return closers
}
