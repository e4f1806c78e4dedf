// Random programs and random arrivals, each from one seed.
import { LAYOUTS, randomSource } from './generate-input.ts'
import {
  randomAggregates,
  randomFilter,
  randomFlatMap,
  randomKey,
  randomKeyed,
  randomMap,
  randomPlain,
  randomReduce,
} from './generate-functions.ts'
import { randomWindow, windowVolume, WINDOW_FEATURES, type WindowFeature } from './generate-windows.ts'
import { stampsAll, tagsOf } from './plan.ts'
import type { FlatMapSpec, KeySpec, Program, SourceSpec, Step } from './program.ts'
import { makeRandom, type Random } from './random.ts'

/**
 * `conserving`: each input id reaches the sinks exactly once (each stream is read once, and each step sends on what it reads).
 * `windows`: window steps too, with these features or all of them; none by default.
 */
export interface ProgramOptions {
  readonly conserving?: boolean
  readonly windows?: 'all' | readonly WindowFeature[]
}

/** What is known of a stream while a program grows. `volume` is how many records it may carry, at most. */
interface Stream {
  readonly id: string
  readonly timed: boolean
  /** Every record has a timestamp. */
  readonly stamped: boolean
  readonly volume: number
  readonly isRow: boolean
}

const LARGEST_VOLUME = 3_000
/** How often windows are drawn, where they are. */
const WINDOWS = ['window', 'window', 'window', 'window', 'window', 'window']
const SINK_KEY: KeySpec = { kind: 'string', field: 'by' }

/** A program with up to `size` steps (beside side outputs, keyBys and sinks) over about 20 * size records: same seed, same program. */
export function randomProgram(seed: number, size: number, options: ProgramOptions = {}): Program {
  const random = makeRandom(seed)
  const sources = randomSources(random, size, options.windows !== undefined)
  const growing = new Growing(random, sources, options)
  for (let i = 0; i < size; i++) growing.grow()
  return { seed, startNow: random.pick([0, 1_000, 1_700_000_000_000]), sources, steps: growing.finish() }
}

/** One to three sources, the first always timed and with splits. For windows every other one is unruly, and of one split, so that nothing else holds its watermark back. */
function randomSources(random: Random, size: number, forWindows: boolean): SourceSpec[] {
  const sources: SourceSpec[] = []
  let firstId = 1
  for (let i = random.int(1, 3); i > 0; i--) {
    const isFirst = sources.length === 0
    const isUnruly = forWindows && random.chance(0.5)
    const layout = isUnruly ? 'one' : random.pick(isFirst ? LAYOUTS.slice(0, 4) : LAYOUTS)
    const source = randomSource(random, {
      id: `s${sources.length}`,
      firstId,
      count: random.int(5, 5 + 20 * size),
      layout,
      timed: isFirst || random.chance(0.7),
      isUnruly,
    })
    sources.push(source)
    firstId += source.splits.flatMap((split) => split.records).length
  }
  return sources
}

class Growing {
  readonly #random: Random
  readonly #isConserving: boolean
  readonly #windows: readonly WindowFeature[]
  readonly #steps: Step[] = []
  readonly #unread: Set<string>
  #open: Stream[]

