import type { KeyedPart, Manifest, OperatorPart, Run, SinkPart, SourcePart } from '../checkpoint/manifest.ts'
import type { Env } from '../core/env.ts'
import { messageOf, StreamError } from '../core/errors.ts'
import type { KeyGroupRange } from '../core/key-group.ts'
import { ChunkReader } from '../runtime/chunk-reader.ts'
import { sizeOf, type LogReport, type StoredCheckpoint } from './log-reader.ts'
import { blocksOfRun, type StateFiles } from './run-blocks.ts'
import { GroupCount, type StateCount } from './state-count.ts'
import { windowsReport, type WindowsReport } from './window-view.ts'

/** A checkpoint as data: what `millrace inspect --json` prints. */
export interface CheckpointReport {
  readonly job: string
  readonly checkpoint: number
  readonly reason: Manifest['reason']
  readonly createdAtMs: number
  readonly epoch: number
  readonly keyGroups: number
  readonly planHash: string
  readonly file: string
  readonly sizeBytes: number
  readonly chunks: Manifest['chunks']
  readonly operators: readonly OperatorReport[]
  readonly damaged: readonly { readonly file: string; readonly message: string }[]
}
export type OperatorReport =
  | {
      readonly address: string
      readonly kind: 'source'
      readonly splits: readonly (SourcePart['splits'][string] & { readonly split: string })[]
    }
  | {
      readonly address: string
      readonly kind: 'keyed'
      readonly states: readonly StateReport[]
      /** Of a step with windows. */
      readonly windows?: WindowsReport
      readonly runs: readonly Run[]
      readonly watermarks: KeyedPart['watermarks']
      readonly isComplete: boolean
    }
  | {
      readonly address: string
      readonly kind: 'sink'
      readonly committables: SinkPart['committables']
      readonly writerStates: SinkPart['writerStates']
    }
export interface StateReport extends StateCount {
  readonly name: string
  /** `value`, `map`, `event timer`, … */
  readonly kind: string
  readonly version: number
  readonly ttlMs: number | undefined
}

/** Key groups whose blocks are in memory at a time. */
const GROUPS_AT_ONCE = 64

/** Reads all that a checkpoint needs. Damage is reported, not thrown. */
export async function inspectCheckpoint(env: Env, log: LogReport, stored: StoredCheckpoint): Promise<CheckpointReport> {
  const { manifest } = stored
  const damaged = new Map<string, { readonly file: string; readonly message: string }>()
  const chunks = new ChunkReader(log.storage, env)
  const operators: OperatorReport[] = []
  for (const [address, part] of inOrder(manifest)) operators.push(await operatorReport(address, part, { manifest, chunks, log, damaged }))
  return {
    job: manifest.job,
    checkpoint: manifest.checkpoint,
    reason: manifest.reason,
    createdAtMs: manifest.createdAtMs,
    epoch: manifest.epoch,
    keyGroups: manifest.keyGroups,
    planHash: manifest.planHash,
    file: stored.file,
    sizeBytes: sizeOf(stored),
    chunks: manifest.chunks,
    operators,
    damaged: [...damaged.values()],
  }
}

/** As records flow: sources, steps, sinks; within them as the manifest has them. */
function inOrder({ operators }: Manifest): readonly (readonly [string, OperatorPart])[] {
  const kinds: readonly OperatorPart['kind'][] = ['source', 'keyed', 'sink']
  return kinds.flatMap((kind) => Object.entries(operators).filter(([, part]) => part.kind === kind))
}

interface Context extends StateFiles {
  /** By message, so that a file that is needed often is named once. */
  readonly damaged: Map<string, { readonly file: string; readonly message: string }>
}

async function operatorReport(address: string, part: OperatorPart, context: Context): Promise<OperatorReport> {
  switch (part.kind) {
    case 'source':
      return { address, kind: 'source', splits: Object.entries(part.splits).map(([split, state]) => ({ split, ...state })) }
    case 'sink':
      return { address, kind: 'sink', committables: part.committables, writerStates: part.writerStates }
    case 'keyed': {
      const before = context.damaged.size
      const { counts, starts } = await countStates(address, part, context)
      const windows = windowsReport(part, counts, starts)
      return {
        address,
        kind: 'keyed',
        states: stateReports(part, counts),
        ...(windows === undefined ? {} : { windows }),
        runs: part.runs,
        watermarks: part.watermarks,
        isComplete: context.damaged.size === before,
      }
    }
  }
}

interface Counted {
  readonly counts: ReadonlyMap<string, StateCount>
  /** Namespaces of windows. */
  readonly starts: ReadonlySet<number>
}

async function countStates(address: string, part: KeyedPart, context: Context): Promise<Counted> {
  const counts = new Map<string, StateCount>()
  const starts = new Set<number>()
  for (let first = 0; first < context.manifest.keyGroups; first += GROUPS_AT_ONCE) {
    const last = Math.min(first + GROUPS_AT_ONCE, context.manifest.keyGroups) - 1
    const groups = new Map<number, GroupCount>()
    for (const run of part.runs) await applyRun(address, run, { first, last }, groups, context)
    for (const group of groups.values()) {
      group.forEach((state, count) => counts.set(state, sumOf(counts.get(state), count)))
      group.forEachWindow((start) => starts.add(start))
    }
  }
  return { counts, starts }
}

/** What of a run is damaged is left out: the rest still tells something. */
async function applyRun(address: string, run: Run, range: KeyGroupRange, groups: Map<number, GroupCount>, context: Context): Promise<void> {
  const file = context.log.storage.nameOf({ chunk: run.chunk })
  try {
    for (const block of await blocksOfRun(address, run, range, context)) {
      const group = groups.get(block.group) ?? new GroupCount()
      groups.set(block.group, group)
      group.apply(block.bytes, block.isIgnored)
    }
  } catch (error) {
    if (!StreamError.is(error)) throw error
    const message = messageOf(error).includes(file) ? messageOf(error) : `${file}: ${messageOf(error)}`
    context.damaged.set(message, { file, message })
  }
}

export function sumOf(a: StateCount | undefined, b: StateCount): StateCount {
  if (a === undefined) return b
  return { keys: a.keys + b.keys, entries: a.entries + b.entries, bytes: a.bytes + b.bytes }
}

export function stateReports(part: KeyedPart, counts: ReadonlyMap<string, StateCount>): readonly StateReport[] {
  return Object.entries(part.states).map(([name, { kind, domain, version, ttl }]) => ({
    name,
    kind: domain === undefined ? kind : `${domain === 'event' ? 'event' : 'processing'} ${kind}`,
    version,
    ttlMs: ttl?.afterMs,
    ...(counts.get(name) ?? { keys: 0, entries: 0, bytes: 0 }),
  }))
}
