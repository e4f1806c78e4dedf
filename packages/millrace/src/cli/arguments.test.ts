import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { parseCommandLine, type Request } from './arguments.ts'
import { commands } from './commands.ts'

function refusal(...args: string[]): string {
  try {
    parseCommandLine(args)
  } catch (error) {
    assert.ok(StreamError.is(error) && error.code === 'COMMAND_LINE')
    return error.message
  }
  throw new Error(`accepted: ${args.join(' ')}`)
}

function command(...args: string[]): Extract<Request, { kind: 'command' }> {
  const request = parseCommandLine(args)
  assert.equal(request.kind, 'command')
  return request as Extract<Request, { kind: 'command' }>
}

test('options may stand before and after the operand, with a space or =', () => {
  const wanted = { kind: 'command', name: 'run', operands: ['job.ts'], values: { checkpoints: 'state', retain: '5' } }
  assert.deepEqual(command('run', 'job.ts', '--checkpoints', 'state', '--retain=5'), wanted)
  assert.deepEqual(command('run', '--checkpoints=state', '--retain', '5', 'job.ts'), wanted)
  assert.deepEqual(command('run', 'job.ts', '--accept-loss').values, { 'accept-loss': true })
})

test('values may begin with a dash when = says so; -- ends the options', () => {
  assert.deepEqual(command('run', 'job.ts', '--config=-1').values, { config: '-1' })
  assert.deepEqual(command('run', 'job.ts', '--config', '-1').values, { config: '-1' })
  assert.deepEqual(command('run', '--', '--odd.ts').operands, ['--odd.ts'])
})

test('colours may be wished anywhere, also twice: the last wish counts', () => {
  assert.deepEqual(command('--color', 'explain', 'job.ts', '--no-color', '--color').values, {})
  assert.equal(refusal('explain', 'job.ts', '--color=always'), '--color takes no value.')
})

test('an operand that may be left out is left out', () => {
  assert.deepEqual(command('state', 'dir', 'totals').operands, ['dir', 'totals'])
  assert.deepEqual(command('state', 'dir', 'totals', '--', '-5').operands, ['dir', 'totals', '-5'])
})

test('help wins over what is wrong with the rest', () => {
  assert.deepEqual(parseCommandLine(['--help']), { kind: 'help', command: undefined })
  assert.deepEqual(parseCommandLine(['help']), { kind: 'help', command: undefined })
  for (const spec of commands) {
    assert.deepEqual(parseCommandLine(['help', spec.name]), { kind: 'help', command: spec })
    assert.deepEqual(parseCommandLine([spec.name, '--nonsense', '-h']), { kind: 'help', command: spec })
  }
  assert.deepEqual(parseCommandLine(['--version']), { kind: 'version' })
})

test('what is not understood is named, with what was probably meant', () => {
  assert.equal(refusal('rnu', 'job.ts'), "'rnu' is no command. Did you mean 'run'?")
  assert.equal(refusal('job.ts'), "'job.ts' is no command. Did you mean: millrace run job.ts")
  assert.equal(refusal('deploy'), "'deploy' is no command. There are: run, explain, checkpoints, inspect, state, completions.")
  assert.equal(refusal('help', 'inspekt'), "'inspekt' is no command. Did you mean 'inspect'?")
  assert.equal(refusal('run', 'job.ts', '--chekpoints', 'x'), 'run has no option --chekpoints. Did you mean --checkpoints?')
  assert.equal(refusal('run', 'job.ts', '--json'), 'run has no option --json. (explain has.)')
  assert.equal(refusal('run', 'job.ts', '-x'), 'run has no option -x.')
  assert.equal(refusal('state', 'dir', 'step', '-5'), 'state has no option -5. An argument that begins with a dash comes after --.')
  assert.equal(refusal('run', 'job.ts', '--no-colour'), 'run has no option --no-colour. Did you mean --no-color?')
  assert.equal(refusal('run'), 'JOB.ts is missing.')
  assert.equal(refusal('inspect', 'a', 'b'), "'b' is one argument too many; inspect takes DIR[/N].")
  assert.equal(refusal('--json', 'explain'), 'JOB.ts is missing.')
  assert.equal(refusal('state', 'dir'), 'STEP is missing.')
  assert.equal(refusal('state', 'dir', 'step', 'a', 'b'), "'b' is one argument too many; state takes DIR[/N] STEP [KEY].")
  assert.equal(refusal('--json'), 'No command is given before --json.')
})

test('a value that is missing, doubled or too many is named', () => {
  assert.equal(refusal('run', 'job.ts', '--checkpoints'), '--checkpoints needs a value: --checkpoints DIR.')
  assert.equal(refusal('run', 'job.ts', '--checkpoints', '--retain', '3'), '--checkpoints needs a value: --checkpoints DIR.')
  assert.equal(refusal('run', 'job.ts', '--checkpoints='), '--checkpoints needs a value: --checkpoints DIR.')
  assert.equal(refusal('run', 'job.ts', '--retain', '1', '--retain', '2'), '--retain is given twice.')
  assert.equal(refusal('explain', 'job.ts', '--json=yes'), '--json takes no value.')
})

/** Found by the attack malformed: parseArgs overflowed the stack, or took minutes. */
test('letters behind one dash are refused at once, however many there are', () => {
  for (const length of [2, 10, 1_000_000]) {
    assert.match(refusal('run', 'job.ts', `-${'ab'.repeat(length)}`), /^run has no option -a\./)
    assert.match(refusal('run', 'job.ts', '--config', '--', `-${'ab'.repeat(length)}`), /^run has no option -a\./)
  }
  assert.match(refusal('run', 'job.ts', '-😀😀'), /^run has no option -😀\./)
  assert.deepEqual(command('run', 'job.ts', '--config', '-12').values, { config: '-12' })
  assert.deepEqual(command('run', '--', '-12.ts').operands, ['-12.ts'])
})
