import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PackedValues, unpackValues } from './packed-values.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const anything = fc.anything({ withMap: true, withSet: true, withDate: true, withBigInt: true, withTypedArray: true })

test('what is taken out is what was put in, in order, and nothing of what was refused', () => {
  let refused = 0
  fc.assert(
    fc.property(fc.array(fc.oneof(anything, fc.constant(Symbol('none')), fc.constant([1, { f: () => 1 }]))), (values) => {
      const packed = new PackedValues()
      const kept: unknown[] = []
      for (const value of values) {
        const before = packed.sizeBytes
        try {
          const bytes = packed.add(value, 'it')
          assert.equal(packed.sizeBytes, before + bytes)
          kept.push(value)
        } catch {
          assert.equal(packed.sizeBytes, before)
          refused++
        }
      }
      assert.equal(packed.count, kept.length)
      const blocks = packed.take()
      assert.deepEqual([packed.count, packed.sizeBytes, packed.take().length], [0, 0, 0])
      assert.deepEqual([...unpackValues(blocks)], kept)
    }),
    { seed: SEED, numRuns: 300 },
  )
  assert.ok(refused > 50, `${refused} refused`)
})

test('many values are in several blocks, each of which can be read on its own', () => {
  const packed = new PackedValues()
  const values = Array.from({ length: 60_000 }, (_zero, n) => ({ n, text: `${n}`.repeat(20) }))
  for (const value of values) packed.add(value, 'it')
  const blocks = packed.take()
  assert.ok(blocks.length > 3 && blocks.every(({ length }) => length < 1_100_000), `${blocks.length} blocks`)
  assert.deepEqual([...unpackValues(blocks)], values)
  const [last] = blocks.slice(-1) as [Uint8Array]
  assert.deepEqual([...unpackValues([last])].at(-1), values.at(-1))
})

test('each value is as it was when it was added', () => {
  const packed = new PackedValues()
  const value = { list: [1] }
  packed.add(value, 'it')
  value.list.push(2)
  assert.deepEqual([...unpackValues(packed.take())], [{ list: [1] }])
})

test('what cannot be stored is told with the name that was given', () => {
  assert.throws(() => new PackedValues().add({ a: [new URL('http://a')] }, 'a record for sink/out'), {
    code: 'UNSUPPORTED_VALUE',
    message: /^a record for sink\/out\.a\[0\] is an instance of the class URL/,
  })
})

test('bytes that are no values are damage', () => {
  assert.throws(() => [...unpackValues([new Uint8Array([255, 77])])], { code: 'CHECKPOINT_CORRUPT' })
})
