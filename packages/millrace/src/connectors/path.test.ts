import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startOptionsOf } from '../cli/run-options.ts'
import { settingsOf } from '../job/settings.ts'
import { directoryStorage } from './directory-storage.ts'
import { fileSink } from './file-sink.ts'
import { fileSource } from './file-source.ts'
import { jsonLines } from './json-lines.ts'
import { checkLocalPath, normalPath, pathBelow } from './path.ts'

test('normalPath: one text for one place', () => {
  for (const path of ['out', './out', 'out/', 'out//.', 'x/../out', 'x/y/../../out/']) assert.equal(normalPath(path), 'out')
  for (const path of ['/a/b', '//a/b/', '/a/./c/../b']) assert.equal(normalPath(path), '/a/b')
  for (const path of ['.', './', 'a/..']) assert.equal(normalPath(path), '.')
  assert.equal(normalPath('../a/../../b'), '../../b')
  assert.equal(normalPath('/'), '/')
})

test('pathBelow: what is inside, as far as the texts tell', () => {
  assert.equal(pathBelow('a', 'a'), '')
  assert.equal(pathBelow('a', 'a/b/c'), 'b/c')
  assert.equal(pathBelow('a', 'ab'), undefined)
  assert.equal(pathBelow('/', '/a'), 'a')
  assert.equal(pathBelow('.', 'a/b'), 'a/b')
  assert.equal(pathBelow('..', '../a'), 'a')
  for (const path of ['/a', '..', '../a']) assert.equal(pathBelow('.', path), undefined)
})

/** Found by a look with fresh eyes: checkpoints of `s3://bucket/state` were in a folder `s3:` here, and gone with the machine. */
test('a URL is no path, wherever a path is asked for', () => {
  for (const path of ['a', '/a//b', './s3://x', 'C:/x', 'a:b', '1x://y', 'a b://c']) assert.doesNotThrow(() => checkLocalPath('It', path))
  const refused = {
    code: 'INVALID_OPTION',
    message: /is 's3:\/\/bucket\/x', a URL: it has to be a path on this machine\. Storage elsewhere/,
  }
  const url = 's3://bucket/x'
  const opened: readonly (() => unknown)[] = [
    () => fileSource(url, jsonLines()),
    () => fileSink(url, jsonLines()),
    () => directoryStorage(url),
    () => settingsOf({ checkpoints: { storage: url } }),
    () => startOptionsOf({ checkpoints: url }),
  ]
  for (const open of opened) assert.throws(open, refused)
  assert.throws(() => fileSource('file:///a.jsonl', jsonLines()), { code: 'INVALID_OPTION', message: /Write the path alone/ })
})
