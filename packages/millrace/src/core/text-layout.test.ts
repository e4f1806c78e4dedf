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
