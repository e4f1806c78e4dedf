import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../lib/attack.ts'
import { mistakes } from './main.ts'
import { mistake } from './mistake.ts'
import { edited, plant } from './patch.ts'

test('every mistake applies to the source of today, exactly once, and changes it', () => {
  assert.ok(mistakes.length >= 18)
  for (const { name, edits } of mistakes) {
    for (const edit of edits) {
      const text = readFileSync(join(root, 'packages/millrace/src', edit.file), 'utf8')
      assert.notEqual(edited(text, edit), text, name)
    }
  }
  assert.equal(new Set(mistakes.map(({ name }) => name)).size, mistakes.length)
})

test('how lines are broken does not matter; a text that is missing or there twice is an error', () => {
  const { edits } = mistake('m', 'like', 'a.ts', 'if (a) return b', '$&')
  const [edit] = edits
  assert.ok(edit !== undefined)
  assert.equal(edited('x\nif (a)\n  return b\ny', edit), 'x\n$&\ny')
  assert.throws(() => edited('if (a) return c', edit), /does not apply: a\.ts has 0 times/)
  assert.throws(() => edited('if (a) return b; if (a) return b', edit), /has 2 times/)
})

test('what was planted is taken back, also when only the first edit applies', () => {
  const copy = mkdtempSync(join(tmpdir(), 'planted-'))
  const file = join(copy, 'packages/millrace/src/a.ts')
  mkdirSync(join(copy, 'packages/millrace/src'), { recursive: true })
  writeFileSync(file, 'one two')
  const good = mistake('m', 'like', 'a.ts', 'one', '1')
  const takeBack = plant(copy, good)
  assert.equal(readFileSync(file, 'utf8'), '1 two')
  takeBack()
  assert.throws(() => plant(copy, { ...good, edits: [...good.edits, { file: 'a.ts', find: 'three', replace: '3' }] }), /does not apply/)
  assert.equal(readFileSync(file, 'utf8'), 'one two')
  rmSync(copy, { recursive: true })
})
