import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGlob, parseGlob } from './glob.ts'

const cases: readonly (readonly [pattern: string, matches: readonly string[], others: readonly string[]])[] = [
  ['*.jsonl', ['a.jsonl', 'a.b.jsonl'], ['.a.jsonl', 'x/a.jsonl', 'a.json', 'ajsonl']],
  ['**/*.jsonl', ['a.jsonl', 'x/a.jsonl', 'x/y/z/a.jsonl'], ['.x/a.jsonl', 'x/.a.jsonl', 'a.json']],
  ['**', ['a', 'x/y/z'], ['.a', 'x/.y']],
  ['x*/**/y?/z', ['x/y1/z', 'xx/a/b/y2/z'], ['x/z', 'x/y/z', 'y/y1/z']],
  ['{a,b}{1,2}.*', ['a1.x', 'b2.y'], ['a3.x', 'c1.x', 'a1']],
  ['{x/**,y}/*', ['x/a', 'x/b/a', 'y/a'], ['z/a', 'y/b/a']],
  ['{a,{b,c}d}*', ['a', 'bd1', 'cd'], ['b', 'd']],
  ['{,pre}*x', ['x', 'prex', 'ax'], ['y']],
  ['.*', ['.a'], ['a']],
  ['*a*b*a*', ['aba', 'xxaxxbxxa', 'aabaa'], ['ab', 'ba', 'aab']],
  ['a+(b)[c].$*', ['a+(b)[c].$x'], ['aab', 'a+(b)c.$x']],
]

for (const [pattern, matches, others] of cases) {
  test(`'${pattern}'`, () => {
    const glob = parseGlob(pattern)
    assert.equal(glob.base, '.')
    for (const path of matches) assert.ok(glob.matches(path), path)
    for (const path of others) assert.ok(!glob.matches(path), path)
    for (const path of matches) {
      const parts = path.split('/')
      for (let depth = 1; depth < parts.length; depth++) assert.ok(glob.mayContain(parts.slice(0, depth).join('/')), `${path} lies below`)
    }
  })
}

test('the base is what stands before the first wildcard', () => {
  const baseOf = (pattern: string): string => parseGlob(pattern).base
  assert.deepEqual(['/*.x', 'a/b/*.x', '/a/{b,c}/d', 'a/b*/c', '../*', './x/**'].map(baseOf), ['/', 'a/b', '/a', 'a', '..', './x'])
  assert.ok(parseGlob('/a/*/c').matches('b/c'))
  assert.deepEqual(['a/b', 'a?', 'a*', '{a}', 'a]'].map(isGlob), [false, true, true, true, false])
})

test('folders that cannot hold anything wanted are not entered', () => {
  assert.ok(!parseGlob('x*/*/c.x').mayContain('y') && !parseGlob('*.x').mayContain('folder'))
  assert.ok(parseGlob('**/*.x').mayContain('any/where'))
})

test('what cannot be read is refused, what would take for ever does not', () => {
  assert.throws(() => parseGlob('{a,b'), { code: 'INVALID_OPTION' })
  assert.throws(() => parseGlob('{a,b}'.repeat(11)), { code: 'INVALID_OPTION' })
  assert.ok(!parseGlob(`${'*a'.repeat(60)}b`).matches('a'.repeat(5_000)))
  assert.ok(!parseGlob(`${'**/'.repeat(30)}x`).matches(`${'a/'.repeat(300)}y`))
})

test('a pattern longer than any path is refused, whatever is in it', () => {
  for (const pattern of ['{'.repeat(100_000) + 'x' + '}'.repeat(100_000), '*a'.repeat(50_000)])
    assert.throws(() => parseGlob(pattern), { code: 'INVALID_OPTION', message: /longer than any path: it may have 4096/ })
})
