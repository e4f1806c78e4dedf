/** How the first process of a case on the real kernel may end: exact, or loud for the reason that it was given. */
import { isLoud, type DiskCode, type ProcessEnd } from '../loud.ts'
import type { KernelCase } from './plan.ts'

export function kindOfEnd(each: KernelCase, { how, said }: ProcessEnd): 'exact' | 'loud' | 'wrong' {
  if (how === 'finished') return 'exact'
  // Of a life that nobody kills the kernel may take a process for want of memory: that is no answer to a disk.
  if (how === 'SIGKILL') return killsIt(each) ? 'loud' : 'wrong'
  return isLoud({ code: how, said }, diskCodeOf(each)) ? 'loud' : 'wrong'
}

function killsIt(each: KernelCase): boolean {
  return (
    each.kind === 'shim' && (each.strike.action === 'kill-before' || each.strike.action === 'kill-after' || each.strike.action === 'torn')
  )
}

function diskCodeOf(each: KernelCase): DiskCode | undefined {
  if (each.kind === 'full') return 'ENOSPC'
  const { action } = each.strike
  return action === 'EIO' || action === 'ENOSPC' ? action : undefined
}
