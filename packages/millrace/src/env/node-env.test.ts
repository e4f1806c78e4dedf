import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { mock, test } from 'node:test'
import { NodeBudget } from './node-budget.ts'
import { nodeEnv } from './node-env.ts'
import { nodeLog } from './node-log.ts'

const env = nodeEnv({ log: { level: 'silent' } })

test('the wall clock is whole, the monotonic one never goes back', () => {
  assert.ok(Number.isInteger(env.clock.now()) && Math.abs(env.clock.now() - Date.now()) < 1_000)
  let last = env.clock.monotonic()
  for (let count = 0; count < 10_000; count++) {
    const next = env.clock.monotonic()
    assert.ok(next >= last)
    last = next
  }
})

test('a timer never comes early, and can be cancelled', async () => {
  let cancelledCalls = 0
  env.timers.after(1, () => cancelledCalls++)()
  for (const delayMs of [0, 1, 3, 7.5]) {
    const start = performance.now()
    await new Promise<void>((resolve) => env.timers.after(delayMs, resolve))
    assert.ok(performance.now() - start >= delayMs)
  }
  assert.equal(cancelledCalls, 0)
})

test('a timer of months is chained (J13)', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const real = performance.now
  let nowMs = 0
  performance.now = () => nowMs
  try {
    const month = 60 * 24 * 60 * 60 * 1000
    let calls = 0
    const cancel = env.timers.after(month, () => calls++)
    for (const [passMs, expected] of [
      [2 ** 31 - 1, 0],
      [month - (2 ** 31 - 1) - 1, 0],
      [1, 1],
      [month, 1],
    ] as const) {
      nowMs += passMs
      mock.timers.tick(passMs)
      assert.equal(calls, expected, `after ${nowMs} ms`)
    }
    cancel()
    assert.throws(() => env.timers.after(Infinity, () => {}), { code: 'INVARIANT' })
  } finally {
    performance.now = real
    mock.timers.reset()
  }
})

test('an idle timer keeps no process alive', () => {
  const program = `
    const { nodeEnv } = await import(${JSON.stringify(new URL('./node-env.ts', import.meta.url).href)})
    nodeEnv().timers.after(3_600_000, () => {}, { idle: true })`
  const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { timeout: 20_000 })
  assert.equal(status, 0)
})

test('random numbers and ids', () => {
  const ids = new Set(Array.from({ length: 1_000 }, () => env.random.id()))
  assert.equal(ids.size, 1_000)
  for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/)
  const numbers = Array.from({ length: 10_000 }, () => env.random.next())
  assert.ok(numbers.every((number) => number >= 0 && number < 1))
  assert.ok(Math.abs(numbers.reduce((sum, number) => sum + number, 0) / 10_000 - 0.5) < 0.03)
})

test('digests are the usual ones', () => {
  const bytes = new TextEncoder().encode('123456789')
  assert.equal(env.digest.crc32(bytes), 0xcbf43926)
  assert.equal(env.digest.crc32(bytes.subarray(4), env.digest.crc32(bytes.subarray(0, 4))), 0xcbf43926)
  assert.equal(env.digest.sha256([bytes.subarray(0, 3), bytes.subarray(3)]), createHash('sha256').update(bytes).digest('hex'))
})

test('a budget ends after its time, however it is asked', () => {
  for (const workMs of [0, 0.001, 0.02, 0.3]) {
    const start = performance.now()
    const budget = new NodeBudget(4)
    assert.ok(budget.hasLeft(), 'something can be done')
    while (budget.hasLeft()) for (const until = performance.now() + workMs; performance.now() < until;) continue
    const took = performance.now() - start
    assert.ok(took >= 4, `${took} ms`)
    assert.equal(budget.hasLeft(), false, 'it stays ended')
  }
})

test('who is alive: only on Linux, and never said in doubt', async () => {
  const self = env.processes.self()
  if (process.platform !== 'linux') return assert.equal(env.processes.isAlive(self), undefined)
  assert.equal(self.pid, process.pid)
  assert.match(self.boot, /^[0-9a-f-]{36}$/)
  assert.equal(env.processes.isAlive(self), true)
  assert.equal(env.processes.isAlive({ ...self, startedAt: '1' }), false, 'the pid belongs to another process now')
  assert.equal(env.processes.isAlive({ ...self, boot: 'other' }), undefined)
  assert.equal(env.processes.isAlive({ ...self, namespace: 'pid:[1]' }), undefined)
  for (const pid of [0, -1, 1.5, Number.NaN]) assert.equal(env.processes.isAlive({ ...self, pid }), undefined)
  const program = `
    const { nodeEnv } = await import(${JSON.stringify(new URL('./node-env.ts', import.meta.url).href)})
    console.log(JSON.stringify(nodeEnv().processes.self()))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await child.stdout.take(1).toArray()) as Buffer[]
  const identity = JSON.parse(String(line)) as typeof self
  assert.equal(env.processes.isAlive(identity), true)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  assert.equal(env.processes.isAlive(identity), false)
})

test('the log is quiet by default, one line an event, and takes any fields', () => {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  nodeLog({ write, level: 'warn' })('info', 'unheard')
  assert.equal(lines.length, 0)
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  nodeLog({ write, level: 'debug', format: 'text' })('error', 'text.event', {
    file: '/a/b.c',
    text: 'two\nlines',
    big: 10n,
    error: new Error('no'),
    circle,
    none: undefined,
  })
  nodeLog({ write, level: 'debug', format: 'json' })('warn', 'json.event', { count: 3, big: 10n })
  nodeLog({ write, level: 'debug', format: 'json' })('warn', 'json.circle', circle)
  assert.equal(lines.length, 3)
  assert.match(
    lines[0] as string,
    /^\d{4}-\S+Z error text\.event file=\/a\/b\.c text="two\\nlines" big="10" error="Error: no\\n.+ circle="cannot be printed: .+" none=undefined\n$/,
  )
  assert.deepEqual(
    { ...(JSON.parse(lines[1] as string) as object), time: '' },
    { time: '', level: 'warn', event: 'json.event', count: 3, big: '10' },
  )
  assert.ok(lines[2]?.endsWith('\n'))
})

test('output whose reader has gone is an error of the write', async () => {
  const program = `
    const { nodeEnv } = await import(${JSON.stringify(new URL('./node-env.ts', import.meta.url).href)})
    const { output } = nodeEnv()
    let count = 0
    try { for (;; count++) await output.write('x'.repeat(1000) + '\\n') } catch (error) { process.exitCode = error.code === 'EPIPE' ? 7 : 8 }`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.once('data', () => child.stdout.destroy())
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 7)
})

test('a folder in which nothing can be made says so at once', async () => {
  if (process.platform !== 'linux') return
  for (const path of ['/proc/millrace', '/proc/millrace/a/b']) await assert.rejects(env.files.makeDirectory(path), { code: 'ENOENT' })
})

test('crash points reach the hook that was given', () => {
  const names: string[] = []
  nodeEnv({ crashPoint: (name) => names.push(name) }).crashPoint('a.b')
  env.crashPoint('nothing happens')
  assert.deepEqual(names, ['a.b'])
})
