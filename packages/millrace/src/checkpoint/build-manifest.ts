/**
 * The next manifest, from the previous one and what all tasks report. Pure; a broken rule stops the attempt before anything is
 * written.
 *
 * M1  Every task of the attempt has reported, and every operator of the previous manifest is in some report (B9).
 * M2  The splits of a source are owned once: no two subtasks report the same, and each that has not ended is reported (S2).
 *     A split that was ever announced stays in the manifest; one that has ended stays ended.
 * M3  Runs are only appended, oldest first; merges replace runs by what they hold, in place.
 * M4  The watermarks of a keyed operator cover each key group once.
 * M5  A committable is in every manifest from the first one that holds it until it is known to be committed. What is new in a
 *     report is of a checkpoint after the previous manifest's: earlier ones are the coordinator's to carry (K19).
 */
import type { Plain } from '../connect/contract.ts'
import { invariant } from '../core/errors.ts'
import { applyMerge, type Merge } from './compaction.ts'
import { coversAllGroups, MANIFEST_FORMAT } from './manifest.ts'
import type {
  ChunkRef,
  GroupWatermark,
  KeyedPart,
  Manifest,
  OperatorPart,
  OperatorReport,
  Run,
  SinkPart,
  SourcePart,
  SplitState,
  StoredCommittable,
  TaskReport,
} from './manifest.ts'

/** By sink: sealed, in a manifest, and not known to be committed. */
export type Uncommitted = Readonly<Record<string, readonly StoredCommittable[]>>
/** By sink. */
export type WriterStates = Readonly<Record<string, readonly Plain[]>>

export interface ManifestRequest {
  /** Undefined for the first checkpoint of a fresh start. */
  readonly previous: Manifest | undefined
  readonly job: string
  readonly epoch: number
  readonly checkpoint: number
  readonly createdAtMs: number
  readonly reason: Manifest['reason']
  readonly keyGroups: number
  readonly planHash: string
  /** One of each task and subtask. */
  readonly reports: readonly TaskReport[]
  readonly uncommitted: Uncommitted
  /** Those that no longer fit are left out. */
  readonly merges: readonly Merge[]
}

/** @throws {INVARIANT} when M1, M2, M4 or M5 does not hold */
export function buildManifest(request: ManifestRequest): Manifest {
  const { previous, reports } = request
  const chunkRefs = new Map<string, ChunkRef>()
  for (const chunk of [...(previous?.chunks ?? []), ...request.merges.map((merge) => merge.chunk)]) chunkRefs.set(chunk.name, chunk)
  for (const { chunk } of reports) if (chunk !== undefined) chunkRefs.set(chunk.name, chunk)
  const operators: Record<string, OperatorPart> = {}
  for (const [address, found] of reportsByOperator(reports)) operators[address] = partOf(address, found, request)
  for (const address of Object.keys(previous?.operators ?? {})) {
    invariant(Object.hasOwn(operators, address), `M1: no task reports ${address}, which the previous checkpoint holds`)
  }
  return {
    format: MANIFEST_FORMAT,
    job: request.job,
    checkpoint: request.checkpoint,
    epoch: request.epoch,
    createdAtMs: request.createdAtMs,
    reason: request.reason,
    keyGroups: request.keyGroups,
    planHash: request.planHash,
    chunks: referencedChunks(operators, chunkRefs),
    operators,
  }
}

interface Found {
  readonly from: TaskReport
  readonly report: OperatorReport
}

/** Reports of each operator in order of subtasks. */
function reportsByOperator(reports: readonly TaskReport[]): ReadonlyMap<string, readonly Found[]> {
  const byOperator = new Map<string, Found[]>()
  for (const from of [...reports].sort((a, b) => a.subtask - b.subtask)) {
    for (const [address, report] of Object.entries(from.operators)) {
      const found = byOperator.get(address)
      if (found === undefined) byOperator.set(address, [{ from, report }])
      else found.push({ from, report })
    }
  }
  return byOperator
}

function partOf(address: string, found: readonly Found[], request: ManifestRequest): OperatorPart {
  const kind = found[0]?.report.kind
  invariant(
    found.every(({ report }) => report.kind === kind),
    `M1: subtasks of ${address} report different kinds`,
  )
  const previous = request.previous?.operators[address]
  invariant(previous === undefined || previous.kind === kind, `M1: ${address} was ${previous?.kind} and is ${kind}`)
  if (kind === 'keyed') return keyedPart(address, found, request)
  return kind === 'source' ? sourcePart(address, found, request) : sinkPart(address, found, request)
}

