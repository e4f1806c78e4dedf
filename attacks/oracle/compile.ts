/** A program of the reference as a job of Millrace, through the public door only. */
import {
  agg,
  countWindow,
  defineJob,
  eventTimer,
  eventTimers,
  listState,
  mapState,
  outputTag,
  processingTimer,
  processingTimers,
  session,
  sliding,
  tumbling,
  valueState,
  type Aggregate,
  type Job,
  type JobBuilder,
  type KeyedStream,
  type Sink,
  type Source,
  type Stream,
  type Tag,
  type TimeWindow,
  type WindowAssigner,
} from 'millrace'
import {
  fieldReader,
  filterFn,
  flatMapFn,
  keyedProcess,
  keySelector,
  mapFn,
  plainProcess,
  reducer,
  timestampOf,
} from '../../reference/behaviours.ts'
import type { StateDeclaration, TimerDeclaration } from '../../reference/handles.ts'
import {
  inputsOf,
  type AggregateSpec,
  type AssignerSpec,
  type Key,
  type KeySpec,
  type Program,
  type Row,
  type SourceSpec,
  type Step,
  type WindowStep,
} from '../../reference/program.ts'
import { dynamicGap } from '../../reference/window-assigners.ts'
import { windowProcess } from '../../reference/window-behaviours.ts'

/** Where what happens in user functions is written down. */
export interface Listener {
  /** Once per subtask of a step and attempt; what it gives is handed to the other calls. */
  open(step: string, subtask: number, subtasks: number): unknown
  record(
    opened: unknown,
    seen: {
      readonly value: Row
      readonly key?: Key
      readonly timestamp: number | undefined
      readonly watermark: number
      readonly now: number
    },
  ): void
  processingTime(opened: unknown, now: number): void
  /** Of reduce and aggregate, which know no subtask. `before` is what a reducer was given. */
  reduced(step: string, key: Key, value: Row, before?: Row): void
}
export interface CompileParts {
  readonly source: (spec: SourceSpec) => Source<Row>
  /** Whether the source itself gives timestamps, instead of a function. */
  readonly hasOwnTimestamps: (spec: SourceSpec) => boolean
  readonly sink: (step: Extract<Step, { kind: 'sink' }>) => Sink<Row>
  readonly listener: Listener
  /** Of a step, if it is to say. */
  readonly parallelism: (step: Step) => number | undefined
  /** flatMap gives a generator, not an array. */
  readonly isLazy: (step: Step) => boolean
}

export function compile(program: Program, parts: CompileParts): Job<void, unknown> {
  return defineJob('oracle', (job) => new Compiler(program, parts, job).build())
}

class Compiler {
  readonly #program: Program
  readonly #parts: CompileParts
  readonly #job: JobBuilder
  readonly #streams = new Map<string, Stream<Row>>()
  readonly #keyed = new Map<string, { readonly stream: KeyedStream<Row, Key>; readonly key: KeySpec }>()
  readonly #tags = new Map<string, Tag<Row>>()

  constructor(program: Program, parts: CompileParts, job: JobBuilder) {
    this.#program = program
    this.#parts = parts
    this.#job = job
  }

