import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flag, helpText, OptionError, readOptions, seed, text, whole } from './options.ts'

const options = {
  seed,
  cases: whole(500, 'cases'),
  twice: whole(0, 'twice'),
  single: whole(undefined, 'one', { most: 9 }),
  full: flag('all'),
  kinds: text('KIND,KIND', 'kinds', ['a', 'b'], (given) => {
    if (given.includes('x')) throw new OptionError("knows no 'x'")
    return given.split(',')
  }),
}
const defaults = { seed: undefined, cases: 500, twice: 0, single: undefined, full: false, kinds: ['a', 'b'] }
const all = '--seed N, --cases N, --twice N, --single N, --full, --kinds KIND,KIND'

test('what is given replaces the defaults', () => {
  assert.deepEqual(readOptions([], options), defaults)
  const given = ['--full', '--seed', '0', '--kinds', 'b', '--cases', '1', '--twice', '0', '--single', '9']
  assert.deepEqual(readOptions(given, options), { seed: 0, cases: 1, twice: 0, single: 9, full: true, kinds: ['b'] })
  assert.deepEqual(readOptions(['--kinds', ''], options), { ...defaults, kinds: [''] })
})

/** Found by a look with fresh eyes: `--seeds -5` ran 0 of -5 planned. */
test('what is no option, and a value that is none, too small, too large or missing, is refused in one sentence that names it', () => {
  for (const [args, says] of [
    [['--cases', '0'], "--cases needs a whole number of at least 1, not '0'"],
    [['--cases', '-5'], "--cases needs a whole number of at least 1, not '-5'"],
    [['--seed', '-1'], "--seed needs a whole number of at least 0, not '-1'"],
    [['--twice', '-1'], "--twice needs a whole number of at least 0, not '-1'"],
    [['--single', '10'], "--single needs a whole number from 1 to 9, not '10'"],
    [['--cases', '1.5'], "--cases needs a whole number of at least 1, not '1.5'"],
    [['--seed', ''], "--seed needs a whole number of at least 0, not ''"],
    [['--seed', 'x'], "--seed needs a whole number of at least 0, not 'x'"],
    [['--cases'], '--cases needs a value: --cases N'],
    [['--kinds', '--full'], '--kinds needs a value: --kinds KIND,KIND'],
    [['--kinds', 'a,x'], "--kinds knows no 'x'"],
    [['--case', '1'], `unknown option '--case'; there are ${all}`],
    [['--full', '1'], `unknown option '1'; there are ${all}`],
    [['xxseed', '7'], `unknown option 'xxseed'; there are ${all}`],
  ] as const)
    assert.throws(
      () => readOptions(args, options),
      (error) => error instanceof OptionError && error.message === says,
      args.join(' '),
    )
})

/** Found by a look with fresh eyes: what was no number was not told at all, and defaults that the attack chose were told as none. */
test('help has a line for each option, with what it takes and what is so without it', () => {
  assert.equal(
    helpText(options),
    [
      '  --seed N           what all is drawn from; without it: drawn too, and printed',
      '  --cases N          cases; without it: 500',
      '  --twice N          twice; without it: 0',
      '  --single N         one',
      '  --full             all',
      '  --kinds KIND,KIND  kinds',
      '',
    ].join('\n'),
  )
})
