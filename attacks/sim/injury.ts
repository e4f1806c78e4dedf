/** The disk errors of a plan as a machine asks for them. */
import type { Fault as DiskFault, Operation, OperationKind } from '../../packages/millrace/src/simulate/faults.ts'
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { DiskErrorKind, Fault, Where } from './plan.ts'

/** Asked for each operation of a process while its life lasts. */
export type Injury = (operation: Operation) => DiskFault | undefined

const operations: Readonly<Record<DiskErrorKind, readonly OperationKind[]>> = {
  space: ['create', 'append', 'makeDirectory', 'link'],
  short: ['append'],
  write: ['create', 'append'],
  sync: ['sync', 'syncDirectory'],
  read: ['open', 'read', 'list', 'info'],
  rename: ['rename', 'link', 'unlink'],
}
const folders: Readonly<Record<Where, string>> = {
  checkpoints: '/checkpoints',
  log: '/checkpoints/log',
  chunks: '/checkpoints/chunks',
  output: '/out',
  input: '/in',
  all: '/',
}

export function diskError(
  fault: Extract<Fault, { kind: DiskErrorKind }>,
  random: SeededRandom,
  count: (operation: Operation) => void,
): Injury {
  let seen = 0
  let left = fault.times
  return (operation) => {
    const { kind, path } = operation
    if (left === 0 || !operations[fault.kind].includes(kind) || !path.startsWith(folders[fault.where])) return undefined
    seen++
    if (seen < fault.from || (seen - fault.from) % fault.every !== 0) return undefined
    left--
    count(operation)
    const code = fault.kind === 'space' || fault.kind === 'short' ? 'ENOSPC' : 'EIO'
    return { kind: 'error', code, share: fault.kind === 'short' ? random.next() : 0 }
  }
}

export function slowDisk(fault: Extract<Fault, { kind: 'slow' }>, random: SeededRandom, isOver: () => boolean, count: () => void): Injury {
  return ({ path }) => {
    if (isOver() || !path.startsWith(folders[fault.where]) || !random.chance(fault.chance)) return undefined
    count()
    return { kind: 'slow', byMs: fault.mostMs * random.next() }
  }
}

/** The name is there, and whoever gave it does not know: a committed file, a chunk, an entry, a heartbeat. */
export function lostReply(fault: Extract<Fault, { kind: 'reply' }>, count: () => void): Injury {
  let seen = 0
  return ({ kind, path }) => {
    if ((kind !== 'link' && kind !== 'rename') || !path.startsWith(folders[fault.where])) return undefined
    seen++
    if (seen < fault.from || seen >= fault.from + fault.times) return undefined
    count()
    return { kind: 'error', code: 'EIO', when: 'after' }
  }
}
