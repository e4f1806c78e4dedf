import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogue } from './catalogue.ts'
import { aloneMistakes } from './alone.ts'
import { mistakes } from './main.ts'

test('every rule has a planted mistake, or says why there is none', () => {
  const names = new Set(mistakes.map(({ name }) => name))
  for (const { id, mistakes: own, without } of catalogue) {
    assert.equal(own.length === 0, without !== undefined, id)
    for (const name of own) assert.ok(names.has(name), `${id} names '${name}', which is none`)
  }
  assert.equal(new Set(catalogue.map(({ id }) => id)).size, catalogue.length)
})

test('at least 60 planted mistakes break a rule of it', () => {
  assert.ok(new Set(catalogue.flatMap((rule) => rule.mistakes)).size >= 60)
})

test('what is looked at fault by fault is a mistake that sim has to find', () => {
  for (const name of aloneMistakes.keys()) assert.match(mistakes.find((each) => each.name === name)?.cut ?? 'sim', /^sim/, name)
  assert.ok([...aloneMistakes.keys()].every((name) => mistakes.some((each) => each.name === name)))
})
