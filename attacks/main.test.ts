import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { OptionError, readOptions } from './lib/options.ts'
import { attack as sim } from './sim/main.ts'

const run = (...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { encoding: 'utf8' })

/** Found by a look with fresh eyes: they ended with a stack, exit code 1 and `0 passed, 1 failed`, as if the engine were wrong. */
test('options of sim that are wrong, or do not go together, are refused in one sentence', async () => {
  for (const [args, says] of [
    [['--only-faults', 'nope'], /^--only-faults knows no fault 'nope'; there are crash, .*rot$/],
    [['--only-faults'], /^--only-faults needs a value: --only-faults KIND,KIND$/],
    [['--seed', '5', '--keep', 'x'], /^--keep needs numbers of faults, as 0,2, not 'x'$/],
    [['--seed', '5', '--keep', '99'], /^--keep 99: seed 5 has \d+ faults, counted from 0$/],
    [['--seeds', '3', '--keep', '0'], /^--keep needs one history: --seed X --keep 0,2$/],
  ] as const) {
    const running = async (): Promise<unknown> => sim.run(readOptions(args, sim.options))
    await assert.rejects(running, (error) => error instanceof OptionError && says.test(error.message), args.join(' '))
  }
})

test('a file for the result that cannot be written is refused before the attack begins, with exit code 2', () => {
  const { status, stdout, stderr } = run('windows', '--json', '/nope/x.json')
  assert.match(stderr, /^windows: --json cannot write that file: ENOENT.*\/nope\/x\.json'\n$/)
  assert.deepEqual([status, stdout], [2, ''])
})

test('help tells what an attack takes, without running it; a refused run leaves no file for its result', () => {
  const folder = mkdtempSync(join(tmpdir(), 'attack-'))
  try {
    const { status, stdout } = run('kill', '--kills', 'x', '--help')
    assert.equal(status, 0)
    for (const line of [/^ {2}--kills N .*without it: 100/m, /^ {2}--signal KILL\|TERM /m, /^ {2}--json FILE /m]) assert.match(stdout, line)
    const file = join(folder, 'result.json')
    assert.equal(run('state', '--json', file, '--nope').status, 2)
    assert.equal(existsSync(file), false)
    assert.equal(run('windows', '--case-seed', '1', '--json', file).status, 0)
    assert.match(readFileSync(file, 'utf8'), /^\{"passed":1,/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
