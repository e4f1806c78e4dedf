import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalPath, pathBelow } from './path.ts'

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
