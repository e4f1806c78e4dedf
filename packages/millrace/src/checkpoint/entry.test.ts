import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Digest } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { ByteWriter } from '../serde/bytes.ts'
import { encodeValue } from '../serde/value.ts'
import { decodeEntry, encodeEntry, MAX_ENTRY_BYTES } from './entry.ts'
import type { Entry, Manifest } from './manifest.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const digest: Digest = {
  crc32: () => 0,
  sha256: (parts) => {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest('hex')
  },
}

const manifest: Manifest = {
  format: 1,
  job: 'fraud',
  checkpoint: 7,
  epoch: 2,
  createdAtMs: 1_700_000_000_000,
  reason: 'periodic',
  keyGroups: 4,
  planHash: 'abc',
  chunks: [{ name: 'e2-c7-step.a-0-0123456789abcdef.chunk', sizeBytes: 10, sha256: 'a'.repeat(64) }],
  operators: {
    'step/a': {
      kind: 'keyed',
      states: {
        last: { kind: 'value', version: 0, ttl: { afterMs: 5, refreshOn: 'write', expired: 'never-returned' } },
        at: { kind: 'timer', domain: 'event', version: 0 },
        n: { kind: 'accumulator', aggregate: 'count', version: 1 },
      },
      runs: [{ chunk: 'e2-c7-step.a-0-0123456789abcdef.chunk', first: 0, last: 3, bytes: 10, entries: 1, level: 0, ignored: ['old'] }],
      watermarks: [
        { first: 0, last: 1, watermark: Number.NEGATIVE_INFINITY },
        { first: 2, last: 3, watermark: 12 },
      ],
    },
    'source/x': { kind: 'source', splits: { 'a.jsonl': { position: { offset: 12n }, maxTimestamp: 3, ended: false } } },
    'sink/y': {
      kind: 'sink',
      committables: [{ checkpoint: 7, epoch: 2, subtask: 0, data: ['part-7', new Uint8Array([1, 2])] }],
      writerStates: [null],
    },
  },
}
const head = { job: 'fraud', log: '0123abcd', epoch: 2, claim: 3, kept: [2, 3], checkpointFloor: 7 }
const owner = { boot: 'b', namespace: 'n', pid: 1, startedAt: 't' }
const entries: readonly Entry[] = [
  { kind: 'claim', ...head, claim: 5, latest: 2, owner, token: 'x', leaseMs: 1000 },
  { kind: 'checkpoint', ...head, latest: 5, manifest },
  { kind: 'release', ...head, latest: 2 },
  { kind: 'finished', ...head, latest: 2, checkpoint: 7 },
]
const at = { number: 5, name: 'log/5.entry' }

function failure(bytes: Uint8Array, expected: typeof at = at): StreamError {
  try {
    decodeEntry(bytes, expected, digest)
  } catch (error) {
    assert.ok(StreamError.is(error), String(error))
    return error
  }
  return assert.fail('it was accepted')
}

/** An intact envelope around any value. */
function enveloped(number: unknown, entry: unknown, version: number = 1): Uint8Array {
  const writer = new ByteWriter()
  writer.u32(0x474c524d)
  writer.u16(version)
  writer.u16(0)
  writer.u32(0)
  encodeValue(writer, number)
  encodeValue(writer, entry)
  const body = writer.take()
  new DataView(body.buffer).setUint32(8, body.length - 12, true)
  return new Uint8Array([...body, ...Buffer.from(digest.sha256([body]), 'hex')])
}

test('every kind of entry comes back as it was', () => {
  for (const entry of entries) assert.deepEqual(decodeEntry(encodeEntry(5, entry, digest), at, digest), entry)
})

test('E1, E3: every flipped bit and every truncation is damage, with the file named', () => {
  for (const entry of entries) {
    const bytes = encodeEntry(5, entry, digest)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
      const error = failure(damaged)
      assert.equal(error.code, 'CHECKPOINT_CORRUPT', `bit ${bit}`)
      assert.match(error.message, /log\/5\.entry/)
    }
    for (let length = 0; length < bytes.length; length++) assert.equal(failure(bytes.subarray(0, length)).code, 'CHECKPOINT_CORRUPT')
    assert.equal(failure(new Uint8Array([...bytes, 0])).code, 'CHECKPOINT_CORRUPT')
  }
})

test("E2: an entry under its neighbour's name is damage", () => {
  const bytes = encodeEntry(5, entries[1] as Entry, digest)
  const error = failure(bytes, { number: 6, name: 'log/6.entry' })
  assert.equal(error.code, 'CHECKPOINT_CORRUPT')
  assert.match(error.message, /log\/6\.entry.*entry 5 under the name of entry 6/)
})

test('E1: an intact entry of a newer format is told apart from damage', () => {
  assert.equal(failure(enveloped(5, { anything: true }, 2)).code, 'CHECKPOINT_FORMAT')
})

test('E3: whatever is written under an intact checksum is an entry or CHECKPOINT_CORRUPT', () => {
  fc.assert(
    fc.property(fc.anything({ withMap: true, withDate: true, withBigInt: true, maxDepth: 4 }), (value) => {
      let bytes: Uint8Array
      try {
        bytes = enveloped(5, value)
      } catch {
        return
      }
      assert.equal(failure(bytes).code, 'CHECKPOINT_CORRUPT')
    }),
    { seed: SEED, numRuns: 500 },
  )
})

/** Every field of an entry, with its path. */
function* places(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  for (const [name, field] of Object.entries(value)) {
    yield [...path, name]
    yield* places(field, [...path, name])
  }
}
function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by
  const field = (value as Record<string, unknown>)[name]
  if (Array.isArray(value)) return value.with(Number(name), replaced(field, rest, by))
  return { ...(value as object), [name]: replaced(field, rest, by) }
}

