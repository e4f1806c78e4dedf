/** The vectors themselves, for vectors.ts. Must run on the oldest Node that we promise. */
import { readFileSync } from 'node:fs'
import { flinkMurmur, murmur3 } from '../../packages/millrace/src/core/hash.ts'
import { flinkKeyGroupsOf, keyGroupOf, keyGroupRangeOf, representativesOf, subtaskOf } from '../../packages/millrace/src/core/key-group.ts'
import { windowStart } from '../../packages/millrace/src/core/window-start.ts'
import { ByteReader, ByteWriter } from '../../packages/millrace/src/serde/bytes.ts'
import { decodeKey, encodeKey, keyGroupOfKey, keyHash, type Key } from '../../packages/millrace/src/serde/key.ts'

type KeyJson = boolean | { readonly number: string } | { readonly bigint: string } | { readonly text: string } | readonly KeyJson[]
interface KeyVector {
  readonly kind: string
  readonly key: KeyJson
  readonly bytes: string
  readonly hash: number
  readonly group128: number
  readonly group1024: number
}

let passed = 0
const failures: string[] = []

function expect(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) passed++
  else failures.push(`${what}: ${String(actual)}, should be ${String(expected)}`)
}

export function checkVectors(): { readonly passed: number; readonly failures: readonly string[] } {
  checkFlinkHashes()
  checkRanges()
  checkRepresentatives()
  checkWindows()
  const vectors = JSON.parse(readFileSync(new URL('../fixtures/key-vectors.json', import.meta.url), 'utf8')) as KeyVector[]
  for (const vector of vectors) checkKey(vector)
  checkKinds(vectors)
  return { passed, failures }
}

function checkFlinkHashes(): void {
  const hashes = [0, 1, -1, 42, 97, -(2 ** 31), 2 ** 31 - 1, 99162322, -836031825]
  const murmurs = [593689054, 68075478, 1982413648, 1134849565, 1455541201, 1718298732, 1653689534, 1715862179, 1662039673]
  const groups = [94, 86, 80, 29, 81, 108, 62, 35, 121]
  hashes.forEach((hash, i) => {
    expect(`flinkMurmur(${hash})`, flinkMurmur(hash), murmurs[i])
    expect(`keyGroupOf(${hash}, 128)`, keyGroupOf(hash, 128), groups[i])
  })
}

function checkRanges(): void {
  const ranges = { 3: [0, 42, 43, 85, 86, 127], 4: [0, 31, 32, 63, 64, 95, 96, 127], 5: [0, 25, 26, 51, 52, 76, 77, 102, 103, 127] }
  for (const [text, ends] of Object.entries(ranges)) {
    const parallelism = Number(text)
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { first, last } = keyGroupRangeOf({ subtask, parallelism, maxParallelism: 128 })
      expect(`first group of ${subtask} of ${parallelism}`, first, ends[2 * subtask])
      expect(`last group of ${subtask} of ${parallelism}`, last, ends[2 * subtask + 1])
      for (const group of [first, last]) expect(`subtask of group ${group} of ${parallelism}`, subtaskOf(group, parallelism, 128), subtask)
    }
  }
  const defaults = [
    [1, 128],
    [64, 128],
    [85, 128],
    [86, 256],
    [100, 256],
    [200, 512],
    [30000, 32768],
  ] as const
  for (const [parallelism, groups] of defaults) expect(`flinkKeyGroupsOf(${parallelism})`, flinkKeyGroupsOf(parallelism), groups)
}

function checkRepresentatives(): void {
  const known = [312, 13, 151, 196, 52, 81, 282, 4]
  const table = representativesOf(128)
  known.forEach((hash, group) => expect(`representative of group ${group} of 128`, table[group], hash))
  const scanned = [
    [128, 636],
    [1024, 6449],
    [32768, 339811],
  ] as const
  for (const [groups, count] of scanned)
    expect(`integers looked at for ${groups} groups`, Math.max(...representativesOf(groups)) + 1, count)
}

function checkWindows(): void {
  const starts = [
    [-1, 0, -10],
    [-10, 0, -10],
    [0, 0, 0],
    [9, 0, 0],
    [10, 0, 10],
    [12, -5, 5],
    [3, 5, -5],
    [-7, 3, -7],
  ] as const
  for (const [timestamp, offset, start] of starts)
    expect(`windowStart(${timestamp}, ${offset}, 10)`, windowStart(timestamp, offset, 10), start)
}

function checkKey(vector: KeyVector): void {
  const key = keyOf(vector.key)
  const name = `${vector.kind}: ${JSON.stringify(vector.key).slice(0, 100)}`
  const writer = new ByteWriter()
  encodeKey(writer, key)
  const bytes = writer.take()
  expect(`bytes of ${name}`, Buffer.from(bytes).toString('hex'), vector.bytes)
  expect(`hash of the bytes of ${name}`, murmur3(Buffer.from(vector.bytes, 'hex')), vector.hash)
  expect(`hash of ${name}`, keyHash(key), vector.hash)
  expect(`group of 128 of ${name}`, keyGroupOfKey(key, 128), vector.group128)
  expect(`group of 1024 of ${name}`, keyGroupOfKey(key, 1024), vector.group1024)
  encodeKey(writer, decodeKey(new ByteReader(bytes)))
  expect(`bytes again of ${name}`, Buffer.from(writer.take()).toString('hex'), vector.bytes)
}

function checkKinds(vectors: readonly KeyVector[]): void {
  const counts = new Map<string, number>()
  for (const { kind } of vectors) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  expect('kinds of keys', counts.size, 12)
  for (const [kind, count] of counts) expect(`vectors of ${kind}`, count, 50)
}

function keyOf(json: KeyJson): Key {
  if (typeof json === 'boolean') return json
  if ('number' in json) return Number(json.number)
  if ('bigint' in json) return BigInt(json.bigint)
  if ('text' in json) return json.text === '' ? '' : String.fromCharCode(...json.text.split(' ').map((unit) => Number.parseInt(unit, 16)))
  return json.map(keyOf)
}
