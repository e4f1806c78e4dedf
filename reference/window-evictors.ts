// What is dropped from a window before it fires (EV-1).
import { distanceBy } from './behaviours.ts'
import { assertNever, type EvictorSpec, type Row, type WindowStep } from './program.ts'

/** A value in a window. */
export interface Element {
  readonly value: Row
  readonly timestamp: number | null
}
/** What stays of elements, of which there is at least one. */
export type Evict = (elements: readonly Element[]) => readonly Element[]

/** The step's own, or that of its assigner: a count window that slides keeps its last `size` (WA-9). */
export function evictorOf(step: WindowStep): Evict {
  const { assigner } = step
  if (step.evictor !== undefined) return makeEvictor(step.evictor)
  if (assigner.kind === 'count' && assigner.slide !== undefined) return makeEvictor({ kind: 'keepLast', n: assigner.size })
  return (elements) => elements
}

function makeEvictor(spec: EvictorSpec): Evict {
  switch (spec.kind) {
    case 'keepLast':
      return (elements) => elements.slice(-spec.n)
    case 'keepNewest':
      return (elements) => {
        const newest = Math.max(...elements.map((element) => element.timestamp!))
        return elements.filter((element) => element.timestamp! > newest - spec.ms)
      }
    case 'keepNear': {
      const distance = distanceBy(spec.field)
      return (elements) => {
        const last = elements.at(-1)!
        return elements.filter((element) => distance(element.value, last.value) < spec.threshold)
      }
    }
    default:
      return assertNever(spec)
  }
}
