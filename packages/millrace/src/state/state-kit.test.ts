/** What the tests of this folder share. */
import { randomBytes } from 'node:crypto'
import { keyIdentity } from '../serde/key.ts'
import { readBlock } from './block.ts'
import type { Key, KeyedState, StateBlock, StateDeclaration } from './contract.ts'
import { createHeapState } from './heap-state.ts'

export const seed: number = Number(process.env['SEED'] ?? randomBytes(4).readUInt32LE() >>> 1)
console.log(`SEED=${seed}`)

export const endless = { hasLeft: (): boolean => true }
export const oneStep = { hasLeft: (): boolean => false }
export const KEY_GROUPS = 16

export function stateOf(declarations: Readonly<Record<string, StateDeclaration>>, freeze: 'always' | 'sampled' = 'always'): KeyedState {
  return createHeapState({ declarations, maxParallelism: KEY_GROUPS, freeze })
}

let checkpoints = 0
/** A whole snapshot at once. Left open: to be completed or aborted under the number that comes with it. */
export function sealed(state: KeyedState, mode: 'delta' | 'full' = 'delta'): { checkpoint: number; blocks: readonly StateBlock[] } {
  const checkpoint = ++checkpoints
  state.snapshots.seal(checkpoint, mode)
  state.snapshots.encode(endless)
  return { checkpoint, blocks: state.snapshots.takeBlocks() }
}

export function completed(state: KeyedState, mode: 'delta' | 'full' = 'delta'): readonly StateBlock[] {
  const { checkpoint, blocks } = sealed(state, mode)
  state.snapshots.complete(checkpoint)
  return blocks
}

export function restored(
  declarations: Readonly<Record<string, StateDeclaration>>,
  ...snapshots: readonly (readonly StateBlock[])[]
): KeyedState {
  const state = stateOf(declarations)
  for (const blocks of snapshots) for (const { bytes } of blocks) state.snapshots.restore(bytes, () => true)
  return state
}

/** Entries as short texts: `state op key …`. */
export function entriesOf(blocks: readonly StateBlock[]): string[] {
  return blocks.flatMap(({ bytes }) =>
    [...readBlock(bytes)].map(({ state, op, key, subkey, value, elements, from }) =>
      [state, op, key, subkey, from, value, elements?.map((each) => JSON.stringify(each.value)).join()]
        .filter((part) => part !== undefined)
        .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
        .join(' '),
    ),
  )
}

/** All that a state holds, by a savepoint: independent of deltas, and none the wiser afterwards. */
export function contentOf(state: KeyedState): Map<string, unknown> {
  const { checkpoint, blocks } = sealed(state, 'full')
  state.snapshots.abort(checkpoint)
  const content = new Map<string, unknown>()
  for (const { bytes } of blocks) {
    for (const entry of readBlock(bytes)) {
      const name = `${entry.state} ${keyIdentity(entry.key as Key)} ${entry.subkey === undefined ? '' : keyIdentity(entry.subkey)}`
      if (entry.elements === undefined) content.set(name, [entry.value, entry.expiry])
      else content.set(name, [...((content.get(name) as unknown[] | undefined) ?? []), ...entry.elements])
    }
  }
  return new Map([...content].sort((a, b) => (a[0] < b[0] ? -1 : 1)))
}
