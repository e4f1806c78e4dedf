import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csv } from './csv.ts'
import { fileFormatOf, type FileFormat } from './format.ts'
import type { ParsedRecords } from './parsed-records.ts'
import { SeededRandom } from './seeded-random.ts'

const seed = Number(process.env['SEED'] ?? 1)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
type AnyFormat = { readonly name: string }
const formatOf = (format: AnyFormat): FileFormat<unknown> => fileFormatOf(format) as FileFormat<unknown>

function parsed(format: FileFormat<unknown>, content: string | Uint8Array): ParsedRecords<unknown> {
  const bytes = typeof content === 'string' ? bytesOf(content) : content
  const mark = bytes[0] === 0xef ? 3 : 0
  const header = format.hasHeader ? bytes.slice(0, format.scanner()(bytes, mark) || bytes.length) : new Uint8Array(0)
  return format.reader('in.csv', header)(bytes, { firstLine: 0, isStart: true })
}
const rows = (text: string | Uint8Array, format: AnyFormat = csv()): unknown[] => {
  const { values, broken } = parsed(formatOf(format), text)
  assert.equal(broken, undefined)
  return values
}
const written = (format: AnyFormat, values: readonly unknown[]): string => {
  const encoder = formatOf(format).encoder()
  const lines = values.map((value) => encoder.encode(value)).join('')
  return encoder.header + lines
}

test('fields between commas, lines that end with \\n or \\r\\n, the last one with neither', () => {
  assert.deepEqual(rows('a,b\n1,2\r\n,\n3,4'), [
    { a: '1', b: '2' },
    { a: '', b: '' },
    { a: '3', b: '4' },
  ])
  assert.deepEqual(rows(''), [])
  assert.deepEqual(rows('a,b\n'), [])
  assert.deepEqual(rows('a,b'), [])
  assert.deepEqual(rows('a,b\r'), [])
  assert.deepEqual(rows('\uFEFF'), [])
  assert.deepEqual(rows('\uFEFF', csv({ columns: { a: Number } })), [])
  assert.deepEqual(rows('a\n\n1\n\r\n""\n'), [{ a: '1' }, { a: '' }], 'empty lines are none, empty fields in quotes are')
})

test('quotes hold delimiters, line ends and doubled quotes', () => {
  assert.deepEqual(rows('a,b\n"1,2","x\r\ny\n"\n"",""""\n"say ""hi""",2\r\n"z"'.replace(/"z"$/, '"z",')), [
    { a: '1,2', b: 'x\r\ny\n' },
    { a: '', b: '"' },
    { a: 'say "hi"', b: '2' },
    { a: 'z', b: '' },
  ])
  assert.deepEqual(rows('"a, ""b""",c\n5" disk,it"s\n'), [{ 'a, "b"': '5" disk', c: 'it"s' }], 'a quote inside a field is a character')
})

test('a byte order mark is no part of the first field, quoted or not', () => {
  assert.deepEqual(rows('\uFEFFa,b\n1,2\n'), [{ a: '1', b: '2' }])
  assert.deepEqual(rows('\uFEFF"a\n",b\n1,\uFEFF2\n'), [{ 'a\n': '1', b: '\uFEFF2' }])
})

test('columns are found by name in each file and read by their functions; others are left out', () => {
  const format = csv({ columns: { amount: Number, at: Date.parse, name: String, big: BigInt } })
  assert.deepEqual(rows('name,other,big,at,amount\nA,x,10,1970-01-01T00:00:01Z,-1.5e3\n', format), [
    { amount: -1500, at: 1000, name: 'A', big: 10n },
  ])
})

test('without a header columns come in their order, or have numbers', () => {
  assert.deepEqual(rows('1;2\n', csv({ columns: { b: Number, a: String }, header: false, delimiter: ';' })), [{ b: 1, a: '2' }])
  assert.deepEqual(rows('1\t2\n3\t4', csv({ header: false, delimiter: '\t' })), [
    { column1: '1', column2: '2' },
    { column1: '3', column2: '4' },
  ])
})

test('what is wrong with a record names its line, its column and the reason, and the others go on', () => {
  const format = csv({
    columns: {
      n: Number,
      s: (text): string => {
        if (text === 'bad') throw new RangeError('no good')
        return text
      },
    },
  })
  const { values, broken, ...rest } = parsed(formatOf(format), 'n,s\n1,a\n2\n3,b,c\n"4","x\ny"\nfive,e\n,f\n7,bad\n"8"x,g\n9,"open\n10,h\n')
  assert.deepEqual(values, [
    { n: 1, s: 'a' },
    { n: 4, s: 'x\ny' },
  ])
  assert.deepEqual(
    broken?.map(({ index, message, input }) => ({ index, message, input })),
    [
      { index: 1, message: 'in.csv:3 cannot be parsed: it has 1 field instead of 2', input: '2' },
      { index: 1, message: 'in.csv:4 cannot be parsed: it has 3 fields instead of 2', input: '3,b,c' },
      { index: 2, message: 'in.csv:7 cannot be parsed: the column "n" cannot be read: Number gives NaN', input: 'five,e' },
      { index: 2, message: 'in.csv:8 cannot be parsed: the column "n" is empty', input: ',f' },
      { index: 2, message: 'in.csv:9 cannot be parsed: the column "s" cannot be read: no good', input: '7,bad' },
      { index: 2, message: 'in.csv:10 cannot be parsed: there is text after the closing quote of field 1', input: '"8"x,g' },
      { index: 2, message: 'in.csv:11 cannot be parsed: the quote that begins field 2 is never closed', input: '9,"open\n10,h' },
    ],
  )
  assert.equal(rest.lineCount, 12)
})

