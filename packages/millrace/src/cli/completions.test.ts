/** The scripts for shells, run by those shells: what they offer is what the command line takes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseCommandLine } from './arguments.ts'
import { commands, commonOptions, shells } from './commands.ts'
import { main } from './main.ts'
import { paintFor } from './colour.ts'
import { nodeEnv } from '../env/node-env.ts'
import type { World } from './world.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-completions-'))
after(() => rmSync(folder, { recursive: true }))
for (const name of ['job.ts', 'my job.mjs', 'notes.txt']) writeFileSync(join(folder, name), '')
mkdirSync(join(folder, 'state'))

async function told(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = ''
  let err = ''
  const world: World = {
    env: nodeEnv(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    canRedraw: false,
    isLogged: false,
    paint: paintFor(false),
    paintOutput: paintFor(false),
    folder,
    onSignal: () => {},
    onEarlyEnd: () => () => {},
    exit: () => {},
    exitSoon: () => {},
  }
  return { code: await main(args, world), out, err }
}

const scripts = new Map<string, string>()
for (const shell of shells) {
  const { out } = await told('completions', shell)
  scripts.set(shell, join(folder, `.millrace.${shell}`))
  writeFileSync(join(folder, `.millrace.${shell}`), out)
}

function run(shell: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr } = spawnSync(shell, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
  })
  assert.equal(status, 0, `${shell} ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** For `skip`. */
function missing(shell: string): string | false {
  return spawnSync(shell, ['--version'], { timeout: 10_000 }).status === 0 ? false : `${shell} is not installed here`
}

/** What bash offers for the last of the words of a line. */
function bash(...words: readonly string[]): readonly string[] {
  const code = [
    `source ${scripts.get('bash')}`,
    'COMP_WORDS=("$@")',
    'COMP_CWORD=$(($# - 1))',
    '_millrace',
    'for each in "${COMPREPLY[@]}"; do echo "$each"; done',
  ]
  return run('bash', ['--norc', '-c', code.join('\n'), 'bash', 'millrace', ...words])
    .split('\n')
    .filter((line) => line !== '')
    .sort()
}

test('bash completes commands, options, their values, and files', { skip: missing('bash') }, () => {
  assert.deepEqual(bash('e'), ['explain'])
  assert.deepEqual(bash(''), [...commands.map(({ name }) => name as string), 'help'].sort())
  assert.deepEqual(bash('run', '--checkpoint'), ['--checkpoint-every', '--checkpoints'])
  assert.deepEqual(bash('run', 'job.ts', '--acc'), ['--accept-loss'])
  assert.deepEqual(bash('--no-color', 'inspect', '--j'), ['--json'])
  assert.deepEqual(bash('run', ''), ['job.ts', 'my job.mjs', 'state'])
  assert.deepEqual(bash('run', 'j'), ['job.ts'])
  assert.deepEqual(bash('run', 'job.ts', ''), [])
  assert.deepEqual(bash('run', '--checkpoints', 'state', ''), ['job.ts', 'my job.mjs', 'state'])
  assert.deepEqual(bash('run', '--checkpoints', '=', 'state', 'j'), ['job.ts'])
  assert.deepEqual(bash('run', 'job.ts', '--checkpoints', ''), ['state'])
  assert.deepEqual(bash('run', 'job.ts', '--checkpoints', '=', 's'), ['state'])
  assert.deepEqual(bash('run', 'job.ts', '--restore', ''), ['latest', 'none'])
  assert.deepEqual(bash('run', 'job.ts', '--restore', '='), ['latest', 'none'])
  assert.deepEqual(bash('run', 'job.ts', '--config', ''), [])
  assert.deepEqual(bash('checkpoints', ''), ['state'])
  assert.deepEqual(bash('state', 'state', 'totals', ''), [])
  assert.deepEqual(bash('completions', ''), [...shells].sort())
  assert.deepEqual(bash('help', 'in'), ['inspect'])
  assert.deepEqual(bash('nonsense', ''), [])
})

