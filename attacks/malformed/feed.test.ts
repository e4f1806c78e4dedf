/** An attack that takes everything for right would never fail: what is wrong is told from what is right. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamError } from '../../packages/millrace/src/core/errors.ts'
import { feed, inputOf } from './feed.ts'
import { encoded } from './mutate.ts'
import type { Parser } from './parser.ts'

function parser(parse: Parser['parse']): Parser {
  return { name: 'a parser', isText: true, samples: [encoded('{"a":1}')], parse }
}

test('a value and an error of the table are right; any other error, that of a system too, and a changed prototype are not', async () => {
  const ends: readonly (readonly [Parser['parse'], outcome: string, fault: RegExp | undefined])[] = [
    [() => 1, 'valid', undefined],
    [
      () => {
        throw new StreamError('CHECKPOINT_CORRUPT', 'damaged')
      },
      'CHECKPOINT_CORRUPT',
      undefined,
    ],
    [() => Promise.reject(new TypeError('x is undefined')), 'valid', /it threw TypeError: x is undefined/],
    [() => Promise.reject(Object.assign(new Error('of the system'), { code: 'ENOENT' })), 'valid', /it threw Error: of the system/],
    [
      () => {
        ;(Object.prototype as { polluted?: true }).polluted = true
      },
      'valid',
      /Object\.prototype has polluted/,
    ],
  ]
  for (const [parse, outcome, fault] of ends) {
    const fed = await feed(parser(parse), 1, 0)
    delete (Object.prototype as { polluted?: true }).polluted
    assert.equal(fed.outcome, outcome)
    if (fault === undefined) assert.equal(fed.fault, undefined)
    else assert.match(fed.fault ?? '', fault)
  }
})

test('one seed gives one input, and inputs differ', () => {
  const one = parser(() => 1)
  const inputs = Array.from({ length: 200 }, (_, index) => Buffer.from(inputOf(one, 7, index)).toString('hex'))
  assert.deepEqual(
    Array.from({ length: 200 }, (_, index) => Buffer.from(inputOf(one, 7, index)).toString('hex')),
    inputs,
  )
  assert.ok(new Set(inputs).size > 120)
})

/** Found by a look with fresh eyes: nearly all changed chunks ended at the checksum of a block. */
test('a changed chunk is made whole: its blocks have their checksums, wherever they were changed', async () => {
  const { stateParsers } = await import('./parsers-state.ts')
  const chunk = stateParsers.find(({ name }) => name === 'chunk') as Parser
  for (const sample of chunk.samples.slice(0, 3)) {
    assert.deepEqual(chunk.seal?.(sample), sample)
    const changed = sample.slice()
    // Behind the header, before the index.
    const at = sample.length >> 1
    changed[at] = (changed[at] as number) ^ 1
    assert.equal((await feed({ ...chunk, seal: (bytes) => bytes, hostile: [changed] }, 1, 0)).outcome, 'CHECKPOINT_CORRUPT')
    assert.equal((await feed({ ...chunk, hostile: [chunk.seal?.(changed) as Uint8Array] }, 1, 0)).outcome, 'valid')
  }
})