/** Found by a look with fresh eyes: a field of one space was 0, and `Infinity` ended the job at a sink, which cannot write it. */
test('a blank field is as empty as one of nothing, and Number gives finite numbers alone; blanks around a number are left out', () => {
  const format = csv({ columns: { n: Number, big: BigInt, own: (text) => (text === 'any' ? Infinity : Number(text)) } })
  const fields = [' 7 ,\t8,0', '\t,1,1', '" ",1,1', '1, ,1', '00, 0 ,any', 'Infinity,1,1', '-1e400,1,1', 'NaN,1,1', '1e3,1, ']
  const { values, broken } = parsed(formatOf(format), `n,big,own\n${fields.join('\n')}\n`)
  assert.deepEqual(values, [
    { n: 7, big: 8n, own: 0 },
    { n: 0, big: 0n, own: Infinity },
    { n: 1_000, big: 1n, own: 0 },
  ])
  assert.deepEqual(
    broken?.map(({ message }) => message.replace(' cannot be parsed: the column', '')),
    [
      'in.csv:3 "n" is empty',
      'in.csv:4 "n" is empty',
      'in.csv:5 "big" is empty',
      'in.csv:7 "n" cannot be read: Number gives Infinity',
      'in.csv:8 "n" cannot be read: Number gives -Infinity',
      'in.csv:9 "n" cannot be read: Number gives NaN',
    ],
  )
})

test('a function that gives no date is told as one that gives no number is', () => {
  const { values, broken } = parsed(formatOf(csv({ columns: { at: (text) => new Date(text) } })), 'at\n2026-05-04\nsoon\n')
  assert.deepEqual(values, [{ at: new Date('2026-05-04') }])
  assert.match(broken?.[0]?.message ?? '', /in\.csv:3 cannot be parsed: the column "at" cannot be read: its function gives an invalid Date/)
})

test('a value knows its line also after records of several lines', () => {
  const records = parsed(formatOf(csv()), 'a\n"1\n1"\n2\n\n"3\n\n3"\n4\n')
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => records.positionOf(index)),
    ['in.csv:2', 'in.csv:4', 'in.csv:6', 'in.csv:9'],
  )
})

test('bytes that are no UTF-8 break their record only', () => {
  const broken = Uint8Array.from([...bytesOf('a,b\n1,"x\ny"\n'), 0xff, ...bytesOf(',2\n3,ä\n')])
  const records = parsed(formatOf(csv()), broken)
  assert.deepEqual(records.values, [
    { a: '1', b: 'x\ny' },
    { a: '3', b: 'ä' },
  ])
  assert.deepEqual(
    records.broken?.map(({ index, message }) => ({ index, message })),
    [{ index: 1, message: 'in.csv:4 cannot be parsed: it is not UTF-8' }],
  )
  assert.equal(records.positionOf(1), 'in.csv:5')
})

test('a header that does not fit is refused and named', () => {
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    ['\r\namount\n1\n', /header of in\.csv .*the first line is empty/],
    ['a,b\n', /header of in\.csv .*no column "amount"; there are "a", "b"/],
    ['amount,amount\n', /two columns "amount"/],
    ['other\n', /there is only "other"/],
    ['a,amount\r1,2\r3,4\r', /carriage return in it without a newline after it\. Lines have to end with \\n or \\r\\n/],
    ['"x\ry",amount\r"1\n",2\r', /carriage return/],
    ['amount,"b\n', /quote that begins field 2 is never closed/],
  ]
  for (const [text, message] of cases)
    assert.throws(() => parsed(formatOf(csv({ columns: { amount: Number } })), text), { code: 'SOURCE', retry: 'never', message })
  assert.throws(() => parsed(formatOf(csv()), 'a,\n1,2\n'), { code: 'SOURCE', message: /without a name/ })
  assert.throws(() => parsed(formatOf(csv()), 'a,a\n'), { code: 'SOURCE', message: /two columns/ })
  assert.throws(() => parsed(formatOf(csv()), '__proto__,a\n'), { code: 'SOURCE', message: /__proto__/ })
  assert.throws(() => parsed(formatOf(csv()), Uint8Array.of(0xff, 10)), { code: 'SOURCE', message: /not UTF-8/ })
})

