import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from './bytes.ts'
import { anyText, edgeNumbers, edgeTexts, seed } from './edge-values.test.ts'

const safe = edgeNumbers.filter((number) => Number.isSafeInteger(number))

test('numbers of every kind come back from one block', () => {
  const writer = new ByteWriter(1)
  for (const number of safe) {
    writer.zigzag(number)
    writer.varint(Math.abs(number))
    writer.f64(number)
    writer.u8(number & 0xff)
    writer.u16(number & 0xffff)
    writer.u32(number >>> 0)
    writer.i32(number | 0)
    writer.i64(BigInt(number))
  }
  const reader = new ByteReader(writer.take())
  for (const number of safe) {
    assert.equal(reader.zigzag(), number === 0 ? 0 : number)
    assert.equal(reader.varint(), Math.abs(number))
    assert.equal(reader.f64(), number)
    assert.deepEqual([reader.u8(), reader.u16(), reader.u32(), reader.i32()], [number & 0xff, number & 0xffff, number >>> 0, number | 0])
    assert.equal(reader.i64(), BigInt(number))
  }
  reader.expectEnd()
})

test('any safe integer comes back, in the bytes that a plain model of varints gives', () => {
  const model = (value: bigint): number[] => (value < 128n ? [Number(value)] : [Number(value % 128n) | 128, ...model(value / 128n)])
  const writer = new ByteWriter()
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...safe)), (number) => {
      writer.reset()
      writer.zigzag(number)
      const big = BigInt(number)
      assert.deepEqual([...writer.view()], model(big < 0n ? -big * 2n - 1n : big * 2n))
      assert.equal(new ByteReader(writer.view()).zigzag(), number === 0 ? 0 : number)
    }),
    { seed, numRuns: 5000 },
  )
})

test('texts come back, and equal texts have equal bytes', () => {
  const check = (text: string): void => {
    const writer = new ByteWriter(1)
    writer.text(text)
    const reader = new ByteReader(writer.take())
    assert.equal(reader.text(), text)
    reader.expectEnd()
    if (text.isWellFormed()) assert.deepEqual(Buffer.from(reader.bytes).subarray(reader.end - Buffer.byteLength(text)), Buffer.from(text))
  }
  for (const text of edgeTexts) check(text)
  fc.assert(fc.property(anyText, check), { seed, numRuns: 3000 })
})

test('a text in another form than its own is refused: one text, one encoding', () => {
  for (const hex of ['05' + '61', '0a' + '6100', '0180', '04ff', '03' + '00', '09c0af', '0deda080', '0a00d8', '06' + '61']) {
    if (hex === '0a00d8') assert.equal(new ByteReader(Buffer.from(hex, 'hex')).text(), '\ud800')
    else assert.throws(() => new ByteReader(Buffer.from(hex, 'hex')).text(), { code: 'CHECKPOINT_CORRUPT' }, hex)
  }
})

test('what is taken stays, what is viewed is overwritten; room given back is used again', () => {
  const writer = new ByteWriter(2)
  writer.raw(Uint8Array.of(1, 2, 3))
  const viewed = writer.view()
  const taken = writer.take()
  writer.u8(9)
  assert.deepEqual([...taken], [1, 2, 3])
  assert.equal(viewed[0], 9)
  writer.u32(0)
  writer.setU32(1, 0x01020304)
  assert.deepEqual([...writer.view()], [9, 4, 3, 2, 1])
})

test('reading beyond the end says where, and a reader of a part stays inside it', () => {
  const reader = new ByteReader(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8), 1, 3)
  assert.equal(reader.u8(), 1)
  assert.throws(() => reader.u16(), { code: 'CHECKPOINT_CORRUPT', message: /at offset 2: 2 bytes are wanted and 1 are left/ })
  assert.throws(() => reader.expectEnd(), /1 bytes are left over/)
  for (const read of ['u16', 'u32', 'i32', 'f64', 'i64'] as const) assert.throws(() => reader[read](), { code: 'CHECKPOINT_CORRUPT' })
  assert.throws(() => reader.copy(2 ** 40), { code: 'CHECKPOINT_CORRUPT' })
  reader.reset(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f))
  assert.throws(() => reader.varint(), /more than 53 bits/)
})

test('a block larger than the limit is refused', () => {
  assert.throws(() => new ByteWriter().ensure(2 ** 30 + 1), { code: 'UNSUPPORTED_VALUE' })
})
