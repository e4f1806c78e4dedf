/** All keyed state of a golden directory, restored and written down again in full: its bytes show whether the format has changed. */
import { buildPlan } from '../../packages/millrace/src/api/job.ts'
import { decodeEntry } from '../../packages/millrace/src/checkpoint/entry.ts'
import type { Manifest } from '../../packages/millrace/src/checkpoint/manifest.ts'
import { restorePlan } from '../../packages/millrace/src/checkpoint/restore-plan.ts'
import { OpenDirectory } from '../../packages/millrace/src/connectors/directory-storage-open.ts'
import { planSummary } from '../../packages/millrace/src/plan/summary.ts'
import { ChunkReader } from '../../packages/millrace/src/runtime/chunk-reader.ts'
import { nodeDigest } from '../../packages/millrace/src/env/node-digest.ts'
import { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import { createHeapState } from '../../packages/millrace/src/state/heap-state.ts'
import { createWindowState } from '../../packages/millrace/src/task/window-operator.ts'
import { goldenJob } from './job.ts'
import { CHECKPOINTS, fill, START_MS, type Files } from './life.ts'

/** By operator and key group: the block as hex digits. */
export type StoredState = Readonly<Record<string, string>>

export function newestManifest(files: Files): Manifest {
  const manifests = [...files].flatMap(([path, bytes]) => {
    const match = /\/log\/(\d+)\.entry$/.exec(path)
    if (match === null) return []
    const entry = decodeEntry(bytes, { number: Number(match[1]), name: path }, nodeDigest)
    return entry.kind === 'checkpoint' ? [entry.manifest] : []
  })
  return manifests.reduce((newest, each) => (each.checkpoint > newest.checkpoint ? each : newest))
}

export async function stateOf(files: Files): Promise<StoredState> {
  const machine = new Machine({ seed: 1 })
  fill(machine, files)
  const env = machine.start()
  const reader = new ChunkReader(new OpenDirectory(env, CHECKPOINTS), env)
  const { plan } = buildPlan(goldenJob({ output: '/out', gate: { allowed: 0 } }), undefined)
  const operators = planSummary(plan)
  const manifest = newestManifest(files)
  const found: Record<string, string> = {}
  const placed = operators.map(({ address, kind }) => ({ address, kind, parallelism: 1 }))
  for (const [address, planned] of restorePlan(manifest, placed, manifest.keyGroups)) {
    if (planned.kind !== 'keyed') continue
    const declarations = operators.find((operator) => operator.address === address)?.states ?? {}
    const options = { declarations, maxParallelism: manifest.keyGroups, freeze: 'sampled' } as const
    const node = plan.nodes.find((each) => each.address === address)
    const state = node?.kind === 'window' ? createWindowState(node, options) : createHeapState(options)
    state.now = START_MS
    for (const subtask of planned.subtasks)
      for (const { blocks, ignored } of await machine.run(reader.read(address, subtask)))
        for (const block of blocks) state.snapshots.restore(block, (name) => !ignored.includes(name))
    state.snapshots.seal(1, 'full')
    while (!state.snapshots.encode({ hasLeft: () => true }));
    for (const { group, bytes } of state.snapshots.takeBlocks()) found[`${address} ${group}`] = Buffer.from(bytes).toString('hex')
  }
  return found
}
