import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Gunzip } from '../core/env.ts'
import { NodeGunzip } from './node-gunzip.ts'
import { WholeGunzip } from './whole-gunzip.ts'

const hello = gzipSync('hello')
const long = gzipSync('world'.repeat(10_000))
const inputs: Readonly<Record<string, Uint8Array>> = {
  'one member': hello,
  'two members': Buffer.concat([hello, long]),
  padding: Buffer.concat([hello, Buffer.alloc(1_000)]),
  'padding and more': Buffer.concat([hello, Buffer.from([0, 0, 5])]),
  'something else': Buffer.concat([hello, Buffer.from('xyz')]),
  'a cut': long.subarray(0, 20),
  'a cut header': Buffer.concat([hello, hello.subarray(0, 4)]),
  'a wrong sum': Buffer.concat([long.subarray(0, -8), Buffer.alloc(8)]),
  nothing: new Uint8Array(0),
}

/** The text, or the message. */
async function resultOf(gunzip: Gunzip, bytes: Uint8Array, pieceBytes: number): Promise<string> {
  try {
    const parts: Uint8Array[] = []
    for (let from = 0; from < bytes.length; from += pieceBytes) parts.push(await gunzip.push(bytes.slice(from, from + pieceBytes)))
    parts.push(await gunzip.end())
    return `text: ${Buffer.concat(parts).toString()}`
  } catch (error) {
    return (error as Error).message
  } finally {
    gunzip.close()
  }
}

for (const [name, bytes] of Object.entries(inputs)) {
  test(`a simulated process and a real one read gzip data alike: ${name}`, async () => {
    const given = new Set<string>()
    for (const pieceBytes of [3, 64, 100_000]) {
      given.add(await resultOf(new NodeGunzip(), bytes, pieceBytes))
      given.add(await resultOf(new WholeGunzip(), bytes, pieceBytes))
    }
    assert.equal(given.size, 1, [...given].join(' | '))
  })
}
