import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Merge } from '../checkpoint/compaction.ts'
import { applyMerge } from '../checkpoint/compaction.ts'
import type { Ownership } from '../checkpoint/log-types.ts'
import type { ChunkRef, Manifest, Run } from '../checkpoint/manifest.ts'
import { OpenDirectory } from '../connectors/directory-storage-open.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { buildChunk } from '../state/chunk.ts'
import { createHeapState } from '../state/heap-state.ts'
import { ChunkReader } from './chunk-reader.ts'
import { Upkeep } from './upkeep.ts'

const OPERATOR = 'step/sum'
const KEY_GROUPS = 4
const env = virtualEnv({ seed: 3 })
const storage = new OpenDirectory(env, '/checkpoints')
const write = (name: string, bytes: readonly Uint8Array[]): Promise<void> => storage.writeChunk(name, bytes)
const limits = { fanIn: 2, minRewriteBytes: 1_000_000 }
const ownership: Ownership = {
  log: 'l',
  epoch: 1,
  claim: 1,
  restored: undefined,
  checkpointFloor: 0,
  retained: [],
  damaged: [],
  mayDelete: true,
  numbers: [1],
}

/** A checkpoint whose only change is one key. */
async function delta(checkpoint: number): Promise<{ readonly run: Run; readonly ref: ChunkRef }> {
  const state = createHeapState({
    declarations: { v: { kind: 'value', version: 1 } },
    maxParallelism: KEY_GROUPS,
    freeze: 'always',
  })
  state.setKey(checkpoint)
  state.value('v').set(checkpoint)
  state.snapshots.seal(checkpoint, 'delta')
  while (!state.snapshots.encode(env.budget('turn')));
  const parts = state.snapshots.takeBlocks().map((block) => ({ operator: OPERATOR, ...block }))
  const name = `e1-c${checkpoint}-step-0-${String(checkpoint).padStart(16, '0')}.chunk`
  const built = buildChunk({ name, epoch: 1, checkpoint, parts }, env.digest)
  await env.machine.run(storage.writeChunk(name, built.bytes))
  return {
    run: { chunk: name, first: 0, last: KEY_GROUPS - 1, level: 0, bytes: 30, entries: 1 },
    ref: { name, sizeBytes: built.sizeBytes, sha256: built.sha256 },
  }
}

const manifestOf = (checkpoint: number, runs: readonly Run[], chunks: readonly ChunkRef[]): Manifest =>
  ({
    checkpoint,
    chunks,
    operators: { [OPERATOR]: { kind: 'keyed', runs, watermarks: [{ first: 0, last: KEY_GROUPS - 1, watermark: 0 }] } },
  }) as unknown as Manifest

test('a merge that waits for a manifest is not made a second time', async () => {
  const made = [await delta(1), await delta(2), await delta(3)]
  const runs = made.map(({ run }) => run)
  const chunks = made.map(({ ref }) => ref)
  const upkeep = new Upkeep({ ownership, storage, env, chunks: new ChunkReader(storage, env), limits, write })
  const merges: Merge[] = []
  const merged = (merge: Merge): void => void merges.push(merge)
  const done = async (): Promise<void> => {
    const waits = new Promise<void>((resolve) => env.timers.after(1_000, resolve))
    await env.machine.run(waits)
  }
  upkeep.compact(manifestOf(2, runs.slice(0, 2), chunks), merged)
  await done()
  assert.equal(merges.length, 1)
  // The manifest of checkpoint 3 was built before the merge was done: its inputs are in it, and may be gone after the next one.
  upkeep.compact(manifestOf(3, runs, chunks), merged)
  await done()
  assert.equal(merges.length, 1)
  // In checkpoint 4 it has taken the place of its inputs: the next merge may begin.
  const [first] = merges as [Merge]
  const after = applyMerge(runs, first) as readonly Run[]
  const next = await delta(4)
  upkeep.compact(manifestOf(4, [...after, next.run], [...chunks, next.ref, first.chunk]), merged)
  await done()
  assert.equal(merges.length, 2)
  assert.deepEqual(merges[1]?.inputs, [runs[2]?.chunk, next.run.chunk])
})

