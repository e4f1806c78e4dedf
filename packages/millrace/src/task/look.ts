/** What a step holds for a key, while the job runs. For the test kit: between steps of the task, and nothing is changed by it. */
import type { Key, KeyedState, StateDeclaration } from '../state/contract.ts'
import type { Chain } from './chain.ts'

/** State and timers by name, without those that have nothing; undefined where there is no such process function with a key. */
export function lookAt({ operators }: Chain, address: string, key: Key): Readonly<Record<string, unknown>> | undefined {
  const { node, keyed } = operators.find((each) => each.node.address === address) ?? {}
  if (node?.kind !== 'keyed-process') return undefined
  const state = keyed as KeyedState
  state.setKey(key)
  try {
    const found = Object.entries(node.states).map(([name, declaration]) => [name, heldBy(state, name, declaration)] as const)
    return Object.fromEntries(found.filter(([, held]) => held !== undefined))
  } finally {
    state.leave()
  }
}

function heldBy(state: KeyedState, name: string, { kind }: StateDeclaration): unknown {
  switch (kind) {
    case 'value':
      return state.value(name).get()
    case 'list':
      return unlessEmpty([...state.list(name)])
    case 'map': {
      const entries = new Map(state.map(name))
      return entries.size === 0 ? undefined : entries
    }
    case 'timer':
      return state.timer(name).at
    case 'timers':
      return unlessEmpty(state.timers(name).times())
    case 'accumulator':
      return undefined
  }
}

function unlessEmpty(values: readonly unknown[]): readonly unknown[] | undefined {
  return values.length === 0 ? undefined : values
}
