import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueData, valueText } from './value-text.ts'

const day = new Date('2001-06-30T23:50:00Z')

test('values of any kind become one line that tells kinds apart', () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [{ offset: 12, big: 5n }, '{"offset":12,"big":5n}'],
    [['5n', 5, -0, null, undefined, true], '["5n",5,-0,null,undefined,true]'],
    [new Uint8Array([0, 1, 255]), 'bytes 0001ff'],
    [new Float64Array([1.5]), 'Float64Array [1.5]'],
    [new Uint8Array([7]).buffer, 'ArrayBuffer 07'],
    [Number.NaN, 'NaN'],
    [new Map<unknown, unknown>([['a', new Set([1, '1'])]]), 'Map {"a" => Set {1,"1"}}'],
    [{ day, never: new Date(Number.NaN) }, '{"day":2001-06-30T23:50:00.000Z,"never":Invalid Date}'],
    ['two\nlines', '"two\\nlines"'],
    [[], '[]'],
    [{}, '{}'],
  ]
  for (const [value, text] of rows) assert.equal(valueText(value), text)
})

test('a line has its limit, however large the value, and what is beyond is not even looked at', () => {
  assert.equal(valueText('x'.repeat(200), 10), '"xxxxxx...')
  let seen = 0
  const endless = {
    *[Symbol.iterator]() {
      for (;;) {
        seen++
        yield 1
      }
    },
  }
  assert.equal(valueText(Object.assign(new Set(), endless), 12), 'Set {1,1,...')
  assert.ok(seen < 20)
})

test('as data nothing is lost', () => {
  const value = {
    __proto__: null,
    day,
    big: 5n,
    nan: Number.NaN,
    map: new Map([[1n, 'x']]),
    set: new Set(['a']),
    bytes: new Uint8Array([0, 1]),
  }
  assert.deepEqual(JSON.parse(JSON.stringify(valueData({ ...value, list: [undefined, -0, null], floats: new Float64Array([1]) }))), {
    day: { $date: '2001-06-30T23:50:00.000Z' },
    big: { $bigint: '5' },
    nan: { $number: 'NaN' },
    map: { $map: [[{ $bigint: '1' }, 'x']] },
    set: { $set: ['a'] },
    bytes: { $bytes: 'AAE=' },
    list: [{ $undefined: true }, { $number: '-0' }, null],
    floats: { $Float64Array: [1] },
  })
  assert.equal(JSON.stringify(valueData(JSON.parse('{"__proto__":1}'))), '{"__proto__":1}')
})
