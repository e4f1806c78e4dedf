import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hiddenFolderOf } from '../connectors/file-sink-names.ts'
import { addressOf, checkName, MAX_ID_LENGTH, shown } from './ids.ts'

test('ids are letters, digits, dots, dashes and underscores, and not dots alone', () => {
  for (const id of ['a', 'A.b-c_9', '9', '__proto__', 'v1.2']) assert.equal(addressOf('step', id), `step/${id}`)
  for (const id of ['', '.', '..', 'a/b', 'a b', 'ä', 'a\n', '#']) assert.throws(() => addressOf('source', id), { code: 'INVALID_ID' }, id)
})

/** Found by a look with fresh eyes: a sink with an id of 300 characters was tried again for ever (ENAMETOOLONG). */
test('an id is as long as file systems take it in the name of a folder', () => {
  const longest = 'x'.repeat(MAX_ID_LENGTH)
  const folder = hiddenFolderOf('out', { job: longest, sink: addressOf('sink', longest) } as Parameters<typeof hiddenFolderOf>[1])
  assert.ok(folder.length - 'out/'.length <= 255)
  assert.throws(() => addressOf('sink', `${longest}y`), {
    code: 'INVALID_ID',
    message: /The id of a sink has 101 characters: it may have 100\. It begins with 'xxxxxxxxxxxxxxxxxxxx'\.$/,
  })
})

test('names are fields, in any script', () => {
  for (const name of ['größe', '数', 'a.b', '$total', '_', '9']) checkName('It', name)
  for (const name of ['', 'a b', '__proto__', 'a/b', '\0']) assert.throws(() => checkName('It', name), { code: 'INVALID_ID' }, name)
})

test('values in messages are short', () => {
  const values: readonly unknown[] = ['x', 1, undefined, null, [1], {}, () => 1, function named() {}, 1n, Symbol('s')]
  assert.deepEqual(values.map(shown), [
    "'x'",
    '1',
    'undefined',
    'null',
    'an array',
    'an object',
    'a function',
    'the function named',
    '1',
    'Symbol(s)',
  ])
})
