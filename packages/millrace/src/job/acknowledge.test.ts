/** What sources hear of durable positions: in order, one call at a time for each reader, and nothing after it is closed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineSource, sourceDefinitionOf, type Source } from '../connect/contract.ts'
import { assertCounted, checkpointed, countingJob, Lab, pacedSource, rowsOf, type Counted, type Row } from './simulated-job.test.ts'

const SPLITS = ['a', 'b', 'c', 'd']
const rows = Object.fromEntries(SPLITS.map((split, at) => [split, rowsOf(split, 40).map((row) => ({ ...row, key: `${split}${at}` }))]))

interface Heard {
  readonly overlaps: number
  readonly back: number
  readonly late: number
  readonly positions: ReadonlyMap<string, number>
}

/** The usual source, whose readers take `ms(call)` to hear of an acknowledgement. */
function slowlyHearing(ms: (call: number) => number): { readonly source: Source<Row>; readonly heard: () => Heard } {
  const positions = new Map<string, number>()
  let [calls, overlaps, back, late] = [0, 0, 0, 0]
  const inner = sourceDefinitionOf(pacedSource<Row>(rows))
  assert.ok(inner !== undefined)
  const source = defineSource<Row, number>({
    kind: 'slowly-hearing',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: async (context) => {
      const reader = await inner.open(context as never)
      let [isBusy, isClosed] = [false, false]
      return {
        splits: reader.splits as ReadonlyMap<string, number>,
        poll: (first) => reader.poll(first) as never,
        ready: () => reader.ready(),
        acknowledge: async (told) => {
          if (isBusy) overlaps++
          isBusy = true
          await new Promise<void>((resolve) => void context.env.timers.after(ms(calls++), resolve))
          isBusy = false
          if (isClosed) late++
          for (const [split, position] of told) {
            if (position < (positions.get(split) ?? 0)) back++
            positions.set(split, position)
          }
        },
        close: async () => {
          isClosed = true
          await reader.close()
        },
      }
    },
  })
  return { source, heard: () => ({ overlaps, back, late, positions }) }
}

test('acknowledgements that are slow never go back, never overlap, and the last positions are heard of before the reader is closed', async () => {
  for (const parallelism of [1, 2]) {
    const lab = new Lab()
    const { source, heard } = slowlyHearing((call) => (call === 0 ? 100 : 15))
    const life = await lab.start(countingJob({ source }), checkpointed({}, { parallelism }))
    assert.equal(await life.end(), 'finished')
    const { positions, ...wrong } = heard()
    assert.deepEqual(wrong, { overlaps: 0, back: 0, late: 0 })
    assert.deepEqual(Object.fromEntries(positions), Object.fromEntries(SPLITS.map((split) => [split, 40])))
    assertCounted(lab.rows<Counted>(), Object.values(rows).flat())
  }
})

test('an attempt that fails waits for the acknowledgement under way, and begins no other', async () => {
  const lab = new Lab()
  const { source, heard } = slowlyHearing(() => 30)
  let left = 2
  const inspect = ({ n }: Row): void => {
    if (n === 20 && left-- > 0) throw new Error('not today')
  }
  const restart = { strategy: 'fixed-delay', attempts: 2, delay: 0 } as const
  const life = await lab.start(countingJob({ source, inspect }), checkpointed({}, { restart }))
  assert.equal(await life.end(), 'finished')
  const { positions, ...wrong } = heard()
  assert.deepEqual(wrong, { overlaps: 0, back: 0, late: 0 })
  assert.equal(positions.get('a'), 40)
  assertCounted(lab.rows<Counted>(), Object.values(rows).flat())
})
