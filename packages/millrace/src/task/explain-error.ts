/** What a task says of an error that ends it: which step, which subtask, and why. */
import { StreamError, messageOf, tame } from '../core/errors.ts'
import { textOfKey } from '../state/upgrade.ts'
import type { ChainOperator } from './chain.ts'
import type { TaskOptions } from './task-spec.ts'

/**
 * Wraps once, at the task's edge.
 * @param working the step whose timers or cursor were running, if any: it calls functions that the stack does not name
 */
export function explained(
  error: unknown,
  { spec, specializer }: TaskOptions,
  operators: readonly ChainOperator[],
  working?: string,
): StreamError {
  const step = specializer.addressOf(error) ?? working ?? spec.name
  if (StreamError.is(error)) {
    if (error.code === 'UNSUPPORTED_VALUE' || error.code === 'INVALID_KEY')
      return withPlace(error, operators) ?? withStep(error, step, spec)
    // The functions that find it serve all steps.
    return error.code === 'PROMISE'
      ? new StreamError('PROMISE', error.message.replace('a step', step), { cause: error, details: { step, subtask: spec.subtask } })
      : error
  }
  const frozen = error instanceof TypeError && /read only property|not extensible|Cannot delete property/.test(error.message)
  if (frozen)
    return new StreamError(
      'FROZEN_RECORD',
      `${step} changed a record or a value of state in place: ${messageOf(error)}. Make a new object instead: { ...record, field: value }.`,
      { cause: error, details: { step, subtask: spec.subtask } },
    )
  return new StreamError('USER_CODE', `A function of ${step} threw: ${messageOf(error)}`, {
    cause: error,
    details: { step, subtask: spec.subtask },
  })
}

/** Runs `open` or `close` of a step. @throws {USER_CODE} with the step */
export async function inLifecycle(what: 'open' | 'close', step: string, work: () => void | Promise<void>): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    const error = tame(thrown)
    if (StreamError.is(error)) throw error
    throw new StreamError('USER_CODE', `The ${what} function of ${step} threw: ${messageOf(error)}`, { cause: error, details: { step } })
  }
}

/** A value that a snapshot could not store was put there long before: it is told by its step, state and key. */
function withPlace(error: StreamError, operators: readonly ChainOperator[]): StreamError | undefined {
  for (const { node, keyed } of operators) {
    const at = keyed?.snapshots.unstorable
    if (at === undefined) continue
    const key = textOfKey(at.key)
    return new StreamError(
      'UNSUPPORTED_VALUE',
      `The state ${JSON.stringify(at.state)} of ${node.address} cannot be saved for the key ${key}: ${error.message}`,
      { cause: error, details: { ...error.details, step: node.address, state: at.state, key } },
    )
  }
  return undefined
}

/** What finds such a key or value serves all steps, and knows none. */
function withStep(error: StreamError, step: string, { subtask }: TaskOptions['spec']): StreamError {
  if (error.message.includes(step)) return error
  return new StreamError(error.code, `In ${step}: ${error.message}`, { cause: error, details: { ...error.details, step, subtask } })
}