test('a merge that came too late is void, and another one may begin', async () => {
  const made = [await delta(5), await delta(6)]
  const manifest = manifestOf(
    6,
    made.map(({ run }) => run),
    made.map(({ ref }) => ref),
  )
  const upkeep = new Upkeep({ ownership, storage, env, chunks: new ChunkReader(storage, env), limits, write })
  const merges: Merge[] = []
  const merged = (merge: Merge): void => void merges.push(merge)
  upkeep.compact(manifest, merged)
  await env.machine.run(new Promise<void>((resolve) => env.timers.after(1_000, resolve)))
  upkeep.discard(merges[0] as Merge)
  upkeep.compact(manifest, merged)
  await env.machine.run(new Promise<void>((resolve) => env.timers.after(1_000, resolve)))
  assert.equal(merges.length, 2)
})

/** A stop at a million changed keys took half as long again while merges went on beside its last checkpoint. */
test('once a job is being stopped nothing is merged any more, neither what is under way nor what comes', async () => {
  const made = [await delta(21), await delta(22)]
  const manifest = manifestOf(
    22,
    made.map(({ run }) => run),
    made.map(({ ref }) => ref),
  )
  const upkeep = new Upkeep({ ownership, storage, env, chunks: new ChunkReader(storage, env), limits, write })
  const merges: Merge[] = []
  const merged = (merge: Merge): void => void merges.push(merge)
  const later = (): Promise<void> => env.machine.run(new Promise<void>((resolve) => env.timers.after(1_000, resolve)))
  upkeep.compact(manifest, merged)
  upkeep.rest()
  await later()
  upkeep.compact(manifest, merged)
  await later()
  assert.deepEqual(merges, [])
})

test('an operator that always needs a merge does not keep others from theirs', async () => {
  const made = [await delta(7), await delta(8)]
  const runs = made.map(({ run }) => run)
  const part = { kind: 'keyed', runs, watermarks: [{ first: 0, last: KEY_GROUPS - 1, watermark: 0 }] }
  const chunks = made.map(({ ref }) => ref)
  const manifest = { checkpoint: 8, chunks, operators: { 'step/a': part, 'step/b': part, 'step/c': part } } as unknown as Manifest
  const upkeep = new Upkeep({ ownership, storage, env, chunks: new ChunkReader(storage, env), limits, write })
  const merged: string[] = []
  const compact = async (): Promise<void> => {
    upkeep.compact(manifest, (merge) => {
      merged.push(merge.operator)
      upkeep.discard(merge)
    })
    await env.machine.run(new Promise<void>((resolve) => env.timers.after(1_000, resolve)))
  }
  await compact()
  assert.deepEqual(merged, ['step/a', 'step/b', 'step/c'], 'each once for a manifest')
  await compact()
  assert.deepEqual(merged.slice(3), ['step/a', 'step/b', 'step/c'])
})

test('many ranges are merged between two manifests, one at a time, and none of them twice while it waits', async () => {
  const made = [await delta(9), await delta(0)]
  const part = {
    kind: 'keyed',
    runs: made.map(({ run }) => run),
    watermarks: [0, 1, 2, 3].map((group) => ({ first: group, last: group, watermark: 0 })),
  }
  const manifest = { checkpoint: 8, chunks: made.map(({ ref }) => ref), operators: { [OPERATOR]: part } } as unknown as Manifest
  const upkeep = new Upkeep({ ownership, storage, env, chunks: new ChunkReader(storage, env), limits, write })
  const merged: number[] = []
  for (let again = 0; again < 2; again++) {
    upkeep.compact(manifest, ({ first }) => merged.push(first))
    await env.machine.run(new Promise<void>((resolve) => env.timers.after(1_000, resolve)))
  }
  assert.deepEqual(merged, [0, 1, 2, 3])
})
