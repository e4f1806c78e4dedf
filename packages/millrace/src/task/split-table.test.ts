import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SplitTable, type Split } from './split-table.ts'

const START = { position: 0, maxTimestamp: Number.NEGATIVE_INFINITY, ended: false }
const BOUND = 3

/** The same, with a scan for everything. */
class NaiveSplits {
  readonly splits: { name: string; max: number; ended: boolean; idle: boolean }[] = []

  active(): NaiveSplits['splits'] {
    return this.splits.filter(({ ended, idle }) => !ended && !idle)
  }
  watermark(): number | undefined {
    const active = this.active()
    return active.length === 0 ? undefined : Math.min(...active.map(({ max }) => max - BOUND - 1))
  }
  first(): string | undefined {
    return this.active().find(({ max }) => max - BOUND - 1 === this.watermark())?.name
  }
}

const action = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      which: fc.nat(),
      timestamp: fc.integer({ min: -20, max: 50 }),
      records: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('silence' as const), which: fc.nat() }) },
)

test('P1, P2, P3, WM-7: as a model that scans all splits', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const table = new SplitTable(BOUND)
      const model = new NaiveSplits()
      let position = 0
      for (const each of actions) {
        const live = model.splits.filter(({ ended }) => !ended)
        if (each.do === 'add') {
          model.splits.push({ name: `s${model.splits.length}`, max: Number.NEGATIVE_INFINITY, ended: false, idle: false })
          table.add(`s${model.splits.length - 1}`, START)
        } else if (live.length > 0) {
          const split = live[each.which % live.length] as (typeof live)[number]
          const real = table.get(split.name) as Split
          if (each.do === 'end') {
            split.ended = true
            table.end(real)
          } else if (each.do === 'silence') {
            split.idle = true
            table.markIdle(real)
          } else {
            position++
            if (each.records > 0) {
              split.max = Math.max(split.max, each.timestamp)
              split.idle = false
            }
            table.advance(real, {
              maxTimestamp: each.records > 0 ? each.timestamp : Number.NEGATIVE_INFINITY,
              position,
              isActive: each.records > 0,
            })
          }
        }
        assert.equal(table.watermark(), model.watermark())
        assert.equal(table.first()?.name, model.first())
        assert.equal(table.hasActive(), model.active().length > 0)
      }
      assert.deepEqual(
        Object.entries(table.snapshot()).map(([name, { maxTimestamp, ended }]) => [name, maxTimestamp, ended]),
        model.splits.map(({ name, max, ended }) => [name, max, ended]),
      )
    }),
    { numRuns: 500 },
  )
})

test('rules 1.2 a: what a split has seen travels with its position', () => {
  const table = new SplitTable(5)
  table.add('a', { position: 7, maxTimestamp: 100, ended: false })
  assert.equal(table.watermark(), 94)
  table.add('b', { position: 9, maxTimestamp: 50, ended: true })
  assert.equal(table.watermark(), 94)
  assert.deepEqual(table.snapshot()['b'], { position: 9, maxTimestamp: 50, ended: true })
})
