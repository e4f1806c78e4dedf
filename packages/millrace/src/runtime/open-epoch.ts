/** From an ownership to an epoch that can run: compares the checkpoint with the plan, and wires up attempt and committers. */
import { compareWithPlan, type PlanComparison } from '../checkpoint/compare.ts'
import type { CoordinatorOptions } from '../checkpoint/coordinator-types.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { restorePlan, type OperatorRestore as PlannedRestore } from '../checkpoint/restore-plan.ts'
import { DEFAULT_KEY_GROUPS, checkParallelism } from '../core/key-group.ts'
import { planHash } from '../plan/hash.ts'
import type { Plan } from '../plan/nodes.ts'
import { parallelismsOf, physicalPlan } from '../plan/physical.ts'
import { planSummary, type OperatorSummary } from '../plan/summary.ts'
import { withGeneralWindows } from '../plan/window-states.ts'
import { createSpecializer } from '../task/specialize.ts'
import type { OperatorRestore } from '../task/task-spec.ts'
import type { Underway } from '../task/underway.ts'
import { Attempt, type AttemptEvents } from './attempt.ts'
import type { JobStore } from './checkpoint-store.ts'
import { Committers } from './committers.ts'
import { EpochRun } from './epoch-run.ts'
import type { JobEvent, JobObserver } from './monitor.ts'
import type { Patience } from './patience.ts'
import type { JobRunOptions, RunSettings } from './run-settings.ts'
import { wire } from './wiring.ts'

/** As often as checkpoints are taken unless the run says otherwise. */
const COMMIT_EVERY_MS = 1_000

/** Of the heap: the rest is for records, snapshots and the program around the job. */
const DEFAULT_STATE_SHARE = 0.6

export interface OpenEpochOptions extends Omit<JobRunOptions, 'observer'> {
  readonly store: JobStore
  readonly observer: JobObserver
  readonly patience: Patience
  readonly underway: Underway
}

/** @throws {STATE_DROPPED} {STATE_MISMATCH} {KEY_GROUPS_CHANGED} before anything is opened */
export async function openEpoch(options: OpenEpochOptions): Promise<EpochRun> {
  const { settings, env, store, observer, patience, underway } = options
  const plan = options.tuning?.generalWindows === true ? withGeneralWindows(options.plan) : options.plan
  const { ownership } = store
  const summary = planSummary(plan)
  const comparison = compared(ownership.restored?.manifest, summary, settings)
  const restored = comparison?.manifest
  const follows = comparison?.follows
  const keyGroups = restored?.keyGroups ?? settings.keyGroups ?? DEFAULT_KEY_GROUPS
  for (const parallelism of new Set(parallelismsOf(plan, settings.parallelism))) checkParallelism(parallelism, keyGroups)
  // Only now: what is refused has given nothing up.
  observer(restoringEvent(comparison, options))
  const wiring = wire(plan, physicalPlan(plan, { parallelism: settings.parallelism, chainKeyed: true }), keyGroups)
  const coordinator: CoordinatorOptions = {
    job: plan.job,
    epoch: ownership.epoch,
    planHash: planHash(plan, (parts) => env.digest.sha256(parts)),
    keyGroups,
    tasks: wiring.subtasks.map(({ spec, isSource }) => ({ task: spec.name, subtask: spec.subtask, isSource })),
    restored: follows,
    checkpointFloor: Math.max(ownership.checkpointFloor, store.usedTo),
    needsFirst: summary.some(({ address, kind }) => kind === 'source' && restored?.operators[address] === undefined),
    failureBudget: options.tuning?.failureBudget ?? 0,
  }
  const restore = restorer(plan, summary, restored, options, keyGroups)
  const createAttempt = (events: AttemptEvents): Attempt =>
    new Attempt({
      wiring,
      env,
      log: ownership.log,
      epoch: ownership.epoch,
      check: settings.check,
      maxStateBytes: settings.maxStateBytes ?? env.heapLimitBytes * DEFAULT_STATE_SHARE,
      keepsState: store.keepsState,
      specializer: createSpecializer({ generate: options.tuning?.generateCode ?? true }),
      tuning: options.tuning ?? {},
      underway,
      restore,
      events: { ...events, ...options.watch },
    })
  return new EpochRun({
    coordinator,
    env,
    patience,
    underway,
    store,
    // Last of all: what has been opened has somebody who closes it.
    committers: await Committers.open({
      plan,
      env,
      log: ownership.log,
      epoch: ownership.epoch,
      keepsCheckpoints: store.keepsState,
      underway,
      isRestored: (address) => restored?.operators[address] !== undefined,
    }),
    createAttempt,
    everyMs: settings.checkpoints?.everyMs ?? everyMsWithoutStorage(plan),
    mayLeaveCommits: store.keepsState,
    timeoutMs: settings.checkpoints?.timeoutMs ?? 600_000,
    observer,
  })
}

/** A job that never ends would never show what it has sealed; one that does shows nothing before it has succeeded. */
function everyMsWithoutStorage({ nodes }: Plan): number | undefined {
  return nodes.some((node) => node.kind === 'source' && !node.source.bounded) ? COMMIT_EVERY_MS : undefined
}

function compared(
  manifest: Manifest | undefined,
  summary: readonly OperatorSummary[],
  { restore, keyGroups }: RunSettings,
): PlanComparison | undefined {
  if (manifest === undefined) return undefined
  const comparison = compareWithPlan(manifest, summary, { allowDropped: restore.allowDropped, keyGroups })
  if (comparison.error !== undefined) throw comparison.error
  return comparison
}

function restoringEvent(comparison: PlanComparison | undefined, { settings, store }: OpenEpochOptions): JobEvent {
  if (comparison === undefined)
    return { kind: 'restoring', checkpoint: undefined, kept: [], migrated: [], added: [], dropped: [], repeatsOutput: false }
  const { checkpoint } = comparison.manifest
  const { acceptLoss, from } = settings.restore
  const repeatsOutput = acceptLoss && checkpoint === from && store.ownership.checkpointFloor > checkpoint
  return { kind: 'restoring', checkpoint, ...comparison.states, repeatsOutput }
}

/** Reads what a subtask gets back when it is opened, not before: only its own key groups. */
function restorer(
  plan: Plan,
  summary: readonly OperatorSummary[],
  manifest: Manifest | undefined,
  options: OpenEpochOptions,
  keyGroups: number,
): (address: string, subtask: number) => Promise<OperatorRestore | undefined> {
  const parallelisms = new Map(
    plan.nodes.map((node, index) => [node.address, parallelismsOf(plan, options.settings.parallelism)[index] as number]),
  )
  const planned: ReadonlyMap<string, PlannedRestore> = restorePlan(
    manifest,
    summary.map(({ address, kind, isKeyless }) => ({ address, kind, isKeyless, parallelism: parallelisms.get(address) as number })),
    keyGroups,
  )
  return async (address, subtask) => {
    const from = planned.get(address)
    if (from === undefined || manifest === undefined) return undefined
    if (from.kind === 'source') return from
    if (from.kind === 'sink' && manifest.operators[address] === undefined) return undefined
    if (from.kind === 'sink') return { kind: 'sink', writerStates: from.subtasks[subtask]?.writerStates ?? [] }
    const own = from.subtasks[subtask]
    if (own === undefined) return undefined
    return { kind: 'keyed', runs: await options.store.read(address, own), watermark: own.watermark, floors: own.floors }
  }
}
