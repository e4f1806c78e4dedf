/** GLOSSARY.md defines words that are used, and code names that exist. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readText, repositoryFiles } from './lib/files.ts'

interface Entry {
  readonly words: readonly string[]
  readonly names: readonly string[]
  readonly meaning: string
}

const entries = [...readText('GLOSSARY.md').matchAll(/^\| (\*\*.+?) \| (.+?) \|$/gm)].map(([, first = '', meaning = '']): Entry => ({
  words: [...first.matchAll(/\*\*`?([^*`]+)`?\*\*/g)].map(([, word = '']) => word),
  names: [...first.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  meaning,
}))

const paths = repositoryFiles()
const pages = paths.filter((path) => /^(README|ARCHITECTURE|CONTRIBUTING)\.md$|^docs\/.*\.md$/.test(path))
const code = paths.filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path))
const textOf = (of: readonly string[]): string => of.map(readText).join('\n')
const [codeText, allText] = [textOf(code), textOf([...pages, ...code])]

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

test('a word is defined once, in a sentence', () => {
  assert.ok(entries.length > 50, `${entries.length} entries`)
  const words = entries.flatMap((entry) => entry.words)
  assert.deepEqual(
    words.filter((word, i) => words.indexOf(word) !== i),
    [],
  )
  for (const {
    words: [first],
    meaning,
  } of entries)
    assert.ok(first !== undefined && meaning.length > 10, `${first}: ${meaning}`)
})

test('each word is used in the code or on another page', () => {
  const unused = entries
    .flatMap(({ words }) => words)
    .filter((word) => !new RegExp(`\\b${escaped(word).replaceAll(' ', '[ -]')}`, 'i').test(allText))
  assert.deepEqual(unused, [])
})

test('each name in brackets is in the code', () => {
  const unknown = entries.flatMap(({ names }) => names).filter((name) => !new RegExp(`\\b${escaped(name)}\\b`).test(codeText))
  assert.deepEqual(unknown, [])
})
