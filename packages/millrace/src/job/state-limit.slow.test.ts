/** A real process whose heap is too small for what its job keeps. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

test('without a limit of its own a job fails at a share of the heap, where the process would have died', () => {
  const engine = new URL('../index.ts', import.meta.url).href
  const job = `
    import { arraySource, callbackSink, defineJob, generatorSource, mapState, run } from '${engine}'
    const growing = defineJob('growing', (job) => {
      job
        .from('numbers', generatorSource({ record: (i) => i }))
        .keyBy((n) => n % 1000)
        .process('keep', { state: { all: mapState() }, onRecord: (n, { state }) => state.all.set(n, { n, text: 'number ' + n }) })
        .to('out', callbackSink(() => undefined))
    })
    await run(growing).catch((error) => console.log(error.code, error.message))`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--max-old-space-size=160', '--no-warnings', '--input-type=module', '--eval', job],
    { encoding: 'utf8', timeout: 60_000 },
  )
  assert.equal(status, 0, stderr.slice(-2_000))
  assert.match(stdout, /^STATE_LIMIT State takes about \d+ MB, .*step\/keep\.all/)
})