test('every option that bash offers is understood, and all are offered', { skip: missing('bash') }, () => {
  for (const { name, options, operands } of commands) {
    const offered = bash(name, '--')
    assert.deepEqual(offered, [...options, ...commonOptions].map((option) => `--${option.name}`).sort())
    const needed = operands.map(() => 'x')
    for (const option of offered) {
      const hasValue = options.some((each) => `--${each.name}` === option && each.value !== undefined)
      assert.doesNotThrow(() => parseCommandLine([name, ...needed, option, ...(hasValue ? ['1'] : [])]))
    }
  }
})

/** Types lines into an interactive zsh, each followed by Tabs, and waits until it shows what is expected. */
function zsh(lines: readonly { readonly typed: string; readonly shows: readonly string[] }[]): void {
  const home = mkdtempSync(join(folder, '.zsh-'))
  const rc = ['PS1="> "', 'autoload -Uz compinit', 'compinit -u -D', `source ${scripts.get('zsh')}`, `print REA""DY`]
  writeFileSync(join(home, '.zshrc'), `${rc.join('\n')}\n`)
  const driver = [
    'zmodload zsh/zpty',
    'zpty shell zsh -d -i',
    'zpty -r -m shell seen "*READY*"',
    ...lines.flatMap(({ typed, shows }) => [
      // Ctrl-U: away with the line before.
      `zpty -w -n shell $'\\x15${typed}\\t\\t'`,
      ...shows.map((text) => `zpty -r -m shell seen "*${text}*" && print -r -- ${JSON.stringify(`${typed}: ${text}`)}`),
    ]),
  ]
  writeFileSync(join(home, 'driver.zsh'), `${driver.join('\n')}\n`)
  const out = run('zsh', ['-d', join(home, 'driver.zsh')], { ZDOTDIR: home, TERM: 'dumb', COLUMNS: '150' })
  for (const { typed, shows } of lines) for (const text of shows) assert.ok(out.includes(`${typed}: ${text}`), out)
}

test('zsh completes commands, options with what they do, their values, and files', { skip: missing('zsh') }, () => {
  zsh([
    { typed: 'millrace exp', shows: ['millrace explain '] },
    { typed: 'millrace run --che', shows: ['--checkpoint-every', 'time between checkpoints'] },
    { typed: 'millrace run --acc', shows: ['--accept-loss'] },
    { typed: 'millrace run my', shows: ['job.mjs'] },
    { typed: 'millrace run job.ts --checkpoints s', shows: ['checkpoints state/'] },
    { typed: 'millrace run job.ts --checkpoints=s', shows: ['checkpoints=state/'] },
    { typed: 'millrace run job.ts --restore l', shows: ['restore latest'] },
    { typed: 'millrace --no-color inspect s', shows: ['inspect state/'] },
    { typed: 'millrace help st', shows: ['help state'] },
  ])
})

test('fish reads its script and completes from it', { skip: missing('fish') }, () => {
  const fish = (line: string): readonly string[] =>
    run('fish', ['--no-config', '-c', `source ${scripts.get('fish')}; complete -C ${JSON.stringify(line)}`])
      .split('\n')
      .map((each) => each.split('\t')[0] as string)
      .filter((each) => each !== '')
      .sort()
  assert.deepEqual(fish('millrace exp'), ['explain'])
  assert.deepEqual(fish('millrace run job.ts --checkpoint'), ['--checkpoint-every', '--checkpoints'])
  assert.deepEqual(fish('millrace run job.ts --restore '), ['latest', 'none'])
  assert.ok(fish('millrace run j').includes('job.ts'))
  assert.deepEqual(fish('millrace completions '), [...shells].sort())
})

test('each script names every command and every option, whether its shell is there or not', async () => {
  for (const shell of shells) {
    const { out } = await told('completions', shell)
    for (const { name, options } of commands) {
      assert.ok(out.includes(name))
      for (const option of options) assert.ok(out.includes(option.name), `${shell}: ${option.name}`)
    }
  }
})

test('a shell that is not known is a mistake of the command line', async () => {
  for (const [shell, hint] of [
    ['bsh', "There are no completions for 'bsh'. Did you mean bash?"],
    ['powershell', "There are no completions for 'powershell'. There are: bash, zsh, fish."],
  ] as const) {
    const { code, out, err } = await told('completions', shell)
    assert.deepEqual([code, out], [2, ''])
    assert.ok(err.includes(hint), err)
  }
})
