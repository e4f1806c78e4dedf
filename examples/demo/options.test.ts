/** The demo's command line: what is not understood is said, nothing is guessed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'

test('defaults and values', () => {
  assert.deepEqual(readOptions([]), { seed: 1, kills: 5, parallelism: 1, isKept: false })
  const all = readOptions(['--seed', '7', '--kills=20', '--parallelism', '4', '--keep'])
  assert.deepEqual(all, { seed: 7, kills: 20, parallelism: 4, isKept: true })
})

test('what is wrong names the option', () => {
  for (const args of [['--seed', 'x'], ['--seed', '-1'], ['--seed', '1.5'], ['--kills', '51'], ['--parallelism', '0'], ['--fast'], ['7']]) {
    const options = readOptions(args)
    assert.ok('code' in options && options.code === 2, args.join(' '))
    assert.match(options.text, /^demo: .+\n\nnpm run demo/s)
  }
  const help = readOptions(['--help'])
  assert.ok('code' in help && help.code === 0)
})