test('options that cannot be meant are refused', () => {
  const cases: readonly (readonly [options: unknown, message: RegExp])[] = [
    [{ delimiter: '' }, /delimiter ""/],
    [{ delimiter: '"' }, /delimiter/],
    [{ delimiter: '\n' }, /delimiter/],
    [{ delimiter: '::' }, /delimiter/],
    [{ delimiter: 'ä' }, /delimiter/],
    [{ columns: {} }, /no columns/],
    [{ columns: { a: 'number' } }, /function for the column a/],
    [{ columns: { ok: Boolean } }, /Boolean, for which every text/],
    [{ columns: { at: Date } }, /Date, which called like this/],
    [{ header: 1 }, /header/],
    [{ separator: ';' }, /no option separator/],
    ['x', /object of options/],
  ]
  for (const [options, message] of cases) assert.throws(() => csv(options as never), { code: 'INVALID_OPTION', message })
})

test('written with a header, and in quotes where needed', () => {
  assert.equal(
    written(csv(), [
      { a: 'x,y', 'b"': 'say "hi"' },
      { 'b"': 'l1\nl2', a: '\r' },
    ]),
    'a,"b"""\n"x,y","say ""hi"""\n"\r","l1\nl2"\n',
  )
  const typed = csv({ columns: { n: Number, at: (text) => new Date(text), ok: (text) => text === 'true', s: String }, delimiter: '\t' })
  assert.equal(
    written(typed, [
      { n: -0.5, at: new Date(0), ok: true, s: 'a\tb', other: 1 },
      { n: 1n, at: null, s: '' },
    ]),
    'n\tat\tok\ts\n-0.5\t1970-01-01T00:00:00.000Z\ttrue\t"a\tb"\n1\t\t\t\n',
  )
  assert.equal(written(csv({ header: false }), [{ a: '' }, { a: '\uFEFFx' }]), '""\n"\uFEFFx"\n', 'an empty line would be no record')
  for (const delimiter of [']', '^', '-', '\\', '|'])
    assert.equal(written(csv({ delimiter }), [{ a: `1${delimiter}`, b: '2' }]), `a${delimiter}b\n"1${delimiter}"${delimiter}2\n`)
})

test('a record that a row cannot hold is refused', () => {
  const cases: readonly (readonly [value: unknown, message: RegExp])[] = [
    [1, /it is a number, no object/],
    [null, /it is null/],
    [{}, /no fields/],
    [{ '': 1 }, /a field without a name/],
    [{ ['__proto__']: 1 }, /a field __proto__/],
    [{ a: new Error('x') }, /a is an Error/],
    [{ a: Object.create(null) as unknown }, /a is an object/],
    [{ a: Number.NaN }, /a is NaN/],
    [{ a: new Date(Number.NaN) }, /a is an invalid Date, which a field/],
    [{ a: { b: 1 } }, /a is an object, which a field cannot hold/],
    [{ a: [1] }, /a is an array/],
    [{ a: '\ud800' }, /surrogate/],
    [{ a: () => 1 }, /a is a function/],
  ]
  for (const [value, message] of cases) assert.throws(() => written(csv(), [value]), { code: 'UNSUPPORTED_VALUE', message })
  assert.throws(() => written(csv(), [{ a: 1 }, { a: 1, b: 2 }]), { code: 'UNSUPPORTED_VALUE', message: /it has a field "b"/ })
  assert.throws(() => written(csv(), [{ a: 1, b: 2 }, { a: 1 }]), { code: 'UNSUPPORTED_VALUE', message: /it has 1 field, and/ })
})

test(`any text comes back, and record ends are found wherever the bytes are cut (SEED=${seed})`, () => {
  const random = new SeededRandom(seed, 'csv')
  const alphabet = ['a', 'ä', '€', '😀', ',', ';', '"', '""', '\n', '\r', '\r\n', ' ', '', '\uFEFF', "'", '\\']
  const drawn = (): string => Array.from({ length: random.below(6) }, () => random.pick(alphabet)).join('')
  for (let round = 0; round < 500; round++) {
    const delimiter = random.pick([',', ';', '\t', ' '])
    const header = random.chance(0.5)
    const width = 1 + random.below(4)
    const names = Array.from({ length: width }, (_zero, index) => (header ? `${index}${drawn()}` : `column${index + 1}`))
    const values = Array.from({ length: random.below(8) }, () => Object.fromEntries(names.map((name) => [name, drawn()])))
    const format = csv({ delimiter, header })
    const text = written(format, values)
    if (values.length > 0) assert.deepEqual(rows(text, format), values)
    const bytes = bytesOf(text)
    const endOf = formatOf(format).scanner()
    const ends: number[] = []
    for (let at = 0; at < bytes.length; at = ends.at(-1) as number) ends.push(endOf(bytes, at))
    assert.equal(ends.length, values.length + (header && values.length > 0 ? 1 : 0))
    for (let cut = 0; cut < bytes.length; cut++) {
      const start = ends.findLast((end) => end <= cut) ?? 0
      assert.equal(endOf(bytes.subarray(0, cut), start), 0, `of ${JSON.stringify(text)} cut at ${cut}`)
    }
  }
})
