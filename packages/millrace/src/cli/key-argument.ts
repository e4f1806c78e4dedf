import { keyIdentity, type Key } from '../serde/key.ts'

/**
 * A key as it is typed and as it is listed: JSON for what JSON has, `5n` for a bigint, `NaN` and `Infinity` for numbers that JSON
 * lacks, also within arrays. What is none of these is a string; with `isText` everything is.
 */
export function keyOf(text: string, isText: boolean): Key {
  const read = isText ? undefined : readKey(text)
  return read === undefined ? text : read
}

const MARK = '\0'
/** Strings, which are left alone, and words that JSON does not know. */
const WORDS = /"(?:[^"\\]|\\.)*"|-?(?:\d+n\b|Infinity\b)|\bNaN\b/g

function readKey(text: string): Key | undefined {
  try {
    const marked = text.replace(WORDS, (word) => (word.startsWith('"') ? word : JSON.stringify(`${MARK}${word}`)))
    const key = JSON.parse(marked, (_name, value: unknown) => (typeof value === 'string' ? unmarked(value) : value)) as unknown
    return isKey(key) ? key : undefined
  } catch {
    return undefined
  }
}

function unmarked(text: string): Key {
  if (!text.startsWith(MARK)) return text
  return text.endsWith('n') ? BigInt(text.slice(1, -1)) : Number(text.slice(1))
}

function isKey(value: unknown): value is Key {
  if (Array.isArray(value)) return value.every(isKey)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
}

/** Keys of other kinds that are written alike: what was probably meant when a key is not there. */
export function similarKeys(text: string, key: Key): readonly Key[] {
  const bare = text.trim().replace(/^"(.*)"$/, '$1')
  const found: Key[] = [text, bare]
  const digits = /^(-?\d+)n?$/.exec(bare)?.[1]
  if (digits !== undefined) found.push(Number(digits), BigInt(digits), digits, `${digits}n`)
  else if (bare !== '' && !Number.isNaN(Number(bare))) found.push(Number(bare))
  if (bare === 'true' || bare === 'false') found.push(bare === 'true')
  // One part of a key may be what was forgotten; a tuple of one part is another key than the part.
  if (Array.isArray(key) && key.length === 1) found.push(key[0] as Key)
  if (!Array.isArray(key)) found.push([key])
  const seen = new Set([keyIdentity(key)])
  return found.filter((each) => !seen.has(keyIdentity(each)) && seen.add(keyIdentity(each)))
}

/** `a string`, for messages. */
export function kindOfKey(key: Key): string {
  if (Array.isArray(key)) return 'an array'
  return typeof key === 'string' ? 'a string' : typeof key === 'number' ? 'a number' : typeof key === 'boolean' ? 'a boolean' : 'a bigint'
}

/** How the key has to be written on the command line of a POSIX shell; `keyOf` reads it back. */
export function keyArgument(key: Key, text: string): string {
  if (typeof key === 'string') {
    if (keyOf(key, false) === key && !key.startsWith('-')) return shellWord(key)
    return key.startsWith('-') ? `--text -- ${shellWord(key)}` : `--text ${shellWord(key)}`
  }
  return text.startsWith('-') ? `-- ${shellWord(text)}` : shellWord(text)
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
