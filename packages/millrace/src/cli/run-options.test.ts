import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../core/errors.ts'
import { settingsOf } from '../job/settings.ts'
import { startOptionsOf } from './run-options.ts'

function refusal(values: Readonly<Record<string, string | true>>): string {
  try {
    startOptionsOf(values)
  } catch (error) {
    assert.ok(StreamError.is(error))
    return `${error.code} ${error.message}`
  }
  throw new Error(`accepted: ${JSON.stringify(values)}`)
}

test('options become those of the engine, and the engine takes them', () => {
  const options = startOptionsOf({
    checkpoints: 'state',
    'checkpoint-every': '500ms',
    retain: '5',
    lease: '2s',
    parallelism: '4',
    workers: '0',
    config: '{"a":1}',
  })
  assert.deepEqual(options, {
    config: { a: 1 },
    parallelism: 4,
    workers: 0,
    checkpoints: { storage: 'state', every: 500, lease: 2_000, retain: 5 },
  })
  assert.equal(settingsOf(options).checkpoints?.everyMs, 500)
  assert.deepEqual(startOptionsOf({}), {})
})

test('what is restored', () => {
  const restore = (values: Readonly<Record<string, string | true>>): unknown =>
    startOptionsOf({ checkpoints: './state', ...values }).restore
  assert.equal(restore({}), undefined)
  assert.equal(restore({ restore: 'latest' }), undefined)
  assert.equal(restore({ restore: 'none' }), 'none')
  assert.deepEqual(restore({ 'allow-dropped': true }), { allowDropped: true })
  assert.deepEqual(restore({ restore: 'state/12' }), { from: '12', acceptLoss: false, allowDropped: false })
  assert.deepEqual(restore({ restore: '12', 'accept-loss': true, 'allow-dropped': true }), {
    from: '12',
    acceptLoss: true,
    allowDropped: true,
  })
})

test('what contradicts itself or would be ignored is refused', () => {
  const dir = { checkpoints: 'state' }
  assert.match(refusal({ 'accept-loss': true, ...dir }), /--accept-loss needs --restore DIR\/N/)
  assert.match(refusal({ restore: 'none', 'accept-loss': true, ...dir }), /--accept-loss says nothing with --restore none/)
  assert.match(refusal({ restore: 'none', 'allow-dropped': true, ...dir }), /--allow-dropped says nothing/)
  assert.match(refusal({ restore: 'other/12', ...dir }), /--restore names other, but the run continues in state/)
  assert.match(refusal({ restore: 'newest', ...dir }), /--restore is 'newest': it may be latest, none or DIR\/N/)
  for (const name of ['checkpoint-every', 'retain', 'lease', 'restore'])
    assert.match(refusal({ [name]: '1s' }), new RegExp(`--${name} needs --checkpoints DIR`))
})

test('numbers and times are refused in the words of the command line', () => {
  assert.equal(refusal({ parallelism: 'two' }), "COMMAND_LINE --parallelism is 'two': it has to be a whole number.")
  assert.match(refusal({ parallelism: '-1' }), /--parallelism/)
  assert.match(
    refusal({ checkpoints: 'state', 'checkpoint-every': '500' }),
    /^INVALID_DURATION --checkpoint-every is "500": it has no unit\. Write 500ms/,
  )
})

test('when a failed job starts again: the strategies of the engine, with its names for their options', () => {
  const restart = (text: string): unknown => {
    const options = startOptionsOf({ checkpoints: 'state', restart: text })
    settingsOf(options)
    return options.restart
  }
  assert.equal(restart('none'), 'none')
  assert.deepEqual(restart('exponential'), { strategy: 'exponential' })
  assert.deepEqual(restart('exponential:initial=500ms,max=30s,multiplier=2,jitter=0,resetAfter=10m'), {
    strategy: 'exponential',
    initial: 500,
    max: 30_000,
    multiplier: 2,
    jitter: 0,
    resetAfter: 600_000,
  })
  assert.deepEqual(restart('fixed-delay:attempts=3,delay=1s'), { strategy: 'fixed-delay', attempts: 3, delay: 1_000 })
  assert.equal(startOptionsOf({ restart: 'none' }).restart, 'none')
})

test('a restart that is not understood is named, with how to write it', () => {
  const wrong = (restart: string): string => refusal({ checkpoints: 'state', restart })
  const form = 'fixed-delay:attempts=3,delay=10s'
  assert.equal(wrong('fixed'), `COMMAND_LINE --restart is 'fixed': did you mean ${form}?`)
  assert.match(
    wrong('sometimes'),
    /^COMMAND_LINE --restart is 'sometimes': it may be none, fixed-delay:.*, exponential or exponential:initial=1s,/,
  )
  assert.equal(wrong('fixed-delay'), `COMMAND_LINE --restart fixed-delay says no attempts: write ${form}.`)
  assert.equal(wrong('fixed-delay:attempts=3'), `COMMAND_LINE --restart fixed-delay:attempts=3 says no delay: write ${form}.`)
  assert.equal(wrong('fixed-delay:3,1s'), `COMMAND_LINE --restart has '3' where NAME=VALUE should stand: write ${form}.`)
  assert.equal(wrong('fixed-delay:attempts=3,dely=1s'), 'COMMAND_LINE fixed-delay has no option dely: did you mean delay?')
  assert.equal(wrong('fixed-delay:attempts=3,attempts=4,delay=1s'), `COMMAND_LINE --restart says attempts twice: write ${form}.`)
  assert.equal(wrong('fixed-delay:attempts=many,delay=1s'), "COMMAND_LINE --restart attempts is 'many': it has to be a number.")
  assert.match(wrong('fixed-delay:attempts=3,delay=1'), /^INVALID_DURATION --restart delay is "1": it has no unit/)
  assert.match(refusal({ restart: 'exponential' }), /^COMMAND_LINE --restart needs --checkpoints DIR/)
})
