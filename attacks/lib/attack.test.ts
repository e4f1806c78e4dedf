import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HelpAsked, numberOptions, OptionError } from './attack.ts'

const defaults = { seed: undefined, cases: 500, twice: 0, 'case-seed': undefined, single: undefined }
const read = (...args: string[]): Record<string, number | undefined> => numberOptions(args, defaults, { single: { most: 9 } })

test('what is given replaces the defaults', () => {
  assert.deepEqual(read(), defaults)
  assert.deepEqual(read('--seed', '0', '--cases', '1', '--twice', '0', '--single', '9'), { ...defaults, seed: 0, cases: 1, single: 9 })
})

/** Found by a look with fresh eyes: `--seeds -5` ran 0 of -5 planned. */
test('a number that is none, too small or too large is refused in one sentence that names it', () => {
  for (const [args, says] of [
    [['--cases', '0'], "--cases needs a whole number of at least 1, not '0'"],
    [['--cases', '-5'], "--cases needs a whole number of at least 1, not '-5'"],
    [['--seed', '-1'], "--seed needs a whole number of at least 0, not '-1'"],
    [['--twice', '-1'], "--twice needs a whole number of at least 0, not '-1'"],
    [['--single', '10'], "--single needs a whole number from 1 to 9, not '10'"],
    [['--cases', '1.5'], "--cases needs a whole number of at least 1, not '1.5'"],
    [['--seed', ''], "--seed needs a whole number of at least 0, not ''"],
    [['--seed', 'x'], "--seed needs a whole number of at least 0, not 'x'"],
    [['--cases'], '--cases needs a whole number of at least 1'],
    [['--case', '1'], "unknown option '--case'; there are --seed N, --cases N, --twice N, --case-seed N, --single N"],
    [['7'], "unknown option '7'; there are --seed N, --cases N, --twice N, --case-seed N, --single N"],
  ] as const)
    assert.throws(
      () => read(...args),
      (error) => error instanceof OptionError && error.message === says,
      args.join(' '),
    )
})

test('help is asked for, wherever it stands', () => {
  assert.throws(() => read('--seed', '7', '--help'), HelpAsked)
})
