import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeTokens, tokenize } from './tokens.ts'

const texts = (source: string): string[] => codeTokens(source).map(({ text }) => text)
const kindOf = (source: string, text: string): string | undefined => tokenize(source).find((token) => token.text === text)?.kind

test('comments and strings are tokens of their own, whatever stands in them', () => {
  assert.deepEqual(texts(`a // import 'x'\n/* { */ 'it\\'s // no' "}"`), ['a', `'it\\'s // no'`, '"}"'])
})

test('a template gives its literal pieces and the tokens between them', () => {
  assert.deepEqual(texts('`a${b + `c${d}`}{e` + f'), ['`a${', 'b', '+', '`c${', 'd', '}`', '}{e`', '+', 'f'])
  assert.deepEqual(texts('`${{ a: 1 }.a}` /x/'), ['`${', '{', 'a', ':', '1', '}', '.', 'a', '}`', '/', 'x', '/'])
})

test('a regular expression is told from a division by what stands before it', () => {
  assert.equal(kindOf('x = /a"b/g', '/a"b/g'), 'regex')
  assert.equal(kindOf("return /[/']/", "/[/']/"), 'regex')
  assert.equal(kindOf("f(/'/)", "/'/"), 'regex')
  assert.deepEqual(texts('a / b / c'), ['a', '/', 'b', '/', 'c'])
  assert.deepEqual(texts('a! / b[0]! / c++ / d'), ['a', '!', '/', 'b', '[', '0', ']', '!', '/', 'c', '++', '/', 'd'])
  assert.equal(kindOf('if (!/x/.test(y)) z', '/x/'), 'regex')
})

test('lines and offsets point at the first character', () => {
  const tokens = tokenize('a\n/* x\ny */ b\n`c\nd` e')
  assert.deepEqual(
    tokens.map(({ text, line, start }) => [text, line, start]),
    [
      ['a', 1, 0],
      ['/* x\ny */', 2, 2],
      ['b', 3, 12],
      ['`c\nd`', 4, 14],
      ['e', 5, 20],
    ],
  )
})

test('text that ends in the middle of something ends there', () => {
  for (const source of ['"abc', '`abc${', '/* abc', '/abc', "'a\\", '`a${b']) assert.ok(tokenize(source).length > 0)
})

test('nothing but space is lost', () => {
  const source = 'const x = /a/u; `p${q}r` // z\nclass A { #b = 1_000n; c = 0x1f ?? 2e-3 }'
  assert.equal(
    tokenize(source)
      .map(({ text }) => text)
      .join('')
      .replace(/\s/g, ''),
    source.replace(/\s/g, ''),
  )
})
