/** What a suite is given wrongly is told when it is made, not as a TypeError by each of its cases. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arraySource } from '../connectors/array-source.ts'
import { collectSink } from '../connectors/collect-sink.ts'
import { nodeEnv } from '../env/node-env.ts'
import type { ContractCase } from './contract-case.ts'
import { directSinkSuite } from './direct-sink-suite.ts'
import { memoryStorage } from './memory-storage.ts'
import { sinkSuite } from './sink-suite.ts'
import { sourceSuite } from './source-suite.ts'
import { storageSuite } from './storage-suite.ts'

type Suite = (options: object) => readonly ContractCase[]
const env = nodeEnv()
const numbers = [1, 2, 3]
const sink = { env, create: () => ({ sink: collectSink<number>([]), committed: () => [] }), value: (index: number) => index }
const suites: Readonly<Record<string, { readonly suite: unknown; readonly options: object }>> = {
  sourceSuite: { suite: sourceSuite, options: { env, create: () => arraySource(numbers), expected: new Map([['0', numbers]]) } },
  sinkSuite: { suite: sinkSuite, options: sink },
  directSinkSuite: { suite: directSinkSuite, options: sink },
  storageSuite: { suite: storageSuite, options: { env, create: () => memoryStorage(async (_env, action) => action()) } },
}

function refused(name: string, wrong: object, message: string): void {
  const { suite, options } = suites[name] as (typeof suites)[string]
  assert.throws(
    () => (suite as Suite)({ ...options, ...wrong }),
    (error: { readonly code?: unknown; readonly message: string }) => error.code === 'INVALID_OPTION' && error.message.startsWith(message),
    `${name}: ${message}`,
  )
}

for (const [name, { suite, options }] of Object.entries(suites))
  test(`${name} names what it was given wrongly`, () => {
    assert.ok((suite as Suite)(options).length > 0)
    assert.throws(() => (suite as Suite)(undefined as unknown as object), {
      code: 'INVALID_JOB',
      message: new RegExp(`What ${name} was given`),
    })
    refused(name, { env: undefined }, `env of ${name} is undefined: it has to be an Env, such as nodeEnv()`)
    refused(name, { env: {} }, `env of ${name} is an object`)
    refused(name, { create: 1 }, `create of ${name} is 1: it has to be a function`)
    if ('value' in options) refused(name, { value: undefined }, `value of ${name} is undefined`)
  })

test('sourceSuite wants a Map of arrays as what is expected', () => {
  refused('sourceSuite', { expected: undefined }, 'expected of sourceSuite is undefined: it has to be a Map of each split')
  refused('sourceSuite', { expected: { 0: numbers } }, 'expected of sourceSuite is an object: it has to be a Map')
  refused(
    'sourceSuite',
    { expected: new Map([['0', 'abc']]) },
    "expected.get('0') of sourceSuite is 'abc': it has to be an array of records",
  )
})

test('a sink under test without a committed function is named', async () => {
  for (const made of [undefined, {}, { sink: collectSink([]) }]) {
    const suite = (sinkSuite as unknown as Suite)({ ...sink, create: () => made })
    await assert.rejects((suite[0] as ContractCase).run(), { code: 'CONTRACT', message: /^create\(\) gives / })
  }
})
