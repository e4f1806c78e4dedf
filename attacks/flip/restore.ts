/** The engine's own way from a directory to restored state, without a job around it. */
import { buildPlan } from '../../packages/millrace/src/api/job.ts'
import type { Restore } from '../../packages/millrace/src/checkpoint/log-types.ts'
import type { Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { restorePlan, type OperatorRestore } from '../../packages/millrace/src/checkpoint/restore-plan.ts'
import type { OpenStorage } from '../../packages/millrace/src/connect/contract.ts'
import { OpenDirectory } from '../../packages/millrace/src/connectors/directory-storage-open.ts'
import { planSummary, type OperatorSummary } from '../../packages/millrace/src/plan/summary.ts'
import { ChunkReader } from '../../packages/millrace/src/runtime/chunk-reader.ts'
import { LogActor } from '../../packages/millrace/src/runtime/log-actor.ts'
import { createHeapState } from '../../packages/millrace/src/state/heap-state.ts'
import { createWindowState } from '../../packages/millrace/src/task/window-operator.ts'
import type { RestoredRun } from '../../packages/millrace/src/task/task-spec.ts'
import { DIRECTORY, KEY_GROUPS, WALL_MS } from './build.ts'
import { flipJob } from './job.ts'
import type { MemoryEnv } from './memory-env.ts'
import { gatedSource } from './rows.ts'
import { rowSink } from './sink.ts'

const { plan } = buildPlan(flipJob(gatedSource([], { allowed: 0 }), rowSink(new Map())), undefined)
const operators: readonly OperatorSummary[] = planSummary(plan)
const LEASE_MS = 1_000

/** What the log says when a job starts on it. */
export type LogOutcome =
  | { readonly kind: 'finished'; readonly checkpoint: number }
  /** `reported`: messages about what is damaged but not needed for this restore. */
  | { readonly kind: 'owner'; readonly manifest: Manifest | undefined; readonly reported: readonly string[] }

export async function startOnLog(env: MemoryEnv, restore: Restore): Promise<LogOutcome> {
  const storage = new OpenDirectory(env, DIRECTORY)
  const actor = new LogActor({
    storage,
    env,
    lost: () => undefined,
    waiting: () => undefined,
    log: {
      job: 'flip',
      self: env.processes.self(),
      token: 'flip',
      leaseMs: LEASE_MS,
      pollMs: 100,
      retain: 3,
      restore,
      abandoned: [],
      maxTries: 3,
      nameOf: (entry) => storage.nameOf({ entry }),
    },
  })
  try {
    const started = await env.settle(actor.start())
    if (started.kind === 'finished') return started
    const { restored, damaged } = started.ownership
    return { kind: 'owner', manifest: restored?.manifest, reported: damaged.map(({ error }) => error.message) }
  } finally {
    actor.close()
  }
}

/** All state of some operators as every subtask of so many gets it back, written down again in full; by operator. */
export async function restoredState(env: MemoryEnv, manifest: Manifest, of: ReadonlySet<string>, parallelism: number): Promise<string> {
  const storage: OpenStorage = new OpenDirectory(env, DIRECTORY)
  const reader = new ChunkReader(storage, env)
  const placed = operators.map(({ address, kind }) => ({ address, kind, parallelism }))
  const pictures: string[] = []
  for (const [address, planned] of restorePlan(manifest, placed, KEY_GROUPS)) {
    if (planned.kind !== 'keyed' || !of.has(address)) continue
    pictures.push(`${address} ${await keyedPicture(env, reader, address, planned)}`)
  }
  return pictures.join('\n')
}

/**
 * Reads and verifies the runs of these operators that lie in certain files, as every subtask does.
 * @throws what the engine throws for the first that is not as it was written
 */
export async function readRuns(
  env: MemoryEnv,
  manifest: Manifest,
  of: ReadonlySet<string>,
  { parallelism, only }: { readonly parallelism: number; readonly only: readonly string[] },
): Promise<void> {
  const storage: OpenStorage = new OpenDirectory(env, DIRECTORY)
  const reader = new ChunkReader(storage, env)
  const placed = operators.filter(({ address }) => of.has(address)).map(({ address, kind }) => ({ address, kind, parallelism }))
  for (const [address, planned] of restorePlan(manifest, placed, KEY_GROUPS)) {
    if (planned.kind !== 'keyed') continue
    for (const subtask of planned.subtasks) {
      const runs = subtask.runs.filter(({ chunk }) => only.includes(storage.nameOf({ chunk })))
      await reader.read(address, { ...subtask, runs })
    }
  }
}

async function keyedPicture(
  env: MemoryEnv,
  reader: ChunkReader,
  address: string,
  planned: Extract<OperatorRestore, { kind: 'keyed' }>,
): Promise<string> {
  const parts: string[] = []
  for (const subtask of planned.subtasks) {
    const runs = await reader.read(address, subtask)
    parts.push(`${subtask.watermark} ${statePicture(env, address, runs)}`)
  }
  return parts.join(' ')
}

function statePicture(env: MemoryEnv, address: string, runs: readonly RestoredRun[]): string {
  const declarations = operators.find((operator) => operator.address === address)?.states ?? {}
  const options = { declarations, maxParallelism: KEY_GROUPS, freeze: 'sampled' } as const
  const node = plan.nodes.find((each) => each.address === address)
  const state = node?.kind === 'window' ? createWindowState(node, options) : createHeapState(options)
  state.now = WALL_MS
  for (const { blocks, ignored } of runs) for (const block of blocks) state.snapshots.restore(block, (name) => !ignored.includes(name))
  state.snapshots.seal(1, 'full')
  while (!state.snapshots.encode({ hasLeft: () => true }));
  return state.snapshots
    .takeBlocks()
    .map(({ group, bytes }) => `${group}:${env.digest.sha256([bytes])}`)
    .join(' ')
}
