import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileNode, ringsOf, targetOf } from './graph.ts'

const graph = (edges: Record<string, string>): Map<string, Set<string>> =>
  new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to.split(' ').filter(Boolean))]))

test('rings are found, with everything on them and nothing else', () => {
  assert.deepEqual(ringsOf(graph({ a: 'b', b: 'c d', c: 'a', d: 'e', e: '' })), [['a', 'b', 'c']])
  assert.deepEqual(ringsOf(graph({ a: 'b', b: '', c: 'c' })), [['c']])
  assert.deepEqual(ringsOf(graph({ a: 'b', b: 'a', c: 'd', d: 'c a' })).length, 2)
  assert.deepEqual(ringsOf(graph({ a: 'b c', b: 'd', c: 'd', d: '' })), [])
})

test('a relative specifier is resolved from the importing file', () => {
  assert.equal(targetOf('packages/a/src/x/y.ts', '../z.ts'), 'packages/a/src/z.ts')
  assert.equal(targetOf('a.ts', 'node:fs'), undefined)
})

test('lines are counted as an editor counts them', () => {
  assert.equal(fileNode('a.ts', 'x\ny\n').lineCount, 2)
  assert.equal(fileNode('a.ts', 'x\ny').lineCount, 2)
})
