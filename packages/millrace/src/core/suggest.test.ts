import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, suggestionFor } from './suggest.ts'

test('distances by hand', () => {
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('run', 'run'), 0)
  assert.equal(editDistance('rnu', 'run'), 1)
  assert.equal(editDistance('kitten', 'sitting'), 3)
})

test('suggests what is near, and nothing where nothing is', () => {
  const commands = ['run', 'explain', 'checkpoints', 'inspect', 'help']
  assert.equal(suggestionFor('rum', commands), 'run')
  assert.equal(suggestionFor('checkpoint', commands), 'checkpoints')
  assert.equal(suggestionFor('inspekt', commands), 'inspect')
  assert.equal(suggestionFor('EXPLAIN', commands), 'explain')
  assert.equal(suggestionFor('deploy', commands), undefined)
  assert.equal(suggestionFor('x', commands), undefined)
  assert.equal(suggestionFor('acceptloss', ['from', 'acceptLoss']), 'acceptLoss')
})

test('a word of a megabyte is not compared letter by letter: it is near to nothing', () => {
  const began = process.cpuUsage()
  assert.equal(suggestionFor('x'.repeat(1_000_000), ['run', 'explain', 'checkpoints']), undefined)
  const { user } = process.cpuUsage(began)
  assert.ok(user < 200_000, `${user} µs`)
})
