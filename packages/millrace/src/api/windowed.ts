import { type Duration, durationMs } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import { addressOf, shown } from '../plan/ids.ts'
import type { AggregateFunctions, PlanEdge, WindowNode } from '../plan/nodes.ts'
import { windowOperatorOf, windowStates } from '../plan/window-states.ts'
import type { WindowSpec } from '../windows/assigner.ts'
import { checkAggregates, isOrderFree } from './aggregates.ts'
import { checkPerRecord } from './checks.ts'
import type { NewNode } from './graph.ts'
import type { Stream } from './stream-types.ts'
import { tagId } from './tag.ts'

/** What a windowed stream is made from: where its step goes, and how messages call it. */
export interface WindowedParts {
  readonly edges: readonly PlanEdge[]
  readonly add: (node: NewNode) => Stream<unknown>
  readonly named: (step: string) => string
  readonly windows: WindowSpec
}

/** A keyed stream in windows, before the step that ends it. */
export class BuiltWindows {
  readonly #parts: WindowedParts
  readonly #latenessMs: number
  readonly #lateTag: string | undefined

  constructor(parts: WindowedParts, latenessMs: number = 0, lateTag?: string) {
    this.#parts = parts
    this.#latenessMs = latenessMs
    this.#lateTag = lateTag
  }

  allowedLateness(lateness: Duration): BuiltWindows {
    const what = this.#parts.named('allowedLateness()')
    const latenessMs = durationMs(lateness, what)
    if (!Number.isSafeInteger(latenessMs))
      throw new StreamError('INVALID_DURATION', `${what} was given ${shown(lateness)}: it may be a whole number of milliseconds from 0.`)
    this.#refuseLateness('allowedLateness()')
    return new BuiltWindows(this.#parts, latenessMs, this.#lateTag)
  }

  lateTo(tag: unknown): BuiltWindows {
    const id = tagId(`What ${this.#parts.named('lateTo()')} sends to`, tag)
    this.#refuseLateness('lateTo()')
    return new BuiltWindows(this.#parts, this.#latenessMs, id)
  }

  /** Where nothing is late, whoever asks for it expects what does not come. */
  #refuseLateness(step: string): void {
    const { windows, named } = this.#parts
    if (windows.kind !== 'count' && windows.domain === 'event') return
    const kind = windows.kind === 'count' ? 'count windows' : 'windows in processing time'
    throw new StreamError('INVALID_JOB', `${named(step)}: nothing is ever late in ${kind}. Remove it, or use windows in event time.`)
  }

  aggregate(id: string, aggregates: Readonly<Record<string, AggregateFunctions>>): Stream<unknown> {
    const address = addressOf('step', id)
    checkAggregates(address, aggregates, ['key', 'window'])
    return this.#add(address, {
      kind: 'aggregate',
      aggregates: { ...aggregates },
      isOrderFree: Object.values(aggregates).every(isOrderFree),
    })
  }

  process(id: string, onWindow: Extract<WindowNode['compute'], { kind: 'process' }>['onWindow']): Stream<unknown> {
    const address = addressOf('step', id)
    checkPerRecord(onWindow, { what: `The function of ${address}` })
    return this.#add(address, { kind: 'process', onWindow })
  }

  #add(address: string, compute: WindowNode['compute']): Stream<unknown> {
    const { windows, edges, add } = this.#parts
    const operator = windowOperatorOf({ windows, compute })
    const late = this.#lateTag === undefined ? [] : [this.#lateTag]
    return add({
      kind: 'window',
      address,
      windows,
      latenessMs: this.#latenessMs,
      lateTag: this.#lateTag,
      compute,
      operator,
      states: windowStates({ windows, compute }, operator),
      inputs: edges,
      tags: compute.kind === 'process' ? 'any' : late,
    })
  }
}
