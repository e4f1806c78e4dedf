import { StreamError } from '../core/errors.ts'

/** More would be a mistake: each alternative is tried on each name. */
const MAX_ALTERNATIVES = 1_000
/** No path is longer; what puts braces in place of each other would take the square of it. */
const MAX_PATTERN_LENGTH = 4_096

export interface Glob {
  /** The folders before the first wildcard; `.` when there are none. */
  readonly base: string
  /** Whether a path below `base`, with `/`, is meant. */
  matches(path: string): boolean
  /** Whether something below this folder of `base` could be meant. */
  mayContain(folder: string): boolean
}

/** Whether a path has wildcards: `*`, `?` or `{…}`. */
export function isGlob(path: string): boolean {
  return /[*?{]/.test(path)
}

/**
 * `*` any characters of one name, `?` one character, `**` any folders (also none), `{a,b}` either. Wildcards leave out names
 * that begin with a dot: what is hidden is not finished.
 */
export function parseGlob(pattern: string): Glob {
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw new StreamError(
      'INVALID_OPTION',
      `A pattern of ${pattern.length} characters is longer than any path: it may have ${MAX_PATTERN_LENGTH}.`,
    )
  const parts = pattern.split('/')
  const first = parts.findIndex(isGlob)
  const base = parts.slice(0, first).join('/')
  const alternatives = expand(parts.slice(first).join('/'), pattern).map((text) => text.split('/').filter((part) => part !== ''))
  return {
    base: base === '' ? (pattern.startsWith('/') ? '/' : '.') : base,
    matches: (path) => alternatives.some((alternative) => matchPath(alternative, path.split('/'), 'whole')),
    mayContain: (folder) => alternatives.some((alternative) => matchPath(alternative, folder.split('/'), 'prefix')),
  }
}

/** All texts that the braces stand for; they may be nested. */
function expand(text: string, pattern: string): string[] {
  const open = text.indexOf('{')
  if (open < 0) return [text]
  const { choices, end } = readBraces(text, open, pattern)
  const results: string[] = []
  for (const choice of choices) results.push(...expand(text.slice(0, open) + choice + text.slice(end), pattern))
  if (results.length > MAX_ALTERNATIVES)
    throw new StreamError('INVALID_OPTION', `'${pattern}' stands for more than ${MAX_ALTERNATIVES} patterns.`)
  return results
}

function readBraces(text: string, open: number, pattern: string): { readonly choices: readonly string[]; readonly end: number } {
  const choices: string[] = []
  let depth = 0
  let from = open + 1
  for (let at = open; at < text.length; at++) {
    const character = text[at]
    if (character === '{') depth++
    if (character === ',' && depth === 1) {
      choices.push(text.slice(from, at))
      from = at + 1
    }
    if (character !== '}' || --depth > 0) continue
    choices.push(text.slice(from, at))
    return { choices, end: at + 1 }
  }
  throw new StreamError('INVALID_OPTION', `'${pattern}' has a { without its }.`)
}

/** `prefix`: whether the names could go on to match. Each pair of places is looked at once, so the time is their product. */
function matchPath(pattern: readonly string[], names: readonly string[], how: 'whole' | 'prefix'): boolean {
  let states = new Set([0])
  for (const name of names) {
    const next = new Set<number>()
    for (const state of withSkips(pattern, states)) {
      const part = pattern[state]
      if (part === undefined) continue
      if (part === '**' && !name.startsWith('.')) next.add(state)
      else if (part !== '**' && matchName(part, name)) next.add(state + 1)
    }
    states = next
  }
  const reached = withSkips(pattern, states)
  return how === 'whole' ? reached.has(pattern.length) : [...reached].some((state) => state < pattern.length)
}

/** `**` may also stand for no folder at all. */
function withSkips(pattern: readonly string[], states: ReadonlySet<number>): Set<number> {
  const all = new Set(states)
  for (const state of all) if (pattern[state] === '**') all.add(state + 1)
  return all
}

/** Linear: after a star only the last star can be given more characters. */
function matchName(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false
  let at = 0
  let star = -1
  let starName = 0
  let index = 0
  while (index < name.length) {
    const character = pattern[at]
    if (character === '*') {
      star = at++
      starName = index
    } else if (character === '?' || (character !== undefined && character === name[index])) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++starName
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
