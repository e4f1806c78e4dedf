import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageOf, StreamError } from '../core/errors.ts'
import { configOf, withConfigHint } from './config-argument.ts'

function refusal(text: string): string {
  try {
    configOf(text, 'run')
  } catch (error) {
    return messageOf(error)
  }
  throw new Error(`accepted: ${text}`)
}

test('any JSON is a config', () => {
  assert.equal(configOf(undefined, 'run'), undefined)
  assert.deepEqual(configOf('{"a":[1,"x",null]}', 'run'), { a: [1, 'x', null] })
  assert.equal(configOf('0', 'run'), 0)
})

test('says where JSON goes wrong, whether V8 does or not', () => {
  const places: readonly (readonly [string, string])[] = [
    ['{a:1}', "character 2, here: '{>>>a:1}'"],
    ['{"a":}', 'character 6, here: \'{"a":>>>}\''],
    ['{"a": tru}', 'character 10, here: \'{"a": tru>>>}\''],
    ['[1,]', "character 4, here: '[1,>>>]'"],
    ['nope', "character 2, here: 'n>>>ope'"],
    ['{"a":1}}', 'character 8, here: \'{"a":1}>>>}\''],
    ['{"a":1', 'its end, after \'{"a":1\''],
    ['"abc', "its end, after '\"abc'"],
    ['   ', "its end, after '   '"],
  ]
  for (const [text, place] of places) assert.ok(refusal(text).includes(`at ${place}.`), `${text}: ${refusal(text)}`)
})

test('JSON without its quotes is what a shell leaves', () => {
  assert.match(refusal('{shop:north}'), /Put it in single quotes: --config '\{"name":"value"\}'\.$/)
  assert.doesNotMatch(refusal('{"a":}'), /single quotes/)
})

test('a factory that stumbles over a missing config gets a hint', () => {
  const error = new StreamError('INVALID_JOB', "The factory of the job 'x' threw: no", { cause: new TypeError('no') })
  assert.match(messageOf(withConfigHint(error, undefined)), /No --config was given/)
  assert.equal(withConfigHint(error, {}), error)
  const other = new StreamError('INVALID_JOB', 'else')
  assert.equal(withConfigHint(other, undefined), other)
})

test('the place is found soon in a long text too', () => {
  const began = process.cpuUsage()
  assert.match(refusal(`[${'1,'.repeat(300_000)}x]`), /at character 600002, here: '(1,){10}>>>x\]'/)
  const { user } = process.cpuUsage(began)
  assert.ok(user < 1_000_000, `${user} µs`)
})
