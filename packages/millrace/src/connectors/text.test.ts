import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileFormatOf, type FileFormat } from './format.ts'
import { text } from './text.ts'

const format = fileFormatOf(text()) as FileFormat<string>
const read = (content: string | Uint8Array): readonly string[] =>
  format.reader('in.txt', new Uint8Array(0))(typeof content === 'string' ? new TextEncoder().encode(content) : content, {
    firstLine: 0,
    isStart: true,
  }).values

test('each line is a record, also an empty one', () => {
  assert.deepEqual(read('a\n\n b \r\n\r\nc'), ['a', '', ' b ', '', 'c'])
  assert.deepEqual(read('\n'), [''])
  assert.deepEqual(read(''), [])
  assert.deepEqual(read('\uFEFFa\n\uFEFFb'), ['a', '\uFEFFb'])
  const records = format.reader('in.txt', new Uint8Array(0))(Uint8Array.of(97, 10, 10, 0xff, 10, 98), { firstLine: 4, isStart: false })
  assert.deepEqual(records.values, ['a', '', 'b'])
  assert.deepEqual(
    records.broken?.map(({ index, position }) => ({ index, position })),
    [{ index: 2, position: 'in.txt:7' }],
  )
  assert.equal(records.lineCount, 4)
})

test('what is written comes back', () => {
  for (const lines of [['a', '', 'b\rc', ' '], ['\uFEFFmark', '\uFEFF'], ['']]) {
    const encoder = format.encoder()
    const body = lines.map((line) => encoder.encode(line)).join('')
    assert.deepEqual(read(encoder.header + body), lines)
  }
})

test('what would be another text, or more than one, is refused', () => {
  for (const [value, message] of [
    ['a\nb', /line end inside/],
    ['a\r', /carriage return/],
    ['\ud800', /surrogate/],
    [1, /a number, no string/],
    [null, /null/],
  ] as const)
    assert.throws(() => format.encoder().encode(value as string), { code: 'UNSUPPORTED_VALUE', message })
})
