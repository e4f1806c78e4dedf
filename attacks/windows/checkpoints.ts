/** Checkpoints in memory: manifests, merges and restores by the engine's own rules; blocks are kept by chunk. */
import { buildManifest } from '../../packages/millrace/src/checkpoint/build-manifest.ts'
import { fittingMerges, planMerge, type Merge, type MergeTask } from '../../packages/millrace/src/checkpoint/compaction.ts'
import type { ChunkRef, KeyedPart, Manifest, OperatorReport, Run, TaskReport } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { settledReport } from '../../packages/millrace/src/checkpoint/reports.ts'
import { restorePlan } from '../../packages/millrace/src/checkpoint/restore-plan.ts'
import type { KeyGroupRange } from '../../packages/millrace/src/core/key-group.ts'
import { mergeBlocks } from '../../packages/millrace/src/state/merge.ts'
import type { StateBlock } from '../../packages/millrace/src/state/contract.ts'
import type { TaskSnapshot } from '../../packages/millrace/src/task/messages.ts'
import type { OperatorRestore } from '../../packages/millrace/src/task/task-spec.ts'
import type { WindowCase } from './draw.ts'

const ADDRESS = 'step/w'

export class Checkpoints {
  manifest: Manifest | undefined
  readonly #case: WindowCase
  readonly #chunks = new Map<string, readonly StateBlock[]>()
  #merges: Merge[] = []
  /** Of tasks that had ended when they were in a manifest, by subtask: they are not asked again. */
  #settled = new Map<number, TaskReport>()
  mergeCount = 0

  constructor(of: WindowCase) {
    this.#case = of
  }

  isSettled(subtask: number): boolean {
    return this.#settled.has(subtask)
  }

  /** All tasks have acknowledged it, but those that were settled. */
  store(checkpoint: number, snapshots: ReadonlyMap<number, TaskSnapshot>, attempt: number): void {
    const reports = [...this.#settled.values(), ...[...snapshots].map(([subtask, one]) => this.#report(subtask, one, attempt))]
    this.manifest = buildManifest({
      previous: this.manifest,
      job: 'windows',
      epoch: 1,
      checkpoint,
      createdAtMs: 0,
      reason: 'periodic',
      keyGroups: this.#case.keyGroups,
      planHash: '',
      reports,
      uncommitted: {},
      merges: fittingMerges(this.manifest, this.#merges).fitting,
    })
    this.#merges = []
    for (const report of reports) if (report.isFinal) this.#settled.set(report.subtask, settledReport(report))
  }

  #report(subtask: number, { isFinal, blocks, operators }: TaskSnapshot, attempt: number): TaskReport {
    const own = blocks.map(({ block }) => block)
    const chunk = this.#add(`${attempt}-${subtask}-${this.#chunks.size}`, own)
    const withRuns = Object.entries(operators).map(([address, report]): [string, OperatorReport] => {
      if (address !== ADDRESS || report.kind !== 'keyed') return [address, report]
      return [address, { ...report, run: { bytes: chunk.sizeBytes, entries: own.reduce((sum, { entries }) => sum + entries, 0) } }]
    })
    return { task: 'w', subtask, isFinal, chunk, operators: Object.fromEntries(withRuns) }
  }

  #add(name: string, blocks: readonly StateBlock[]): ChunkRef {
    this.#chunks.set(name, blocks)
    return { name, sizeBytes: blocks.reduce((sum, { bytes }) => sum + bytes.length, 0), sha256: '' }
  }

  /** Begins and ends at once; it is in the next manifest, if it still fits then. */
  merge(range: KeyGroupRange): void {
    const part = this.manifest?.operators[ADDRESS] as KeyedPart | undefined
    const task = part === undefined ? undefined : planMerge(ADDRESS, part.runs, range, this.#case.compaction)
    if (task === undefined || this.#merges.some((merge) => merge.first <= task.last && merge.last >= task.first)) return
    this.#merges.push(this.#merged(task))
    this.mergeCount++
  }

  #merged({ operator, first, last, inputs, level }: MergeTask): Merge {
    const blocks: StateBlock[] = []
    for (let group = first; group <= last; group++) {
      const own = inputs.flatMap((run) => this.#blocksOf(run).filter((block) => block.group === group))
      if (own.length === 0) continue
      const merged = mergeBlocks(
        own.map(({ bytes }) => bytes),
        { base: level === 'base' },
      )
      if (merged.entries > 0) blocks.push(merged)
    }
    const chunk = this.#add(`merge-${this.#chunks.size}`, blocks)
    const entries = blocks.reduce((sum, block) => sum + block.entries, 0)
    const run: Run | undefined = entries === 0 ? undefined : { chunk: chunk.name, first, last, bytes: chunk.sizeBytes, entries, level }
    return { operator, first, last, inputs: inputs.map((input) => input.chunk), run, chunk }
  }

  #blocksOf({ chunk, first, last }: Pick<Run, 'chunk' | 'first' | 'last'>): readonly StateBlock[] {
    return (this.#chunks.get(chunk) ?? []).filter(({ group }) => group >= first && group <= last)
  }

  /** What each subtask gets back; what is not in the manifest is forgotten. */
  restore(subtasks: number): readonly (OperatorRestore & { readonly kind: 'keyed' })[] {
    this.#merges = []
    this.#settled = new Map()
    const plan = restorePlan(this.manifest, [{ address: ADDRESS, kind: 'keyed', parallelism: subtasks }], this.#case.keyGroups)
    const keyed = plan.get(ADDRESS)
    if (keyed?.kind !== 'keyed') throw new Error('a window step is keyed')
    return keyed.subtasks.map(({ runs, watermark, floors }) => ({
      kind: 'keyed',
      runs: runs.map((run) => ({ blocks: this.#blocksOf(run).map(({ bytes }) => bytes), ignored: run.ignored ?? [] })),
      watermark,
      floors,
    }))
  }
}
