import { StreamError, messageOf, tame } from '../core/errors.ts'
import type { PlanNode } from '../plan/nodes.ts'

type Owner = Pick<PlanNode, 'kind' | 'address'>

/** Does what a source or a sink has to do. @throws {SOURCE} {SINK} with the address; errors of the engine's kind as they are */
export async function byConnector<T>(owner: Owner, what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const error = tame(thrown)
    if (StreamError.is(error)) throw error
    const code = owner.kind === 'source' ? 'SOURCE' : 'SINK'
    throw new StreamError(code, `${owner.address} could not ${what}: ${sentence(error)}`, {
      cause: error,
      details: { step: owner.address },
    })
  }
}

export function sentence(error: unknown): string {
  const message = messageOf(error)
  return /[.!?]$/.test(message) ? message : `${message}.`
}
