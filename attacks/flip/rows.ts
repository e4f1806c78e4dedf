/** The input: few rows, of which no more are given than the gate allows, so that each can have a checkpoint of its own. */
import { defineSource, type Batch, type Reader, type Source, type SourceContext } from '../../packages/millrace/src/connect.ts'
import type { Key } from '../../packages/millrace/src/state/contract.ts'
import { readyAfter } from '../lib/ready-after.ts'

export interface FlipRow {
  readonly n: number
  readonly at: number
  readonly key: number
}
export interface Gate {
  allowed: number
}
/** What a split stores: plain data of all kinds. */
export interface FlipPosition {
  readonly index: number
  readonly [more: string]: number | bigint | string | boolean | null | Uint8Array | readonly number[]
}

const KEYS: readonly Key[] = ['a key', 7, -3.5, 2n ** 65n, true, ['pair', 1]]
const SPLITS = ['left', 'right']
/** Each row of a build has its checkpoint: enough for a base, deltas that are merged, and some more. */
export const BUILD_ROWS = 60
const START_MS = 1_000_000

export function keyOf(row: FlipRow): Key {
  return KEYS[row.key] as Key
}

/** Those of the build, then one of each key, which shows what a restored state is. */
export function flipRows(seed: number): readonly FlipRow[] {
  const first = Math.abs(seed) % KEYS.length
  const rowAt = (n: number, key: number): FlipRow => ({ n, at: START_MS + 10 * n, key })
  const build = Array.from({ length: BUILD_ROWS }, (_, n) => rowAt(n, (first + n) % KEYS.length))
  return [...build, ...KEYS.map((_, key) => rowAt(BUILD_ROWS + key, key))]
}

export function gatedSource(rows: readonly FlipRow[], gate: Gate): Source<FlipRow> {
  return defineSource<FlipRow, FlipPosition>({
    kind: 'gated',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: (context) => Promise.resolve(gatedReader(rows, gate, context)),
  })
}

function positionAt(index: number): FlipPosition {
  return { index, big: BigInt(index) << 64n, text: 'é', yes: true, nothing: null, bytes: Uint8Array.of(index), list: [index, 0.5] }
}

function gatedReader(rows: readonly FlipRow[], gate: Gate, context: SourceContext<FlipPosition>): Reader<FlipRow, FlipPosition> {
  const splits = new Map<string, FlipPosition>()
  for (const split of SPLITS)
    if (context.owns(split) && !context.ended.has(split)) splits.set(split, context.restored.get(split) ?? positionAt(0))
  const rowsOf = (split: string): readonly FlipRow[] => rows.filter((row) => SPLITS[row.key % 2] === split)
  const next = (split: string): FlipRow | undefined => rowsOf(split)[splits.get(split)?.index ?? 0]
  const poll = (): Batch<FlipRow, FlipPosition> | 'wait' | 'end' => {
    if (splits.size === 0) return 'end'
    for (const [split, { index }] of splits) {
      const row = next(split)
      if (row !== undefined && row.n >= gate.allowed) continue
      const splitEnded = row === undefined
      if (splitEnded) splits.delete(split)
      else splits.set(split, positionAt(index + 1))
      return { split, values: splitEnded ? [] : [row], next: positionAt(splitEnded ? index : index + 1), splitEnded }
    }
    return 'wait'
  }
  return { splits, poll, ready: readyAfter(context, 1), close: async () => undefined }
}
