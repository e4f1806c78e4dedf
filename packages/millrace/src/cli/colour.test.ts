import assert from 'node:assert/strict'
import { test } from 'node:test'
import { colourWish, hasColours, paintFor } from './colour.ts'

test('colours: the command line, then FORCE_COLOR, then NO_COLOR, then the terminal', () => {
  const rows = [
    ['auto', {}, true, true],
    ['auto', {}, false, false],
    ['auto', { NO_COLOR: '1' }, true, false],
    ['auto', { NO_COLOR: '' }, true, true],
    ['auto', { TERM: 'dumb' }, true, false],
    ['auto', { TERM: 'xterm' }, true, true],
    ['auto', { FORCE_COLOR: '1' }, false, true],
    ['auto', { FORCE_COLOR: '' }, false, true],
    ['auto', { FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' }, false, true],
    ['auto', { FORCE_COLOR: '0' }, true, false],
    ['auto', { FORCE_COLOR: 'false' }, true, false],
    ['always', { NO_COLOR: '1', FORCE_COLOR: '0', TERM: 'dumb' }, false, true],
    ['never', { FORCE_COLOR: '1' }, true, false],
  ] as const
  for (const [wish, variables, isTerminal, expected] of rows)
    assert.equal(hasColours(wish, variables, isTerminal), expected, JSON.stringify([wish, variables, isTerminal]))
})

test('the last wish of a command line counts, up to --', () => {
  assert.equal(colourWish(['run', 'job.ts']), 'auto')
  assert.equal(colourWish(['run', '--color', 'job.ts', '--no-color']), 'never')
  assert.equal(colourWish(['run', '--no-color', 'job.ts', '--color']), 'always')
  assert.equal(colourWish(['run', '--', '--color']), 'auto')
})

test('paints or leaves alone', () => {
  assert.equal(paintFor(true)('red', 'x'), '\u001B[31mx\u001B[39m')
  assert.equal(paintFor(false)('red', 'x'), 'x')
})
