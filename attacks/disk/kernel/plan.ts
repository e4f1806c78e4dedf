/** Which cases there are on the real kernel: data, made of the seed and of how often a life makes each call. */
import { SeededRandom } from '../../../packages/millrace/src/connectors/seeded-random.ts'
import type { ShimAction, ShimCall, Strike } from './shim.ts'

export type KernelCase =
  | { readonly kind: 'shim'; readonly seed: number; readonly strike: Strike }
  /** A file system of its own with so large a share of the bytes that the job needs. */
  | { readonly kind: 'full'; readonly seed: number; readonly share: number }

const ACTIONS: readonly (readonly [call: ShimCall, action: ShimAction, stays: boolean])[] = [
  ['write', 'EIO', false],
  ['write', 'ENOSPC', false],
  ['write', 'ENOSPC', true],
  ['write', 'short', false],
  ['write', 'short', true],
  ['write', 'torn', false],
  ['write', 'kill-after', false],
  ['fsync', 'EIO', false],
  ['fsync', 'ENOSPC', false],
  ['fsync', 'EIO', true],
  ['fsync', 'kill-before', false],
  ['fsync', 'kill-after', false],
  ['rename', 'EIO', false],
  ['rename', 'EIO', true],
  ['rename', 'kill-after', false],
  ['link', 'EIO', false],
  ['link', 'ENOSPC', true],
  ['link', 'kill-before', false],
  ['link', 'kill-after', false],
  ['read', 'EIO', false],
  ['read', 'EIO', true],
  ['read', 'kill-before', false],
]
/** One case in so many is a full file system. */
const FULL_EVERY = 5
/** Later calls may not come: a life on a real machine is never twice the same. */
const LATEST = 0.6

export function kernelPlan(seed: number, count: number, calls: ReadonlyMap<ShimCall, number>): readonly KernelCase[] {
  const random = new SeededRandom(seed, 'kernel')
  let strikes = 0
  return Array.from({ length: count }, (_, index): KernelCase => {
    if (index % FULL_EVERY === FULL_EVERY - 1) return { kind: 'full', seed: seed + index, share: 0.1 + 0.8 * random.next() }
    const [call, action, stays] = ACTIONS[strikes++ % ACTIONS.length] as (typeof ACTIONS)[number]
    const nth = 1 + random.below(Math.max(1, Math.floor((calls.get(call) ?? 0) * LATEST)))
    return { kind: 'shim', seed: seed + index, strike: { call, action, stays, nth } }
  })
}
