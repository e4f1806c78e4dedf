import type { StateDeclaration } from '../state/contract.ts'
import type { Plan, PlanNode, WindowNode } from './nodes.ts'
import { windowsText } from './window-layout.ts'

/** 64 hexadecimal digits over all parts in turn: `sha256` of Env's digest. */
export type PlanDigest = (parts: readonly Uint8Array[]) => string

/**
 * A hash of what the factory built: ids, kinds, edges, state declarations, options and the source text of the user's
 * functions. All threads must agree on it (rules 1.6). Values that a function closes over are not seen.
 */
export function planHash(plan: Plan, digest: PlanDigest): string {
  const data = [plan.job, plan.nodes.map(nodeData)]
  return digest([new TextEncoder().encode(JSON.stringify(data))])
}

function nodeData(node: PlanNode): unknown {
  const inputs = node.inputs.map((edge) => [edge.from, edge.output === 'main' ? 0 : edge.output.tag, text(edge.key)])
  return [node.address, node.kind, inputs, node.parallelism ?? 0, node.tags, specifics(node)]
}

function specifics(node: PlanNode): unknown {
  switch (node.kind) {
    case 'source': {
      const { kind, bounded, replayable, timestamps } = node.source
      const options = [node.invalidTag ?? 0, node.outOfOrdernessMs, node.idlenessMs ?? 0, node.validate === undefined ? 0 : 1]
      return [kind, bounded, replayable, timestamps, text(node.timestamp), options]
    }
    case 'map':
    case 'flatMap':
      return text(node.mapper)
    case 'filter':
      return text(node.predicate)
    case 'process':
      return [text(node.step.open), text(node.step.close), text(node.step.onRecord)]
    case 'keyed-process':
      return [
        text(node.step.open),
        text(node.step.close),
        text(node.step.onRecord),
        functionsOf(node.step.onTimer ?? {}),
        declarations(node.states),
      ]
    case 'reduce':
      return [text(node.reducer), declarations(node.states)]
    case 'aggregate':
      return [Object.entries(node.aggregates).map(([name, aggregate]) => [name, functionsOf(aggregate)]), declarations(node.states)]
    case 'window':
      return [windowsText(node.windows), node.latenessMs, node.lateTag ?? 0, computed(node), declarations(node.states)]
    case 'sink':
      return [node.sink.kind, node.sink.delivery]
  }
}

function computed({ windows, compute }: WindowNode): unknown {
  const gap = windows.kind === 'session' ? text(windows.gap) : 0
  if (compute.kind === 'process') return [gap, text(compute.onWindow)]
  return [gap, Object.entries(compute.aggregates).map(([name, aggregate]) => [name, functionsOf(aggregate)])]
}

function declarations(states: Readonly<Record<string, StateDeclaration>>): unknown {
  return Object.entries(states).map(([name, { kind, domain, ttl, version, initial, migrate }]) => {
    const ttlData = ttl === undefined ? 0 : [ttl.afterMs, ttl.refreshOn, ttl.expired]
    return [name, kind, domain ?? 0, ttlData, version, text(initial), text(migrate)]
  })
}

/** Own properties and methods of a class's instance alike. */
function functionsOf(of: object): unknown {
  const methods = new Map<string, unknown>()
  for (let at: object | null = of; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const value: unknown = Reflect.get(of, name)
      if (typeof value === 'function' && name !== 'constructor' && !methods.has(name)) methods.set(name, text(value))
    }
  }
  return [...methods]
}

function text(value: unknown): string | 0 {
  return typeof value === 'function' ? Function.prototype.toString.call(value) : 0
}
