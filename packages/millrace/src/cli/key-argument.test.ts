import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Key } from '../serde/key.ts'
import { keyArgument, keyOf, similarKeys } from './key-argument.ts'
import { valueText } from './value-text.ts'

test('a key is what it looks like, else a string', () => {
  const rows: readonly (readonly [string, Key])[] = [
    ['north', 'north'],
    ['"north"', 'north'],
    ['42', 42],
    ['-1.5', -1.5],
    ['1e3', 1_000],
    ['"42"', '42'],
    ['true', true],
    ['5n', 5n],
    ['-5n', -5n],
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['["eu",7,["x",5n]]', ['eu', 7, ['x', 5n]]],
    ['["5n","NaN"]', ['5n', 'NaN']],
    ['null', 'null'],
    ['{"a":1}', '{"a":1}'],
    ['[null]', '[null]'],
    ['[1,', '[1,'],
    ['', ''],
    ['007', '007'],
    ['5nn', '5nn'],
  ]
  for (const [text, key] of rows) assert.deepEqual(keyOf(text, false), key, text)
  assert.equal(keyOf('42', true), '42')
})

test('what is listed can be typed', () => {
  const keys: readonly Key[] = [
    'north',
    '42',
    '5n',
    "it's",
    '-5',
    42,
    -5,
    5n,
    true,
    Number.NaN,
    ['a', [1n, '1']],
    'a b',
    '"',
    '\\"1"',
    'true',
  ]
  for (const key of keys) {
    const listed = valueText(key)
    assert.deepEqual(keyOf(listed, false), key, listed)
    const typed = keyArgument(key, listed)
    const word = typed.replace(/^--text /, '').replace(/^-- /, '')
    const text = word.startsWith("'") ? word.slice(1, -1).replaceAll(`'\\''`, "'") : word
    assert.deepEqual(keyOf(text, typed.startsWith('--text')), key, typed)
  }
})

test('a key that is not there may be one of another kind', () => {
  assert.deepEqual(similarKeys('42', 42), ['42', 42n, '42n', [42]])
  assert.deepEqual(similarKeys('42', '42'), [42, 42n, '42n', ['42']])
  assert.deepEqual(similarKeys('42n', 42n), ['42n', 42, '42', [42n]])
  assert.deepEqual(similarKeys('true', true), ['true', [true]])
  assert.deepEqual(similarKeys('["a"]', ['a']), ['["a"]', 'a'])
  assert.deepEqual(similarKeys('north', 'north'), [['north']])
})