/** The range of a subtask, cut where some of its key groups are ahead of it. */
function rangesOf({ first, last, watermark, floors = [] }: Extract<OperatorReport, { kind: 'keyed' }>): readonly GroupWatermark[] {
  const ranges: GroupWatermark[] = []
  let from = first
  for (const floor of floors) {
    const start = Math.max(floor.first, first)
    const end = Math.min(floor.last, last)
    if (start > end) continue
    if (start > from) ranges.push({ first: from, last: start - 1, watermark })
    ranges.push({ first: start, last: end, watermark: floor.watermark })
    from = end + 1
  }
  if (from <= last) ranges.push({ first: from, last, watermark })
  return ranges
}

function keyedPart(address: string, found: readonly Found[], request: ManifestRequest): KeyedPart {
  const previous = request.previous?.operators[address] as KeyedPart | undefined
  let runs: readonly Run[] = previous?.runs ?? []
  for (const merge of request.merges) if (merge.operator === address) runs = applyMerge(runs, merge) ?? runs
  const added: Run[] = []
  const watermarks: GroupWatermark[] = []
  for (const { from, report } of found) {
    if (report.kind !== 'keyed') continue
    const { run } = report
    watermarks.push(...rangesOf(report))
    if (run === undefined || run.entries === 0) continue
    invariant(from.chunk !== undefined, `M3: subtask ${from.subtask} of ${address} reports changes without a chunk`)
    added.push({ chunk: from.chunk.name, first: report.first, last: report.last, bytes: run.bytes, entries: run.entries, level: 0 })
  }
  watermarks.sort((a, b) => a.first - b.first)
  invariant(coversAllGroups(watermarks, request.keyGroups), `M4: the subtasks of ${address} do not cover each key group once`)
  const declared = found[0]?.report
  return { kind: 'keyed', states: declared?.kind === 'keyed' ? declared.states : {}, runs: [...runs, ...added], watermarks }
}

function sourcePart(address: string, found: readonly Found[], request: ManifestRequest): SourcePart {
  const previous = request.previous?.operators[address] as SourcePart | undefined
  const splits = new Map<string, SplitState>(Object.entries(previous?.splits ?? {}))
  const owned = new Set<string>()
  for (const { from, report } of found) {
    if (report.kind !== 'source') continue
    for (const [split, state] of Object.entries(report.splits)) {
      invariant(!owned.has(split), `M2: subtask ${from.subtask} of ${address} reports split ${split}, which another one owns`)
      invariant(state.ended || splits.get(split)?.ended !== true, `M2: split ${split} of ${address} had ended and goes on`)
      owned.add(split)
      splits.set(split, state)
    }
  }
  for (const [split, state] of splits) invariant(state.ended || owned.has(split), `M2: no subtask of ${address} owns split ${split}`)
  return { kind: 'source', splits: Object.fromEntries(splits) }
}

function sinkPart(address: string, found: readonly Found[], request: ManifestRequest): SinkPart {
  const committables = [...(request.uncommitted[address] ?? [])]
  const writerStates: SinkPart['writerStates'][number][] = []
  const after = request.previous?.checkpoint ?? -1
  for (const { from, report } of found) {
    if (report.kind !== 'sink') continue
    for (const committable of report.committables) {
      const isNew = committable.checkpoint > after && committable.checkpoint <= request.checkpoint
      invariant(
        isNew,
        `M5: subtask ${from.subtask} of ${address} reports what it sealed for checkpoint ${committable.checkpoint} in ${request.checkpoint}, after ${after}`,
      )
      committables.push(committable)
    }
    if (report.writerState !== undefined) writerStates.push(report.writerState)
  }
  committables.sort((a, b) => a.checkpoint - b.checkpoint || a.subtask - b.subtask)
  return { kind: 'sink', committables, writerStates }
}

/** Each chunk that some run names, once, in a fixed order. */
function referencedChunks(operators: Readonly<Record<string, OperatorPart>>, refs: ReadonlyMap<string, ChunkRef>): readonly ChunkRef[] {
  const chunks = new Map<string, ChunkRef>()
  for (const part of Object.values(operators)) {
    if (part.kind !== 'keyed') continue
    for (const { chunk } of part.runs) {
      const ref = refs.get(chunk)
      invariant(ref !== undefined, `M3: nothing is known about chunk ${chunk}`)
      chunks.set(chunk, ref)
    }
  }
  return [...chunks.values()]
}