test('E3: each field of each entry replaced by each of many values: an entry that encodes again, or CHECKPOINT_CORRUPT', () => {
  const values = [
    undefined,
    null,
    true,
    -1,
    0,
    1.5,
    Number.NaN,
    2 ** 60,
    '',
    '../../etc/passwd',
    'x'.repeat(300),
    [],
    [null],
    {},
    { __proto__: null, a: 1 },
    new Map(),
    new Date(0),
    5n,
  ]
  let refused = 0
  for (const entry of entries) {
    for (const path of places(entry)) {
      for (const value of values) {
        const bytes = enveloped(5, replaced(entry, path, value))
        try {
          encodeEntry(5, decodeEntry(bytes, at, digest), digest)
        } catch (error) {
          assert.ok(StreamError.is(error), `${path.join('.')}: ${String(error)}`)
          const isFormat = path.join('.') === 'manifest.format' && Number.isSafeInteger(value) && (value as number) >= 0
          assert.equal(error.code, isFormat ? 'CHECKPOINT_FORMAT' : 'CHECKPOINT_CORRUPT', path.join('.'))
          refused++
        }
      }
    }
  }
  assert.ok(refused > 500, `${refused} refused`)
})

test('a manifest of another format is refused by its version, not taken for damage', () => {
  const { code, message } = failure(enveloped(5, { ...entries[1], manifest: { ...manifest, format: 2 } }))
  assert.equal(code, 'CHECKPOINT_FORMAT')
  assert.match(
    message,
    /The manifest in .* has format 2, and this version of Millrace reads format 1\. A newer version of Millrace wrote it/,
  )
})

test('chunk names that lead out of the folder are refused', () => {
  const chunks = [{ ...manifest.chunks[0], name: '../x' }]
  assert.match(failure(enveloped(5, { ...entries[1], manifest: { ...manifest, chunks } })).message, /manifest\.chunks\[0\]\.name/)
})

const storing = (position: unknown, data: unknown, state: unknown): Entry => {
  const operators = {
    'source/x': { kind: 'source', splits: { 'a.jsonl': { position, maxTimestamp: 3, ended: false } } },
    'sink/y': { kind: 'sink', committables: [{ checkpoint: 7, epoch: 2, subtask: 0, data }], writerStates: [state] },
  }
  return { ...entries[1], manifest: { ...manifest, chunks: [], operators } } as unknown as Entry
}

test('E4: whatever sources and sinks give to be stored comes back equal, or is refused before it is written', () => {
  let kept = 0
  let refused = 0
  const anything = fc.anything({
    withMap: true,
    withSet: true,
    withDate: true,
    withBigInt: true,
    withTypedArray: true,
    withNullPrototype: true,
  })
  // Arbitrary values are seldom plain: half of them are made of what may be stored.
  const { data } = fc.letrec<{ data: unknown }>((tie) => ({
    data: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, -0, Number.NaN, 1.5, 2n ** 70n, '\ud800', new Uint8Array([0, 255]), Buffer.from('a')),
      fc.array(tie('data'), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie('data'), { maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(fc.oneof(data, anything), fc.integer({ min: 0, max: 2 }), (value, place) => {
      const entry = storing(...([0, 1, 2].map((each) => (each === place ? value : null)) as [unknown, unknown, unknown]))
      let bytes: Uint8Array
      try {
        bytes = encodeEntry(5, entry, digest)
      } catch (error) {
        assert.ok(StreamError.is(error) && error.code === 'UNSUPPORTED_VALUE', String(error))
        assert.match(error.message, place === 0 ? /^source\/x gave .*"a\.jsonl"/ : /^sink\/y gave /)
        refused++
        return
      }
      kept++
      assert.deepEqual(comparable(decodeEntry(bytes, at, digest)), comparable(entry))
    }),
    { seed: SEED, numRuns: 1_000 },
  )
  assert.ok(kept > 300 && refused > 100, `${kept} kept, ${refused} refused`)
})

/** Without what the codec is free to change: Buffers and objects without a prototype. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([name, field]) => [name, comparable(field)]))
}

test('E4: what is refused is told with its path', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ rows: [1, { paidAt: new Date(0) }] }, /: committable\.rows\[1\]\.paidAt is of the class Date\. /],
    [{ 'a b': undefined }, /: committable\["a b"\] is undefined\. /],
    [[new Map()], /: committable\[0\] is of the class Map\. /],
    [new Float64Array(1), /: committable is of the class Float64Array\. /],
    [circle, /: committable\.self is a reference back/],
    [Object.assign([1], { extra: 1 }), /: committable\.extra is a named property of an array\. /],
    [{ [Symbol('x')]: 1 }, /symbol/],
  ]
  for (const [data, words] of cases)
    assert.throws(() => encodeEntry(5, storing(null, data, null), digest), { code: 'UNSUPPORTED_VALUE', message: words })
})

test('E4: an entry of our own that could not be read again is a broken rule, not a checkpoint', () => {
  const release: Entry = { ...head, kind: 'release', latest: 2, checkpointFloor: Number.NaN }
  assert.throws(() => encodeEntry(5, release, digest), { code: 'INVARIANT', message: /E4: .*checkpointFloor/ })
})

test('an entry that would be too large is told with the step that wants most to be stored', () => {
  const much = storing('here', ['staged', new Uint8Array(MAX_ENTRY_BYTES)], null)
  assert.throws(() => encodeEntry(5, much, digest), {
    code: 'STAGED_LIMIT',
    retry: 'never',
    message: /^Entry 5 .* Most of it is what sink\/y wants/,
  })
})
