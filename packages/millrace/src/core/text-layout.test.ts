import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableText, wrap } from './text-layout.ts'

test('breaks between words', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrap('immeasurably', 5), ['immeasurably'])
  assert.deepEqual(wrap('one two three', 7, '  '), ['one two', '  three'])
})

test('columns are as wide as their widest cell, and no line ends in spaces', () => {
  assert.deepEqual(
    tableText(
      [
        ['a', 'n', 'b'],
        ['long', '10', ''],
      ],
      { right: [1], indent: ' ' },
    ),
    [' a      n  b', ' long  10'],
  )
})

test('with a width the last column is broken between words; colours take no room', () => {
  const red = '\u001B[31mred\u001B[39m'
  const text = 'one two three four five six seven'
  assert.deepEqual(
    tableText(
      [
        ['a', red, text],
        ['', 'longer', '  x'],
      ],
      { width: 36 },
    ),
    [`a  ${red}     one two three four five`, '           six seven', '   longer  x'],
  )
  assert.deepEqual(tableText([['a', '  as  it is ']]), ['a    as  it is'])
})
