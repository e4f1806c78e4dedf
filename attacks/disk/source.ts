/**
 * The source of the recorded job, and what is outside of the machine: it outlives its processes. Rows are let out a few for each
 * checkpoint, so that each has something; what was acknowledged is gone.
 */
import { defineSource, type Batch, type Reader, type Source, type SourceContext } from '../../packages/millrace/src/connect.ts'
import { rowsOf, type InputRow, type InputShape } from '../lib/sequence-input.ts'
import { readyAfter } from '../lib/ready-after.ts'
import { LINE_FILES, LINES_IN_BATCH } from './lines.ts'

const BATCH_ROWS = 2

export class Outside {
  readonly rows: ReadonlyMap<string, readonly InputRow[]>
  readonly acknowledged: Map<string, number>
  /** How many rows of each split may be read. */
  allowed = BATCH_ROWS
  /** How many lines of files the process may still read. */
  lines = 0
  readonly violations: string[] = []

  constructor(shape: InputShape, acknowledged: ReadonlyMap<string, number> = new Map()) {
    this.rows = new Map(Array.from({ length: shape.files }, (_, file) => [`split-${file}`, rowsOf(shape, file)]))
    this.acknowledged = new Map(acknowledged)
  }

  letOut(rows: number): void {
    this.allowed += rows
    this.lines += rows * LINES_IN_BATCH
  }

  /** Files begin again where a checkpoint has left them: what another process was allowed is no matter. */
  beginProcess(): void {
    this.lines = this.allowed === Number.POSITIVE_INFINITY ? this.allowed : LINE_FILES * LINES_IN_BATCH
  }

  acknowledge(split: string, position: number): void {
    this.acknowledged.set(split, Math.max(position, this.acknowledged.get(split) ?? 0))
  }

  read(split: string, from: number): readonly InputRow[] {
    const gone = this.acknowledged.get(split) ?? 0
    if (from < gone) this.violations.push(`${split} is read from ${from}, but everything before ${gone} was acknowledged`)
    return (this.rows.get(split) ?? []).slice(from, Math.min(from + BATCH_ROWS, this.allowed))
  }
}

export function outsideSource(outside: Outside): Source<InputRow> {
  return defineSource<InputRow, number>({
    kind: 'outside',
    bounded: true,
    replayable: true,
    timestamps: false,
    open: (context) => Promise.resolve(reader(outside, context)),
  })
}

function reader(outside: Outside, context: SourceContext<number>): Reader<InputRow, number> {
  const splits = new Map<string, number>()
  for (const split of outside.rows.keys())
    if (context.owns(split) && !context.ended.has(split)) splits.set(split, context.restored.get(split) ?? 0)
  const batchOf = (split: string): Batch<InputRow, number> | undefined => {
    const from = splits.get(split) as number
    const values = outside.read(split, from)
    const next = from + values.length
    const splitEnded = next === outside.rows.get(split)?.length
    if (values.length === 0 && !splitEnded) return undefined
    if (splitEnded) splits.delete(split)
    else splits.set(split, next)
    return { split, values, next, splitEnded }
  }
  const poll = (first: string | undefined): Batch<InputRow, number> | 'wait' | 'end' => {
    if (splits.size === 0) return 'end'
    const inOrder = first !== undefined && splits.has(first) ? [first, ...splits.keys()] : [...splits.keys()]
    for (const split of inOrder) {
      const batch = splits.has(split) ? batchOf(split) : undefined
      if (batch !== undefined) return batch
    }
    return 'wait'
  }
  const acknowledge = async (positions: ReadonlyMap<string, number>): Promise<void> => {
    for (const [split, position] of positions) outside.acknowledge(split, position)
  }
  return { splits, poll, ready: readyAfter(context, 4), acknowledge, close: async () => undefined }
}
