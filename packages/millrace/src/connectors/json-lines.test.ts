import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkValue } from '../serde/check.ts'
import { fileFormatOf, type FileFormat, type RecordEncoder } from './format.ts'
import { jsonLines } from './json-lines.ts'

const format = fileFormatOf(jsonLines())?.encoder() as RecordEncoder<unknown>

test('what JSON can hold comes back, on one line', () => {
  for (const value of [0, -1.5, 'a\nb\u2028c', '\ud800', true, null, [], {}, [null, {}], { a: { b: [1, 'null', '{}'] } }, { '0': 1 }]) {
    const line = format.encode(value)
    assert.match(line, /^[^\n]+\n$/)
    assert.deepEqual(JSON.parse(line), value)
  }
  assert.equal(format.encode({ zero: -0, none: undefined, f: () => 1 }), '{"zero":0}\n')
  assert.equal(format.encode({ at: new Date(0), none: undefined }), '{"at":"1970-01-01T00:00:00.000Z"}\n')
})

const refused: readonly (readonly [value: unknown, message: RegExp])[] = [
  [undefined, /it is undefined/],
  [() => 1, /it is a function/],
  [Symbol('s'), /it is a symbol/],
  [10n, /it is a bigint/],
  [{ a: [1, { b: 2n }] }, /a\[1\]\.b is a bigint/],
  [Number.NaN, /it is NaN/],
  [{ a: { b: Infinity } }, /a\.b is Infinity/],
  [{ none: null, deep: [[Number.NaN]] }, /deep\[0\]\[0\] is NaN/],
  [{ a: new Map([[1, 2]]) }, /a is a Map/],
  [{ a: new Set() }, /a is a Set/],
  [{ a: Uint8Array.of(1, 2) }, /a is a Uint8Array/],
  [{ a: new ArrayBuffer(4) }, /a is an ArrayBuffer/],
  [{ a: new DataView(new ArrayBuffer(4)) }, /a is a DataView/],
  [{ a: [1, undefined] }, /a\[1\] is undefined/],
  // oxlint-disable-next-line no-sparse-arrays -- holes are what is tried
  [{ a: [1, , 2] }, /a\[1\] is undefined/],
  [[() => 1], /\[0\] is a function/],
  [{ at: new Date(Number.NaN) }, /at is an invalid Date/],
  [{ a: Promise.resolve(1) }, /a is a Promise/],
  [{ a: /x/ }, /a is a RegExp/],
  [{ a: new Error('x') }, /a is an Error/],
]
for (const [value, message] of refused) {
  test(`refused: ${message.source}`, () => assert.throws(() => format.encode(value), { code: 'UNSUPPORTED_VALUE', message }))
}

test('a cycle is refused', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  assert.throws(() => format.encode(circle), { code: 'UNSUPPORTED_VALUE', message: /circular/i })
})

/** Found by a look with fresh eyes: such a record ended the job although `invalid` was set, or passed unnoticed and ended it later. */
test('JSON that is deeper than a record may be is a broken record with its line, one as deep as that is none', () => {
  const nested = (depth: number): string => '{"a":['.repeat(depth / 2) + (depth % 2 === 1 ? '{}' : '0') + ']}'.repeat(depth / 2)
  const texts = JSON.stringify({ text: '[{'.repeat(200), 'quote"{\\': '\\"[{'.repeat(100), end: '\\' })
  const wide = JSON.stringify({ rows: Array.from({ length: 100 }, () => [{}]) })
  const lines = [nested(64), nested(65), texts, nested(1_000), wide, `[${texts},${nested(64)}]`]
  const records = (fileFormatOf(jsonLines()) as FileFormat<unknown>).reader('deep.jsonl', new Uint8Array(0))(
    new TextEncoder().encode(lines.join('\n')),
    { firstLine: 0, isStart: true },
  )
  assert.deepEqual(
    records.broken?.map(({ position, message }) => [position, message.includes('cannot be parsed: it is more than 64 objects')]),
    [2, 4, 6].map((line) => [`deep.jsonl:${line}`, true]),
  )
  assert.equal(records.values.length, 3)
  for (const value of records.values) assert.doesNotThrow(() => checkValue(value))
  assert.throws(() => checkValue(JSON.parse(nested(65))), { code: 'UNSUPPORTED_VALUE' })
})

/** Found by a look with fresh eyes: read as Infinity it ended the job at the first sink, which cannot write it, although `invalid` was set. */
test('JSON with a number beyond the largest there is is a broken record that names it; text that looks like one is none', () => {
  const digits = '9'.repeat(309)
  const good = ['1e308', '1e-400', `{"a":"1e400 ${digits}"}`, '{"1e400":[1.5e3]}', '9'.repeat(308), '{"e1234":null}']
  const bad = ['{"n":1e400}', '1e309', '-1E+0309', digits, `{"a":[0,{"b":-${digits}.5}]}`, `${'1'.repeat(250)}e99`, '["1e400",[],1e400]']
  const records = (fileFormatOf(jsonLines()) as FileFormat<unknown>).reader('big.jsonl', new Uint8Array(0))(
    new TextEncoder().encode([...good, ...bad].join('\n')),
    { firstLine: 0, isStart: true },
  )
  assert.deepEqual(
    records.values,
    good.map((line) => JSON.parse(line) as unknown),
  )
  assert.deepEqual(
    records.broken?.map(({ message }) => /^big\.jsonl:\d+ cannot be parsed: (.+) is a number beyond 1\.8e308/.exec(message)?.[1]),
    ['n', 'it', 'it', 'it', 'a[1].b', 'it', '[2]'],
  )
  for (const value of records.values) assert.doesNotThrow(() => format.encode(value))
})

test('a patched prototype breaks no record', () => {
  Object.assign(Object.prototype, { patched: Infinity })
  try {
    const reader = (fileFormatOf(jsonLines()) as FileFormat<unknown>).reader('in.jsonl', new Uint8Array(0))
    assert.deepEqual(reader(new TextEncoder().encode('{"a":1}'), { firstLine: 0, isStart: true }).broken ?? [], [])
  } finally {
    Reflect.deleteProperty(Object.prototype, 'patched')
  }
})
