/** Does to a simulated process what a plan says. */
import type { JobHandle } from '../../packages/millrace/src/runtime/monitor.ts'
import { randomFaults, type FaultPlan } from '../../packages/millrace/src/simulate/faults.ts'
import type { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { Trouble } from './sim-plan.ts'

type Process = SimulatedProcess<Machine>

export function disturb(machine: Machine, process: Process, handle: JobHandle, trouble: Trouble): void {
  if (trouble.kind === 'beside') return
  machine.faults = undefined
  machine.crashPoint = undefined
  switch (trouble.kind) {
    case 'die':
      return later(machine, process, trouble.afterMs, () => end(machine, process, trouble.how))
    case 'die-at':
      return atPoint(machine, process, trouble, () => trouble.how)
    case 'faults':
      machine.faults = randomFaults(new SeededRandom(process.pid, `faults ${machine.nowMs}`), trouble)
      return later(machine, process, trouble.forMs, () => void (machine.faults = undefined))
    case 'aborts':
      machine.faults = failingChunks(trouble.every)
      return later(machine, process, trouble.dieAfterMs, () => machine.kill(process))
    case 'slow-commits':
      machine.faults = ({ kind, path }) => (kind === 'link' && path.startsWith('/out/') ? { kind: 'slow', byMs: trouble.byMs } : undefined)
      return later(machine, process, trouble.dieAfterMs, () => machine.kill(process))
    case 'pause':
      return pause(machine, process, trouble)
    case 'none':
    case 'rot':
      return
    case 'stop':
      return later(machine, process, trouble.afterMs, () => void handle.stop().catch(() => undefined))
  }
}

function end(machine: Machine, process: Process, how: 'kill' | 'powerLoss'): void {
  if (how === 'kill') machine.kill(process)
  else if (!process.isDead) machine.losePower()
}

/** An event of the machine, not of the process: the process cannot delay it. */
function later(machine: Machine, process: Process, afterMs: number, happen: () => void): void {
  machine.schedule(process, { atMs: machine.nowMs + afterMs, label: 'trouble', isIdle: true }, happen)
}

function atPoint(
  machine: Machine,
  process: Process,
  at: { readonly point: string; readonly nth: number },
  happen: () => 'kill' | 'powerLoss' | undefined,
): void {
  let passed = 0
  machine.crashPoint = (name, _count, passing) => (passing === process && name === at.point && ++passed === at.nth ? happen() : undefined)
}

/** Without a budget for failures each aborted checkpoint ends an attempt: there has to be an end of it. */
const MOST_ABORTS = 12

/** Some chunks cannot be written: their checkpoints are aborted, and the attempt goes on if its budget allows. */
function failingChunks(every: number): FaultPlan {
  let count = 0
  return ({ kind, path }) =>
    kind === 'create' && path.startsWith('/checkpoints/chunks/') && ++count % every === 0 && count < MOST_ABORTS
      ? { kind: 'error', code: 'ENOSPC' }
      : undefined
}

function pause(machine: Machine, process: Process, { forMs, afterMs, at }: Extract<Trouble, { kind: 'pause' }>): void {
  if (at === undefined) return later(machine, process, afterMs, () => machine.pause(process, forMs))
  atPoint(machine, process, at, () => {
    machine.pause(process, forMs)
    return undefined
  })
}
