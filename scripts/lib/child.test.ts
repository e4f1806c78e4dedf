import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChild, twoAtATime } from './child.ts'

const run = (code: string, timeoutMs = 20_000) => runChild(process.execPath, ['--eval', code], { timeoutMs })

test('output of both kinds and the exit code come back', async () => {
  const { code, output } = await run(`console.log('a'); console.error('b'); process.exitCode = 3`)
  assert.equal(code, 3)
  assert.deepEqual(output.split('\n').toSorted(), ['', 'a', 'b'])
})

test('a program that takes too long is stopped, even if what it started holds its output', async () => {
  const holdsOutput = `require('node:child_process').spawn('sleep', ['5'], { stdio: 'inherit' }); setInterval(() => {}, 1000)`
  const { code, output, tookMs } = await run(holdsOutput, 300)
  assert.equal(code, 124)
  assert.match(output, /stopped after 0\.3 s/)
  assert.ok(tookMs < 4_000)
})

test('a program that does not exist fails', async () => {
  const { code, output } = await runChild('no-such-program', [], { timeoutMs: 1_000 })
  assert.equal(code, 127)
  assert.match(output, /ENOENT/)
})

test('two at a time, results in the order of the items', async () => {
  let running = 0
  let most = 0
  const results = await twoAtATime([3, 1, 2, 0], async (item) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return item * 2
  })
  assert.deepEqual(results, [6, 2, 4, 0])
  assert.equal(most, 2)
})
