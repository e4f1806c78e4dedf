// The steps of a program, wired: each record and each signal runs depth first to the sinks before the next one starts.
import { isKeyed, keyOfInput, timedStreams } from './plan.ts'
import { inputsOf, type Program, type Row, type Step } from './program.ts'
import type { Clock } from './state.ts'
import type { Outlet, Runtime } from './runtime.ts'
import { makeRuntime } from './steps.ts'
import { InputWatermark, type Signal } from './watermark.ts'

/** A record as a sink got it; null is no timestamp. */
export interface Emission {
  readonly value: Row
  readonly timestamp: number | null
}

/** The way into one input of one step. */
export interface Edge {
  record(value: Row, timestamp: number | null): void
  signal(signal: Signal): void
}

export interface Network {
  readonly clock: Clock
  /** What reads a source, in order of the program. */
  edgesOf(stream: string): readonly Edge[]
  /** The outlet of a step: to its readers, main and side. */
  outletOf(step: Step): Outlet
  /** In order of the program; a step whose input has ended does nothing. */
  fireProcessingTimers(): void
  /** Per sink. */
  readonly collected: ReadonlyMap<string, Emission[]>
  /** Per step that has dropped late records. */
  readonly dropped: ReadonlyMap<string, Emission[]>
}

/** What stands in for a step, or around what it makes: a replay wants none of the usual. */
export type Substitute = (step: Step, make: () => Runtime, clock: Clock) => Runtime
export const asItIs: Substitute = (_step, make) => make()

export function makeNetwork(program: Program, clock: Clock, substitute: Substitute = asItIs): Network {
  const collected = new Map<string, Emission[]>()
  const dropped = new Map<string, Emission[]>()
  const main = new Map<string, Edge[]>()
  const sides = new Map<string, Edge[]>() // by step and tag
  const all = new Map<string, Edge[]>() // main and side, for signals
  const runtimes: Runtime[] = []

  function outletOf(step: Step): Outlet {
    if (step.kind === 'sink') return collector(step.id)
    return {
      emit: (value, timestamp) => main.get(step.id)?.forEach((edge) => edge.record(value, timestamp)),
      side: (tag, value, timestamp) => sides.get(sideName(step.id, tag))?.forEach((edge) => edge.record(value, timestamp)), // nobody reads: dropped (PF-4)
      drop: (value, timestamp) => push(dropped, step.id, { value, timestamp }),
    }
  }
  function collector(sink: string): Outlet {
    const emissions: Emission[] = []
    collected.set(sink, emissions)
    return { emit: (value, timestamp) => void emissions.push({ value, timestamp }), side() {}, drop() {} }
  }
  const timed = timedStreams(program)
  for (const step of program.steps) {
    const outlet = outletOf(step)
    const make = (): Runtime => makeRuntime(step, isKeyed(step) ? keyOfInput(program, step) : undefined, clock, outlet)
    const runtime = substitute(step, make, clock)
    const watermark = new InputWatermark(inputsOf(step).map((from) => timed.get(from) === true))
    runtimes.push(runtime)
    inputsOf(step).forEach((from, input) => {
      const edge: Edge = {
        record: (value, timestamp) => runtime.record(value, timestamp),
        signal(signal) {
          for (const one of watermark.receive(input, signal)) passOn(runtime, one, all.get(step.id) ?? [])
        },
      }
      push(all, from, edge)
      if (step.kind === 'side') push(sides, sideName(from, step.tag), edge)
      else push(main, from, edge)
    })
  }
  return {
    clock,
    collected,
    dropped,
    outletOf,
    edgesOf: (stream) => all.get(stream) ?? [],
    fireProcessingTimers: () => runtimes.forEach((runtime) => runtime.time()),
  }
}

/** The step is done with a watermark before anyone after it hears of it (WM-8). */
function passOn(runtime: Runtime, signal: Signal, readers: readonly Edge[]): void {
  if (signal.kind === 'watermark') runtime.watermark(signal.at)
  if (signal.kind === 'end') runtime.end()
  for (const reader of readers) reader.signal(signal)
}

function sideName(step: string, tag: string): string {
  return JSON.stringify([step, tag])
}

function push<T>(into: Map<string, T[]>, name: string, value: T): void {
  into.set(name, [...(into.get(name) ?? []), value])
}
