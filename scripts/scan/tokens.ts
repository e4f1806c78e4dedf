/**
 * Splits TypeScript into tokens, as far as our checks of the repository need it.
 *
 * TypeScript 7 has no JavaScript API, and text searches trip over comments and strings. This knows comments, strings,
 * templates with their `${ }`, and tells a division from a regular expression by the token before it.
 */

export type TokenKind = 'word' | 'number' | 'string' | 'template' | 'regex' | 'punctuator' | 'comment'

export interface Token {
  readonly kind: TokenKind
  /** Exactly as written, quotes and comment marks included. A template is one token per literal piece. */
  readonly text: string
  /** 1-based. */
  readonly line: number
  /** 0-based offset of the first character. */
  readonly start: number
}

/** All tokens, comments included. */
export function tokenize(source: string): Token[] {
  return new Tokenizer(source).run()
}

/** The tokens a compiler would look at. */
export function codeTokens(source: string): Token[] {
  return tokenize(source).filter((token) => token.kind !== 'comment')
}

/** What a string literal stands for, escapes apart (paths and codes have none). */
export function stringValue(token: Token): string {
  return token.text.slice(1, -1)
}

const WORD = /[\p{ID_Start}$_#\\][\p{ID_Continue}$\\]*/uy
const NUMBER = /\d[\w.]*(?:(?<=[eE])[+-]\d+)?/y
const PUNCTUATOR = /=>|\?\?=|\*\*=|>>>=|<<=|>>=|&&=|\|\|=|===|!==|\.\.\.|\?\.|\?\?|\+\+|--|&&|\|\||==|!=|<=|>=|[-+*/%&|^]=|./suy
const REGEX = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
/** After these words a `/` begins a regular expression. */
const OPERATOR_WORDS = new Set('return typeof case in of delete void throw new instanceof do else yield await'.split(' '))

class Tokenizer {
  readonly #source: string
  readonly #tokens: Token[] = []
  /** The code tokens before the current place: the last and the one before it. */
  #last: Token | undefined
  #beforeLast: Token | undefined
  /** Open braces since each `${` that is still open. */
  readonly #templateDepths: number[] = []
  #at = 0
  #line = 1

  constructor(source: string) {
    this.#source = source
  }

  run(): Token[] {
    if (this.#source.startsWith('#!')) this.#take('comment', this.#until('\n'))
    while (this.#at < this.#source.length) this.#step()
    return this.#tokens
  }

  #step(): void {
    const char = this.#source.charAt(this.#at)
    const pair = this.#source.substr(this.#at, 2)
    if (/\s/.test(char)) this.#skipSpace(char)
    else if (pair === '//') this.#take('comment', this.#until('\n'))
    else if (pair === '/*') this.#take('comment', this.#past('*/'))
    else if (char === "'" || char === '"') this.#take('string', this.#stringEnd(char))
    else if (char === '`') this.#takeTemplate()
    else if (char === '}' && this.#templateDepths.at(-1) === 0) {
      this.#templateDepths.pop()
      this.#takeTemplate()
    } else this.#takePlain(char)
  }

  #takePlain(char: string): void {
    const end = this.#match(WORD)
    if (end !== undefined) return this.#take('word', end)
    if (/\d/.test(char)) return this.#take('number', this.#match(NUMBER) ?? this.#at + 1)
    const regexEnd = char === '/' && this.#regexMayBegin() ? this.#match(REGEX) : undefined
    if (regexEnd !== undefined) return this.#take('regex', regexEnd)
    const depth = this.#templateDepths.length - 1
    if (depth >= 0 && (char === '{' || char === '}')) this.#templateDepths[depth]! += char === '{' ? 1 : -1
    this.#take('punctuator', this.#match(PUNCTUATOR) ?? this.#at + 1)
  }

  /** From a backtick or from the `}` that ends an expression, up to the next `${` or the closing backtick. */
  #takeTemplate(): void {
    let end = this.#at + 1
    for (; end < this.#source.length; end++) {
      const char = this.#source[end]
      if (char === '\\') end++
      else if (char === '`') return this.#take('template', end + 1)
      else if (char === '$' && this.#source[end + 1] === '{') {
        this.#templateDepths.push(0)
        return this.#take('template', end + 2)
      }
    }
    this.#take('template', end)
  }

  #regexMayBegin(): boolean {
    const last = this.#last
    if (last === undefined) return true
    if (last.kind === 'word') return OPERATOR_WORDS.has(last.text)
    if (last.kind === 'template') return last.text.endsWith('${')
    if (last.kind !== 'punctuator' || /^[)\]}]$/.test(last.text)) return false
    const isPostfix = last.text === '!' || last.text === '++' || last.text === '--'
    return !(isPostfix && this.#beforeLast !== undefined && endsOperand(this.#beforeLast))
  }

  #take(kind: TokenKind, end: number): void {
    const token = { kind, text: this.#source.slice(this.#at, end), line: this.#line, start: this.#at }
    this.#tokens.push(token)
    if (kind !== 'comment') {
      this.#beforeLast = this.#last
      this.#last = token
    }
    for (let i = this.#at; i < end; i++) if (this.#source[i] === '\n') this.#line++
    this.#at = end
  }

  #skipSpace(char: string): void {
    if (char === '\n') this.#line++
    this.#at++
  }

  #match(pattern: RegExp): number | undefined {
    pattern.lastIndex = this.#at
    return pattern.test(this.#source) ? pattern.lastIndex : undefined
  }

  #until(text: string): number {
    const found = this.#source.indexOf(text, this.#at)
    return found < 0 ? this.#source.length : found
  }

  #past(text: string): number {
    const found = this.#source.indexOf(text, this.#at + text.length)
    return found < 0 ? this.#source.length : found + text.length
  }

  #stringEnd(quote: string): number {
    for (let end = this.#at + 1; end < this.#source.length; end++) {
      const char = this.#source[end]
      if (char === '\\') end++
      else if (char === quote) return end + 1
      else if (char === '\n') return end
    }
    return this.#source.length
  }
}

function endsOperand(token: Token): boolean {
  if (token.kind === 'punctuator') return /^[)\]}]$/.test(token.text)
  return !(token.kind === 'word' && OPERATOR_WORDS.has(token.text))
}
