import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { findPinnedNode } from '../packages/millrace/bin/pinned-node.mjs'
import { root } from './lib/files.ts'

const PINNED_NODE = new URL('../packages/millrace/bin/pinned-node.mjs', import.meta.url).href
const isPosix = process.platform !== 'win32'

interface Run {
  readonly launcher: ChildProcess
  /** Everything printed so far. */
  printed(): string
  /** Resolves when the text has been printed. */
  until(text: string): Promise<void>
  ended(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** Starts `program` the way the launcher starts a command. */
function launch(program: string): Run {
  const script = `import { runUnder } from ${JSON.stringify(PINNED_NODE)}\nrunUnder(process.execPath, ['--input-type=module', '--eval', ${JSON.stringify(program)}])`
  return follow(spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'pipe'] }))
}

function follow(launcher: ChildProcess): Run {
  let output = ''
  launcher.stdout?.on('data', (chunk) => (output += chunk))
  launcher.stderr?.on('data', (chunk) => (output += chunk))
  const closed = once(launcher, 'exit')
  return {
    launcher,
    printed: () => output,
    until: async (text) => {
      while (!output.includes(text)) await once(launcher.stdout!, 'data')
    },
    ended: async () => {
      const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null]
      return { code, signal }
    },
  }
}

/** Resolves when no process has this number any more. */
async function isGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const TELL = `process.stdout.write('pid ' + process.pid + '.')`
const STAY = 'setInterval(() => {}, 1000)'
const pidIn = (text: string, word = 'pid'): number => Number(new RegExp(`${word} (\\d+)\\.`).exec(text)?.[1])

test('the exit code passes through', async () => {
  assert.deepEqual(await launch('process.exit(7)').ended(), { code: 7, signal: null })
})

test('a child that dies of a signal makes the launcher die of it', { timeout: 20_000 }, async () => {
  if (!isPosix) return
  assert.deepEqual(await launch(`process.kill(process.pid, 'SIGTERM'); ${STAY}`).ended(), { code: null, signal: 'SIGTERM' })
})

test('a Ctrl-C that comes twice at once, from the terminal and from npm, reaches the child once', { timeout: 20_000 }, async () => {
  if (!isPosix) return
  const run = launch(
    `let n = 0; process.on('SIGINT', () => { n++ }); process.on('SIGTERM', () => { console.log('interrupts ' + n); process.exit(3) }); ${TELL}; ${STAY}`,
  )
  await run.until('.')
  run.launcher.kill('SIGINT')
  run.launcher.kill('SIGINT')
  await new Promise((resolve) => setTimeout(resolve, 100))
  run.launcher.kill('SIGTERM')
  assert.deepEqual(await run.ended(), { code: 3, signal: null })
  assert.match(run.printed(), /interrupts 1$/m)
})

test('a launcher killed outright takes its child along', { timeout: 20_000 }, async () => {
  if (!isPosix) return
  const run = launch(`${TELL}; ${STAY}`)
  await run.until('.')
  run.launcher.kill('SIGKILL')
  await isGone(pidIn(run.printed()))
})

test('what a child leaves running ends with it', { timeout: 20_000 }, async () => {
  if (!isPosix) return
  const leave = `import { spawn } from 'node:child_process'; const left = spawn(process.execPath, ['-e', '${STAY}'], { stdio: 'ignore' }); left.unref(); process.stdout.write('left ' + left.pid + '.')`
  const run = launch(leave)
  assert.equal((await run.ended()).code, 0)
  await isGone(pidIn(run.printed(), 'left'))
})

test('an unknown command is an error that lists the commands', async () => {
  for (const args of [['nonsense'], [], ['toString']]) {
    const run = follow(spawn(process.execPath, [join(root, 'scripts/run.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] }))
    assert.equal((await run.ended()).code, 2)
    assert.match(run.printed(), /(unknown command|no command given).*verify/)
  }
})

test('the pinned Node is found from any folder below', () => {
  assert.ok(findPinnedNode(root)?.includes('node_modules'))
  assert.equal(findPinnedNode(join(root, 'packages/millrace/bin')), findPinnedNode(root))
})
