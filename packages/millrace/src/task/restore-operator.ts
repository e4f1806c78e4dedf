import type { Budget } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import type { OperatorState } from '../state/contract.ts'
import type { ChainOperator } from './chain.ts'
import type { OperatorRestore, RestoredRun, TaskOptions } from './task-spec.ts'

/** Puts what a checkpoint holds of an operator in its place: in turns like any other work (rules 1.20). */
export async function restoreOperator(
  { keyed, time, operator }: ChainOperator,
  from: Extract<OperatorRestore, { kind: 'keyed' }>,
  now: number,
  { env, signal }: TaskOptions,
  measure: (nowMs: number) => void,
): Promise<void> {
  time.watermark = from.watermark
  if (keyed === undefined) return
  keyed.now = now
  let budget: Budget = env.budget('turn')
  for (const { blocks, ignored } of from.runs) {
    for (const _step of steps(keyed, blocks, ignored)) {
      if (budget.hasLeft()) continue
      measure(env.clock.monotonic())
      await new Promise<void>((resolve) => env.timers.soon(resolve))
      if (signal.aborted) throw new StreamError('STOPPED', 'The job was stopped while it restored its state.')
      budget = env.budget('turn')
    }
  }
  keyed.snapshots.endRestore()
  operator.lateness?.restore(from.floors ?? [])
  operator.restored?.()
}

function* steps(
  { snapshots }: OperatorState,
  blocks: RestoredRun['blocks'],
  ignored: RestoredRun['ignored'],
): Generator<undefined, void, undefined> {
  for (const block of blocks) {
    yield* snapshots.restoreInSteps(block, (state) => !ignored.includes(state))
    yield
  }
}
