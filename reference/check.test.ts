import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonical, keyText } from './canonical.ts'
import {
  conserved,
  conservedInWindows,
  describe,
  lastRows,
  idsOf,
  sameMultiset,
  sameMultisetPerKey,
  sameOrder,
  samePerKeyOrder,
} from './check.ts'
import type { Emission } from './network.ts'

const of = (...ids: number[]): Emission[] => ids.map((id) => ({ value: { id }, timestamp: id }))

test('canonical text does not depend on the order of fields, and keeps values apart', () => {
  assert.equal(canonical({ b: 1, a: [null, 'x'] }), canonical({ a: [null, 'x'], b: 1 }))
  const all = [0, -0, '0', null, undefined, [], {}, { a: undefined }, NaN, 0n, true, 'true', new Map(), new Set()]
  assert.equal(new Set(all.map(canonical)).size, all.length)
})

test('rules 1.8: keys: 1 and the string differ, -0 and 0 agree, tuples nest', () => {
  assert.notEqual(keyText(1), keyText('1'))
  assert.equal(keyText(-0), keyText(0))
  assert.notEqual(keyText(['a', 'b']), keyText(['a,b']))
  assert.notEqual(keyText([1, [2]]), keyText([1, 2]))
})

test('multisets: order is free, repeats count, timestamps count unless told otherwise', () => {
  assert.equal(sameMultiset(of(1, 2, 2), of(2, 1, 2)), undefined)
  assert.deepEqual(sameMultiset(of(1, 2, 2), of(1, 2, 3)), { where: 'all', missing: ['{"id":2} @2'], extra: ['{"id":3} @3'] })
  const untimed = of(1).map(({ value }) => ({ value, timestamp: null }))
  assert.notEqual(sameMultiset(of(1), untimed), undefined)
  assert.equal(sameMultiset(of(1), untimed, { timestamps: false }), undefined)
})

test('per key: keys that differ are named', () => {
  const differences = sameMultisetPerKey(
    new Map([
      ['a', of(1)],
      ['b', of(2)],
    ]),
    new Map([
      ['a', of(1)],
      ['c', of(2)],
    ]),
  )
  assert.deepEqual(
    differences.map((one) => [one.where, one.missing.length, one.extra.length]),
    [
      ['key b', 1, 0],
      ['key c', 0, 1],
    ],
  )
})

test('order: the first place that differs', () => {
  assert.equal(sameOrder(of(1, 2), of(1, 2)), undefined)
  assert.match(sameOrder(of(1, 2, 3), of(1, 3, 2))?.order ?? '', /^at 1 expected .*2.*got .*3/)
  assert.equal(sameOrder(of(1), of(1, 2))?.extra.length, 1)
  assert.equal(samePerKeyOrder(new Map([['a', of(1, 2)]]), new Map([['a', of(2, 1)]])).length, 1)
})

test('conservation: lost, doubled and strange ids', () => {
  assert.equal(conserved([1, 2, 3], [3, 1, 2]), undefined)
  assert.deepEqual(conserved([1, 2, 3], [1, 1, 9, 3]), { where: 'ids', missing: ['2'], extra: ['1', '9'] })
  assert.deepEqual(idsOf([...of(4), { value: { other: 1 }, timestamp: null }]), [4])
})

test('rules 1.2e, SM-6: the last row of a window counts, and that of sessions that merged', () => {
  const row = (start: number, end: number, ids: number[], key = 1): Emission => ({
    value: { key, window: { start, end }, ids },
    timestamp: end - 1,
  })
  const rows = [row(0, 10, [1]), row(0, 10, [9], 2), row(0, 10, [1, 2]), row(20, 30, [3]), row(0, 30, [1, 2, 3, 4])]
  assert.deepEqual(
    lastRows(rows).map((one) => one.value['ids']),
    [[9], [1, 2, 3, 4]],
  )
  assert.equal(conservedInWindows([1, 2, 3, 4, 5, 9], rows, of(5)), undefined)
  assert.deepEqual(conservedInWindows([1, 2, 3, 4, 5, 9], rows, of(1)), { where: 'ids', missing: ['5'], extra: ['1'] })
  assert.deepEqual(conservedInWindows([1, 2], [row(5, 6, [1]), row(0, 10, [2])], []), undefined, 'a session that is gone keeps its records')
})

test('a difference is told in a few lines', () => {
  assert.equal(describe(undefined), 'no difference')
  assert.equal(describe([]), 'no difference')
  const text = describe(sameMultiset(of(1, 2, 3, 4, 5, 6, 7), of(9)))
  assert.equal(text.split('\n').length, 1 + 5 + 1 + 1)
  assert.match(text, /7 missing, 1 extra/)
  assert.match(text, /and 2 more/)
})
