import assert from 'node:assert/strict'
import { test } from 'node:test'
import { functionsOf } from './functions.ts'

const sizes = (source: string): [string, number][] => functionsOf(source).map(({ name, lineCount }) => [name, lineCount])

test('functions, methods and arrows are measured from first to last line', () => {
  const source = `
function a(x: number): { y: number } {
  return { y: x }
}
class B {
  constructor(readonly c: string) {
    d()
  }
  get e(): string { return 'f' }
  async #g<T extends { h: 1 }>(i: T): Promise<T | undefined> {
    return i
  }
}
const j = (k: number): void => {
  l(k)
}
export default async function* () {
}
`
  assert.deepEqual(sizes(source), [
    ['a', 3],
    ['constructor', 3],
    ['e', 1],
    ['#g', 3],
    ['j', 3],
    ['anonymous', 2],
  ])
})

test('control flow, calls, signatures and object literals are no functions', () => {
  const source = `
if (a) { b() }
for (const c of d(e)) { f() }
interface G { h(i: string): { j: number } }
declare function k(l: number): void
const m = n ? o(p) : { q: 1 }
switch (r(s)) { case 1: { t() } }
const u = v ? w(x) : y
if (z) { a() }
const b = () => ({ c: 1 })
`
  assert.deepEqual(sizes(source), [])
})

test('a function in a function counts for both', () => {
  assert.deepEqual(sizes('function a() {\n  const b = () => {\n  }\n}'), [
    ['a', 4],
    ['b', 2],
  ])
})

test('a type predicate, a union and an object type end where the body begins', () => {
  assert.deepEqual(
    sizes(
      `function a(b: unknown): b is string {\n}\nfunction c(): 'd' | { e: 1 } | F<{ g: 2 }> {\n}\nfunction h(): readonly string[] {\n}`,
    ),
    [
      ['a', 2],
      ['c', 2],
      ['h', 2],
    ],
  )
})
