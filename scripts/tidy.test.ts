import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorsPage } from './errors-page.ts'
import { checkSizes, checkSource, sizesOverLimit } from './tidy.ts'
import { checkForeignWords, checkMarkdown, checkName } from './tidy/repository-rules.ts'

const ENGINE_FILE = 'packages/millrace/src/state/a.ts'
const wrong = (source: string, path = ENGINE_FILE): string => checkSource(path, source, new Set(['KNOWN'])).join('\n')

test('a test that does not run is found, in whatever way it is switched off', () => {
  for (const source of [
    `test.only('x', f)`,
    `it.skip('x', f)`,
    `test.todo('x')`,
    `test('x', { skip: true }, f)`,
    `test('x', { only: yes }, f)`,
  ]) {
    assert.match(wrong(source, 'scripts/a.test.ts'), /every test runs/, source)
  }
  assert.equal(wrong(`test('x', { skip: missing('zsh') }, f)`, 'scripts/a.test.ts'), '')
  assert.equal(wrong(`// test.only(\ntest('a.skip(', f); list.drop(1)`, 'scripts/a.test.ts'), '')
})

test('a TODO names its issue and a suppressed error its reason', () => {
  assert.match(wrong('// TODO later'), /names its issue/)
  assert.equal(wrong('// TODO(12): later'), '')
  assert.match(wrong('// @ts-ignore'), /@ts-ignore/)
  assert.match(wrong('// oxlint-disable-next-line no-eval'), /gives its reason/)
  assert.equal(wrong('// oxlint-disable-next-line no-eval -- the one place that makes code'), '')
})

test("'any' needs a comment, unless it is a name", () => {
  assert.match(wrong('const a: any = 1'), /a\.ts:1: 'any' needs/)
  assert.match(wrong('\nconst a = b as any'), /a\.ts:2/)
  assert.equal(wrong('const a: any = 1 // any: the type parameter is not known here'), '')
  assert.equal(wrong('// any: see above\nconst a: any = 1'), '')
  assert.equal(wrong('Promise.any(a); const b = { any: 1 }; any(1)'), '')
})

test('the engine has no clock and nothing that Node 22 lacks', () => {
  assert.match(wrong('new Date()'), /time comes through Env/)
  assert.match(wrong('const a = new Date'), /time comes through Env/)
  assert.match(wrong('Date()'), /time comes through Env/)
  assert.equal(wrong('new Date(ms); x instanceof Date; let d: Date; Date.UTC(1); has(Date.prototype)'), '')
  assert.equal(wrong('new Date()', 'packages/millrace/src/env/a.ts'), '')
  assert.equal(wrong('new Date()', 'bench/a.ts'), '')
  assert.match(wrong('using a = b()'), /syntax error on Node 22/)
  assert.match(wrong('Temporal.Now.instant()'), /Temporal is missing/)
})

test('code from text has one place', () => {
  assert.match(wrong('const f = Function("a")'), /task\/specialize\.ts/)
  assert.match(wrong('(0, eval)("a")'), /task\/specialize\.ts/)
  assert.match(wrong('(() => {}).constructor("a")'), /task\/specialize\.ts/)
  assert.equal(wrong('const f = new Function("a")', 'packages/millrace/src/task/specialize.ts'), '')
  assert.equal(wrong('class A { constructor(a: Function[]) {} }'), '')
})

test('every error code that is thrown or documented exists', () => {
  assert.match(wrong(`throw new StreamError('UNKNOWN', 'x')`), /error code UNKNOWN/)
  assert.match(wrong('/** @throws {GONE} when */'), /error code GONE/)
  assert.equal(wrong(`throw new StreamError('KNOWN', 'x')`), '')
})

test('files and functions have sizes', () => {
  const long = 'x\n'.repeat(601)
  assert.deepEqual(sizesOverLimit('a.ts', long), { 'a.ts': 601 })
  assert.deepEqual(sizesOverLimit('a.test.ts', long), {})
  assert.deepEqual(sizesOverLimit('a.ts', `function f() {\n${'x\n'.repeat(69)}}\n`), { 'a.ts#f': 71 })
  assert.deepEqual(sizesOverLimit('a.ts', `function f() {\n${'x\n'.repeat(68)}}\n`), {})
})

test('a frozen breach may only shrink, and leaves the list when it is gone', () => {
  assert.deepEqual(checkSizes({ 'a.ts': 700 }, { 'a.ts': 700 }), [])
  assert.match(checkSizes({ 'a.ts': 601 }, {}).join(), /600 is the limit/)
  assert.match(checkSizes({ 'a.ts#f': 71 }, {}).join(), /70 is the limit/)
  assert.match(checkSizes({ 'a.ts': 701 }, { 'a.ts': 700 }).join(), /may only shrink from 700/)
  assert.match(checkSizes({ 'a.ts': 650 }, { 'a.ts': 700 }).join(), /lower its 700/)
  assert.match(checkSizes({}, { 'a.ts': 700 }).join(), /remove the entry/)
})

test('names are kebab-case', () => {
  for (const path of [
    'packages/a-b/key-group.ts',
    'a/x.test.ts',
    'README.md',
    'LICENSE',
    '.ci/run',
    '.npmrc',
    'docs/design/001-one-package.md',
    'packages/a/fixtures/Odd Name.txt',
  ]) {
    assert.deepEqual(checkName(path), [], path)
  }
  for (const path of ['a/keyGroup.ts', 'KeyGroup.ts', 'a_b/c.ts', 'a b.ts']) assert.equal(checkName(path).length, 1, path)
})

test('words of one machine are found, addresses on the web are not', () => {
  const place = ['', 'work', 'main'].join('/')
  assert.equal(checkForeignWords('a.md', `see ${place}/x`).length, 1)
  assert.equal(checkForeignWords('a.md', `ok\nin "${place}"`)[0]?.startsWith('a.md:2'), true)
  assert.deepEqual(checkForeignWords('a.md', `https://example.org${place}, ./work/main, network/`), [])
})

test('a page has one title; a # in a block is none', () => {
  assert.deepEqual(checkMarkdown('a.md', '# A\n\n```sh\n# comment\n```\n## B\n'), [])
  assert.equal(checkMarkdown('a.md', '## A\n').length, 1)
  assert.equal(checkMarkdown('a.md', '# A\n# B\n').length, 1)
})

test('the page of error codes has a section for each, under whose matter it is', () => {
  const page = errorsPage({
    OURS: { domain: 'internal', retry: 'restart-job', message: 'Broken.', remedy: 'Report it.' },
    YOURS: { domain: 'user', retry: 'never', message: 'Wrong.', remedy: 'Mend it.' },
  })
  assert.match(
    page,
    /^# Error codes\n[\s\S]*## Yours[\s\S]*### YOURS\n\nWrong\.\n\n\*\*What to do\.\*\* Mend it\.[\s\S]*## Ours[\s\S]*### OURS\n/,
  )
})