  build(): void {
    for (const spec of this.#program.sources) this.#source(spec)
    for (const step of this.#program.steps) this.#step(step)
  }

  #source(spec: SourceSpec): void {
    const timestamp = this.#parts.hasOwnTimestamps(spec) ? undefined : timestampOf(spec)
    const stream = this.#job.from(spec.id, this.#parts.source(spec), {
      ...(timestamp === undefined ? {} : { timestamp }),
      outOfOrderness: spec.outOfOrdernessMs,
      ...(spec.idlenessMs === null ? {} : { idleness: spec.idlenessMs }),
    })
    this.#streams.set(spec.id, stream)
  }

  #step(step: Step): void {
    const [first, ...others] = inputsOf(step).map((id) => this.#streams.get(id) as Stream<Row>)
    const from = first as Stream<Row>
    if (step.kind === 'sink') return from.to(step.id, this.#parts.sink(step))
    if (step.kind === 'keyBy')
      return void this.#keyed.set(step.id, { stream: from.keyBy(keySelector(step.key)) as KeyedStream<Row, Key>, key: step.key })
    if (step.kind === 'side') return void this.#streams.set(step.id, from.side(this.#tag(step.tag)))
    if (step.kind === 'union') return void this.#streams.set(step.id, from.union(...others))
    const made = this.#made(step, from)
    const parallelism = this.#parts.parallelism(step)
    this.#streams.set(step.id, parallelism === undefined ? made : made.parallelism(parallelism))
  }

  #made(step: Exclude<Step, { kind: 'sink' | 'keyBy' | 'side' | 'union' }>, from: Stream<Row>): Stream<Row> {
    switch (step.kind) {
      case 'map':
        return from.map(mapFn(step.fn))
      case 'filter':
        return from.filter(filterFn(step.fn))
      case 'flatMap': {
        const all = flatMapFn(step.fn)
        return this.#parts.isLazy(step) ? from.flatMap((value): Iterable<Row> => lazily(all(value))) : from.flatMap(all)
      }
      case 'process':
        return this.#plain(step, from)
      case 'keyedProcess':
        return this.#keyedProcess(step)
      case 'reduce':
        return this.#reduce(step)
      case 'aggregate':
        return this.#aggregate(step)
      case 'window':
        return this.#window(step)
    }
  }

  #plain(step: Extract<Step, { kind: 'process' }>, from: Stream<Row>): Stream<Row> {
    const { listener } = this.#parts
    const { onRecord } = plainProcess(step.fn, (id) => this.#tag(id))
    return from.process<Row, unknown>(step.id, {
      open: ({ subtask, subtasks }) => listener.open(step.id, subtask, subtasks),
      onRecord(value, context, out) {
        listener.record(context.resource, { value, timestamp: context.timestamp, watermark: context.watermark, now: context.now })
        onRecord(value, context, out as never)
      },
    })
  }

  #keyedProcess(step: Extract<Step, { kind: 'keyedProcess' }>): Stream<Row> {
    const { listener } = this.#parts
    const behaviour = keyedProcess(step.fn, (id) => this.#tag(id))
    const { stream } = this.#keyed.get(step.from)!
    const onTimer = Object.entries(behaviour.onTimer).map(([name, fire]) => {
      const isProcessing = behaviour.timers[name] === 'processing' || behaviour.timers[name] === 'processings'
      return [
        name,
        (at: number, context: { readonly resource: unknown; readonly now: number }, out: unknown) => {
          if (isProcessing) listener.processingTime(context.resource, context.now)
          fire(at, context as never, out as never)
        },
      ] as const
    })
    return stream.process<never, never, Row, unknown>(step.id, {
      state: mapValues(behaviour.states, stateOf) as never,
      timers: mapValues(behaviour.timers, timerOf) as never,
      open: ({ subtask, subtasks }) => listener.open(step.id, subtask, subtasks),
      onRecord(value, context, out) {
        const { resource, key, timestamp, watermark, now } = context
        listener.record(resource, { value, key, timestamp, watermark, now })
        behaviour.onRecord(value, context as never, out as never)
      },
      onTimer: Object.fromEntries(onTimer) as never,
    })
  }

  #reduce(step: Extract<Step, { kind: 'reduce' }>): Stream<Row> {
    const { stream, key } = this.#keyed.get(step.from)!
    const [reduce, select] = [reducer(step.fn), keySelector(key)]
    return stream.reduce(step.id, (accumulated, value) => {
      this.#parts.listener.reduced(step.id, select(value), value, accumulated)
      return reduce(accumulated, value)
    })
  }

  #aggregate(step: Extract<Step, { kind: 'aggregate' }>): Stream<Row> {
    const { stream, key } = this.#keyed.get(step.from)!
    const select = keySelector(key)
    const aggregates = step.aggregates.map((spec, i) => {
      const made = aggregateOf(spec)
      const add = (accumulator: unknown, value: Row): unknown => {
        if (i === 0) this.#parts.listener.reduced(step.id, select(value), value)
        return made.add(accumulator, value)
      }
      return [spec.name, { ...made, add }] as const
    })
    return stream.aggregate(step.id, Object.fromEntries(aggregates) as never) as unknown as Stream<Row>
  }

  #window(step: WindowStep): Stream<Row> {
    const { stream } = this.#keyed.get(step.from)!
    let windows = stream.window(assignerOf(step.assigner))
    if (step.allowedLateness > 0) windows = windows.allowedLateness(step.allowedLateness)
    if (step.lateTag !== undefined) windows = windows.lateTo(this.#tag(step.lateTag))
    if (step.fn.kind === 'aggregate') {
      const aggregates = step.fn.aggregates.map((spec) => [spec.name, aggregateOf(spec)] as const)
      return windows.aggregate(step.id, Object.fromEntries(aggregates) as never) as unknown as Stream<Row>
    }
    const { onWindow } = windowProcess(step.fn, (id) => this.#tag(id))
    return windows.process<Row>(step.id, (context, values, out) => onWindow(context, values, out as never))
  }

  /** One object per id. */
  #tag(id: string): Tag<Row> {
    const tag = this.#tags.get(id) ?? outputTag<Row>(id)
    this.#tags.set(id, tag)
    return tag
  }
}

/** Windows that are the same as far as their type goes. */
function assignerOf(assigner: AssignerSpec): WindowAssigner<TimeWindow | undefined, Row> {
  switch (assigner.kind) {
    case 'tumbling':
      return tumbling(assigner.size, { offset: assigner.offset, time: assigner.time })
    case 'sliding':
      return sliding(assigner.size, assigner.slide, { offset: assigner.offset, time: assigner.time })
    case 'session':
      return session<Row>(typeof assigner.gap === 'number' ? assigner.gap : dynamicGap(assigner.gap), { time: assigner.time })
    case 'count':
      return countWindow(assigner.size, assigner.slide)
    default:
      throw new Error(`${assigner.kind} windows are not built: such programs are not drawn`)
  }
}

function* lazily<T>(values: readonly T[]): Generator<T> {
  yield* values
}

function mapValues<A, B>(of: Readonly<Record<string, A>>, make: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, make(value)]))
}

function stateOf({ kind, initial, ttl }: StateDeclaration): unknown {
  const options = ttl === undefined ? {} : { ttl }
  if (kind === 'list') return listState(options)
  if (kind === 'map') return mapState(options)
  return initial === undefined ? valueState(options) : valueState({ ...options, initial: () => initial })
}

function timerOf(declaration: TimerDeclaration): unknown {
  return { event: eventTimer, events: eventTimers, processing: processingTimer, processings: processingTimers }[declaration]()
}

// `any`: the accumulators of different aggregates, of no interest here.
function aggregateOf({ kind, field, n }: AggregateSpec): Aggregate<Row, any, unknown> {
  const of = fieldReader(field)
  switch (kind) {
    case 'count':
    case 'first':
    case 'last':
    case 'list':
      return agg[kind]<Row>()
    case 'top':
      return agg.top<Row>(n ?? 1, of)
    default:
      return agg[kind]<Row>(of)
  }
}
