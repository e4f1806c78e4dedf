/** What is done at each operation of the disk: data, made of the recording alone. */
import type { Fault, OperationKind } from '../../packages/millrace/src/simulate/faults.ts'
import { SECTOR_BYTES } from '../../packages/millrace/src/simulate/inode.ts'
import { CHANGES, type Recorded } from './record.ts'

export type CaseKind = 'kill before' | 'kill after' | 'torn' | 'error once' | 'error, then loss of power' | 'error that stays'
export interface DiskCase {
  readonly kind: CaseKind
  /** Of the operation at which it happens. */
  readonly index: number
  readonly fault: Fault
}

/** What each operation may fail with. */
const ERRORS: Readonly<Record<OperationKind, readonly ('EIO' | 'ENOSPC')[]>> = {
  open: ['EIO'],
  create: ['ENOSPC', 'EIO'],
  read: ['EIO'],
  append: ['ENOSPC', 'EIO'],
  // Where blocks are given out late, a full disk shows here.
  sync: ['EIO', 'ENOSPC'],
  close: ['EIO'],
  link: ['EIO', 'ENOSPC'],
  rename: ['EIO', 'ENOSPC'],
  unlink: ['EIO'],
  list: ['EIO'],
  info: ['EIO'],
  makeDirectory: ['ENOSPC', 'EIO'],
  removeDirectory: ['EIO'],
  syncDirectory: ['EIO'],
}

/** A write that fails may have written nothing, a part or all. */
const SHARES = [0, 0.5, 1]

export function casesOf(operations: readonly Recorded[]): readonly DiskCase[] {
  return operations.flatMap(({ operation }, index): DiskCase[] => {
    const { kind, bytes = 0 } = operation
    const cases: DiskCase[] = [
      { kind: 'kill before', index, fault: { kind: 'kill', when: 'before' } },
      { kind: 'kill after', index, fault: { kind: 'kill', when: 'after' } },
    ]
    for (let torn = SECTOR_BYTES; kind === 'append' && torn < bytes; torn += SECTOR_BYTES)
      for (const how of ['kill', 'powerLoss'] as const) cases.push({ kind: 'torn', index, fault: { kind: how, when: { torn } } })
    for (const fault of ERRORS[kind].flatMap((code) => faultsOf(kind, code))) {
      cases.push({ kind: 'error once', index, fault }, { kind: 'error that stays', index, fault })
      if (CHANGES.has(kind)) cases.push({ kind: 'error, then loss of power', index, fault })
    }
    return cases
  })
}

function faultsOf(kind: OperationKind, code: 'EIO' | 'ENOSPC'): Fault[] {
  return kind === 'append' ? SHARES.map((share) => ({ kind: 'error', code, share })) : [{ kind: 'error', code }]
}
