import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seed } from './state-kit.test.ts'
import { MAX_ROW_SHAPES, ValueCodec, ValueReader } from './value-codec.ts'

const shaped = fc
  .tuple(fc.nat(40), fc.nat(3), fc.anything({ maxDepth: 1, values: [fc.integer(), fc.string()] }))
  .map(([shape, depth, value]) => {
    let object: Record<string, unknown> = { [`field${shape}`]: shape, value: typeof value === 'object' ? null : value }
    for (let i = 0; i < depth; i++) object = { [`outer${shape % 5}`]: [object, object], i }
    return object
  })

test('V1 V2 every value can be read alone with the shapes of the row, of a shorter row too if it was written with that', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(shaped, fc.integer(), fc.string()), { maxLength: 80 }), (values) => {
      const codec = new ValueCodec()
      const written = values.map((value) => {
        const writer = codec.write(value)
        return { value, bytes: writer.view().slice(), isInline: writer !== codec.writer, shapes: codec.shapes.map(({ names }) => names) }
      })
      assert.ok(codec.shapes.length <= MAX_ROW_SHAPES)
      for (const { value, bytes, isInline, shapes } of written.reverse()) {
        assert.deepEqual(new ValueReader(bytes, shapes).read(0, bytes.length, isInline), value)
        assert.deepEqual(
          new ValueReader(
            bytes,
            codec.shapes.map(({ names }) => names),
          ).read(0, bytes.length, isInline),
          value,
        )
      }
    }),
    { seed, numRuns: 300 },
  )
})

test('V2 a codec that begins with the shapes of a restored row numbers them alike', () => {
  const before = new ValueCodec()
  before.write({ a: 1 })
  before.write({ b: 1 })
  const after = new ValueCodec()
  after.seed(before.shapes.map(({ names }) => names))
  const bytes = after.write({ b: 7 }).view().slice()
  assert.deepEqual([...bytes.subarray(0, 2)], [16, 1])
  assert.deepEqual(new ValueReader(bytes, [['a'], ['b']]).read(0, bytes.length, false), { b: 7 })
  assert.deepEqual(after.write({ c: 1 }).view()[1], 2)
})