  constructor(random: Random, sources: readonly SourceSpec[], { conserving = false, windows = [] }: ProgramOptions) {
    this.#random = random
    this.#isConserving = conserving
    this.#windows = windows === 'all' ? WINDOW_FEATURES : windows
    this.#open = sources.map((source) => ({
      id: source.id,
      timed: source.timed,
      stamped: source.timed,
      volume: source.splits.flatMap((split) => split.records).length,
      isRow: false,
    }))
    this.#unread = new Set(this.#open.map((stream) => stream.id))
  }

  /** One more step on a stream of those that are open. */
  grow(): void {
    const from = this.#read()
    if (from.isRow)
      return this.#add(from, { kind: 'map', id: this.#id('map'), from: from.id, fn: { kind: 'fromRow', field: 'n' } }, { isRow: false })
    const kinds = this.#isConserving
      ? ['map', 'union', 'keyedProcess', 'reduce', 'route']
      : [
          'map',
          'filter',
          'flatMap',
          'union',
          'process',
          'keyedProcess',
          'keyedProcess',
          'keyedProcess',
          'keyedProcess',
          'reduce',
          'aggregate',
        ]
    const kind = this.#random.pick(this.#windows.length > 0 ? [...kinds, ...WINDOWS] : kinds)
    if (kind === 'window') this.#growWindow(from)
    else if (kind === 'union') this.#growUnion(from)
    else if (kind === 'keyedProcess' || kind === 'reduce' || kind === 'aggregate') this.#growKeyed(from, kind)
    else this.#growPlain(from, kind)
  }

  #growPlain(from: Stream, kind: string): void {
    const random = this.#random
    const base = { id: this.#id(kind), from: from.id }
    if (kind === 'map') return this.#add(from, { kind, ...base, fn: randomMap(random) })
    if (kind === 'filter') return this.#add(from, { kind, ...base, fn: randomFilter(random) })
    if (kind === 'route')
      return this.#add(from, { kind: 'process', ...base, fn: { kind: 'route', modulo: random.int(2, 4), tag: 'routed' } })
    if (kind === 'process') {
      const fn = randomPlain(random)
      return this.#add(from, { kind, ...base, fn }, { volume: fn.kind === 'explode' ? from.volume * (fn.modulo - 1) : from.volume })
    }
    const fn = randomFlatMap(random)
    return this.#add(from, { kind: 'flatMap', ...base, fn }, { volume: from.volume * factorOf(fn) })
  }

  #growUnion(from: Stream): void {
    const others = this.#isConserving
      ? this.#open.filter((stream) => stream.id !== from.id && !stream.isRow)
      : this.#open.filter((stream) => !stream.isRow)
    if (others.length === 0) return this.#growPlain(from, 'map')
    const joined = Array.from({ length: this.#isConserving ? 1 : this.#random.int(1, 2) }, () => this.#random.pick(others))
    for (const stream of joined) this.#mark(stream)
    const all = [from, ...joined]
    this.#add(
      from,
      { kind: 'union', id: this.#id('union'), from: all.map((stream) => stream.id) },
      {
        timed: all.some((stream) => stream.timed),
        stamped: all.every((stream) => stream.stamped),
        volume: all.reduce((sum, stream) => sum + stream.volume, 0),
      },
    )
  }

  #growKeyed(from: Stream, kind: 'keyedProcess' | 'reduce' | 'aggregate'): void {
    const random = this.#random
    const keyed = this.#id('key')
    this.#steps.push({ kind: 'keyBy', id: keyed, from: from.id, key: randomKey(random) })
    const base = { id: this.#id(kind), from: keyed }
    if (kind === 'reduce') return this.#add(from, { kind, ...base, fn: this.#isConserving ? { kind: 'hash' } : randomReduce(random) })
    if (kind === 'aggregate') {
      const aggregates = randomAggregates(random).filter((spec) => spec.kind !== 'list' || from.volume <= 300)
      return this.#add(from, { kind, ...base, aggregates }, { isRow: true })
    }
    const fn = randomKeyed(random, { timed: from.timed, conserving: this.#isConserving })
    const perRecord = fn.kind === 'polls' || fn.kind === 'reminders' ? fn.count : fn.kind === 'chain' ? fn.links + 1 : 2
    this.#add(from, { kind, ...base, fn }, { volume: from.volume * (this.#isConserving ? 1 : perRecord) })
  }

  /** What fits the stream, or something else where nothing does. */
  #growWindow(from: Stream): void {
    const id = this.#id('window')
    const drawn = randomWindow(this.#random, { ...from, features: this.#windows, conserving: this.#isConserving })
    if (drawn === undefined) return this.#growPlain(from, 'map')
    this.#steps.push({ kind: 'keyBy', id: `key-of-${id}`, from: from.id, key: randomKey(this.#random) })
    const step: Step = { kind: 'window', id, from: `key-of-${id}`, ...drawn }
    const volume = this.#isConserving ? from.volume : windowVolume(step, from.volume)
    this.#add(from, step, { isRow: step.fn.kind === 'aggregate', volume })
  }

  /** A step with what is new about its stream, and the side outputs it has: read or, if that loses nothing, not. */
  #add(from: Stream, step: Step, changes: Partial<Stream> = {}): void {
    this.#steps.push(step)
    const stream: Stream = { ...from, stamped: stampsAll(step, from.stamped), ...changes, id: step.id }
    this.#offer(stream)
    for (const tag of tagsOf(step)) {
      if (!this.#isConserving && this.#random.chance(0.3)) continue
      const side = this.#id('side')
      this.#steps.push({ kind: 'side', id: side, from: step.id, tag })
      const isLate = step.kind === 'window' && step.lateTag === tag
      this.#offer({ ...(isLate ? from : stream), id: side })
    }
  }

  #offer(stream: Stream): void {
    this.#open.push(stream)
    this.#unread.add(stream.id)
  }

  /** A stream to go on from: the later ones more often, so that programs grow deep; none that would flood. */
  #read(): Stream {
    const fitting = this.#open.filter((stream) => stream.volume <= LARGEST_VOLUME)
    const among = fitting.length > 0 ? fitting : this.#open
    const stream = this.#random.chance(0.6) ? among.at(-1)! : this.#random.pick(among)
    this.#mark(stream)
    return stream
  }

  #mark(stream: Stream): void {
    this.#unread.delete(stream.id)
    if (this.#isConserving) this.#open = this.#open.filter((one) => one.id !== stream.id)
  }

  #id(kind: string): string {
    return `${kind}-${this.#steps.length}`
  }

  /** A sink for each stream that nobody reads, and now and then for others. */
  finish(): Step[] {
    for (const stream of this.#open) {
      const isSunk = this.#unread.has(stream.id) || (!this.#isConserving && this.#random.chance(0.15))
      if (isSunk)
        this.#steps.push({
          kind: 'sink',
          id: `sink-${stream.id}`,
          from: stream.id,
          key: stream.isRow ? { kind: 'any', field: 'key' } : SINK_KEY,
        })
    }
    return this.#steps
  }
}

function factorOf(fn: FlatMapSpec): number {
  if (fn.kind === 'repeat') return fn.times
  return fn.kind === 'count' ? fn.modulo - 1 : fn.tags.length
}
