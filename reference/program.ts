// A job program as data. Everything here survives `JSON.parse(JSON.stringify(program))`.

/** What a stream may carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
export type Row = { readonly [name: string]: Json }
export type Key = string | number | readonly Key[]

/** A record as a source holds it. `ts` is epoch milliseconds, and null in untimed sources. Ids are unique in a program. */
export type InputRecord = {
  readonly id: number
  readonly key: number
  readonly value: number
  readonly ts: number | null
  readonly tag: string
}

/** A piece of a source, read in order. `batch` is the fixed number of records after which a batch of it ends (rules 1.2e). */
export interface Split {
  readonly id: string
  readonly batch: number
  readonly records: readonly InputRecord[]
}

/**
 * A bounded source. Timed: each record's event time is its `ts`, and a split's watermark is max(ts) - outOfOrderness - 1.
 * Untimed: records have no event time, and the source takes no part in any minimum of watermarks (rules 1.13).
 * `idlenessMs` is null when splits are never excused. All durations are milliseconds.
 */
export interface SourceSpec {
  readonly id: string
  readonly timed: boolean
  readonly outOfOrdernessMs: number
  readonly idlenessMs: number | null
  readonly splits: readonly Split[]
}

// ---------------------------------------------------------------- user functions as data
/** Fields are read leniently: a number field that is no safe integer reads as 0, a string field that is no string as '', and `any` (number, string or tuple as it is) as 0 when it is no key. */
export type KeySpec =
  | { readonly kind: 'int'; readonly field: string }
  | { readonly kind: 'string'; readonly field: string }
  | { readonly kind: 'any'; readonly field: string }
  | { readonly kind: 'tuple'; readonly fields: readonly KeySpec[] }

export type MapSpec =
  | { readonly kind: 'addConst'; readonly field: string; readonly add: number }
  | { readonly kind: 'mulMod'; readonly field: string; readonly multiply: number; readonly modulo: number } // always in [0, modulo)
  | { readonly kind: 'pickField'; readonly field: string } // value := field
  | { readonly kind: 'fromRow'; readonly field: string } // any row becomes a record again; value := field, key := a number made of the row's key

export type FilterSpec =
  | { readonly kind: 'modIs'; readonly field: string; readonly modulo: number; readonly is: number }
  | { readonly kind: 'atLeast'; readonly field: string; readonly least: number }
  | { readonly kind: 'tagIs'; readonly tag: string }

export type FlatMapSpec =
  | { readonly kind: 'repeat'; readonly times: number } // `times` copies, each with its own `part`
  | { readonly kind: 'count'; readonly modulo: number } // value mod modulo copies: 0 to modulo - 1
  | { readonly kind: 'split'; readonly tags: readonly string[] } // one copy per tag, with that tag

export type PlainSpec =
  | { readonly kind: 'route'; readonly modulo: number; readonly tag: string } // value mod modulo = 0 goes to the tag, else on
  | { readonly kind: 'explode'; readonly modulo: number; readonly tag: string } // value mod modulo copies; the original to the tag when that is none
  | { readonly kind: 'stamp' } // adds what the context says of time
  | { readonly kind: 'late'; readonly tag: string } // at or below the watermark goes to the tag

export type ReduceSpec =
  | { readonly kind: 'sum' } // the newer record with the sum of values, modulo 1,000,003
  | { readonly kind: 'max' } // the record with the greater value, the earlier on ties
  | { readonly kind: 'hash' } // the newer record with a hash of all values in order

export type AggregateKind = 'count' | 'sum' | 'min' | 'max' | 'avg' | 'first' | 'last' | 'list' | 'top' | 'distinct' | 'minBy' | 'maxBy'
/** `field` is the number field that is compared or added; it means nothing for count, first, last and list. `n` is for top only. */
export interface AggregateSpec {
  readonly name: string
  readonly kind: AggregateKind
  readonly field: string
  readonly n?: number
}

/** Milliseconds of processing time, or with options; words as in the api. */
export type TtlSpec =
  | number
  | { readonly after: number; readonly refreshOn?: 'write' | 'read-and-write'; readonly expired?: 'never-returned' | 'until-cleaned' }

/** Scripted keyed process functions; what each does is told at its implementation in keyed-behaviours.ts and timer-behaviours.ts. */
export type KeyedSpec =
  | { readonly kind: 'counter'; readonly every: number }
  | { readonly kind: 'sequence' }
  | { readonly kind: 'previous'; readonly clearAt: number }
  | { readonly kind: 'router'; readonly modulo: number; readonly tag: string }
  | { readonly kind: 'lateness'; readonly tag: string }
  | { readonly kind: 'inspect'; readonly clock: boolean }
  | { readonly kind: 'collect'; readonly keep: number }
  | { readonly kind: 'tally'; readonly limit: number; readonly most: number }
  | { readonly kind: 'dedupe'; readonly ttl: TtlSpec; readonly tag: string }
  | { readonly kind: 'recent'; readonly ttl: TtlSpec }
  | { readonly kind: 'recentByTag'; readonly ttl: TtlSpec }
  | { readonly kind: 'buffer'; readonly delay: number; readonly move: boolean }
  | { readonly kind: 'session'; readonly gap: number; readonly tag: string }
  | { readonly kind: 'chain'; readonly delay: number; readonly links: number; readonly step: number }
  | { readonly kind: 'reminders'; readonly delay: number; readonly count: number; readonly cancel: number }
  | { readonly kind: 'cancel'; readonly delay: number; readonly modulo: number }
  | { readonly kind: 'timeout'; readonly delay: number }
  | { readonly kind: 'polls'; readonly delay: number; readonly count: number }
  | { readonly kind: 'race'; readonly eventDelay: number; readonly processingDelay: number }

// ---------------------------------------------------------------- windows as data
export type TimeDomain = 'event' | 'processing'

/** The gap after a value: `least + value mod modulo`, so always above 0. */
export interface GapSpec {
  readonly field: string
  readonly least: number
  readonly modulo: number
}

/** Durations are milliseconds. Cumulative: windows of one start that end at each `step`, up to `size`, a multiple of it. */
export type AssignerSpec =
  | { readonly kind: 'tumbling'; readonly size: number; readonly offset: number; readonly time: TimeDomain }
  | { readonly kind: 'sliding'; readonly size: number; readonly slide: number; readonly offset: number; readonly time: TimeDomain }
  | { readonly kind: 'cumulative'; readonly size: number; readonly step: number; readonly offset: number; readonly time: TimeDomain }
  | { readonly kind: 'session'; readonly gap: number | GapSpec; readonly time: TimeDomain }
  | { readonly kind: 'count'; readonly size: number; readonly slide?: number }
  | { readonly kind: 'global' }

/** `delta` compares the field of two values: the distance is that of the numbers. */
export type TriggerSpec =
  | { readonly kind: 'atEnd' }
  | { readonly kind: 'every'; readonly interval: number; readonly time: TimeDomain }
  | { readonly kind: 'count'; readonly n: number }
  | { readonly kind: 'delta'; readonly threshold: number; readonly field: string }
  | { readonly kind: 'purging'; readonly of: TriggerSpec }

/** `keepNear` compares the field of each value with that of the last. */
export type EvictorSpec =
  | { readonly kind: 'keepLast'; readonly n: number }
  | { readonly kind: 'keepNewest'; readonly ms: number }
  | { readonly kind: 'keepNear'; readonly threshold: number; readonly field: string }

/** What is made of a window that fires: named aggregates, or a scripted `process` over all its values, told in window-behaviours.ts. */
export type WindowSpec =
  | { readonly kind: 'aggregate'; readonly aggregates: readonly AggregateSpec[] }
  | { readonly kind: 'ids' }
  | { readonly kind: 'each' }
  | { readonly kind: 'some'; readonly modulo: number }
  | { readonly kind: 'route'; readonly modulo: number; readonly tag: string }
  | { readonly kind: 'inspect'; readonly clock: boolean }

/** Without `trigger` and `evictor` those of the assigner hold, without `lateTag` what is late is dropped. */
export interface WindowStep {
  readonly kind: 'window'
  readonly id: string
  readonly from: string
  readonly assigner: AssignerSpec
  readonly trigger?: TriggerSpec
  readonly evictor?: EvictorSpec
  readonly allowedLateness: number
  readonly lateTag?: string
  readonly fn: WindowSpec
}

// ---------------------------------------------------------------- steps
/** `from` names a source or an earlier step. Keyed steps read a `keyBy`; `side` reads a process step or a window step. */
export type Step =
  | { readonly kind: 'map'; readonly id: string; readonly from: string; readonly fn: MapSpec }
  | { readonly kind: 'filter'; readonly id: string; readonly from: string; readonly fn: FilterSpec }
  | { readonly kind: 'flatMap'; readonly id: string; readonly from: string; readonly fn: FlatMapSpec }
  | { readonly kind: 'union'; readonly id: string; readonly from: readonly string[] } // at least two, may repeat
  | { readonly kind: 'keyBy'; readonly id: string; readonly from: string; readonly key: KeySpec }
  | { readonly kind: 'process'; readonly id: string; readonly from: string; readonly fn: PlainSpec }
  | { readonly kind: 'keyedProcess'; readonly id: string; readonly from: string; readonly fn: KeyedSpec }
  | { readonly kind: 'reduce'; readonly id: string; readonly from: string; readonly fn: ReduceSpec }
  | { readonly kind: 'aggregate'; readonly id: string; readonly from: string; readonly aggregates: readonly AggregateSpec[] }
  | WindowStep
  | { readonly kind: 'side'; readonly id: string; readonly from: string; readonly tag: string }
  | { readonly kind: 'sink'; readonly id: string; readonly from: string; readonly key: KeySpec } // the key groups what arrives, for comparison only

export interface Program {
  readonly seed: number
  readonly startNow: number // the clock when the job starts
  readonly sources: readonly SourceSpec[]
  readonly steps: readonly Step[] // each after what it reads
}

/** The streams that a step reads, in order of its inputs. */
export function inputsOf(step: Step): readonly string[] {
  return step.kind === 'union' ? step.from : [step.from]
}

/** The values of a closed set are all handled where this compiles. */
export function assertNever(value: never): never {
  throw new Error(`unknown: ${JSON.stringify(value)}`)
}
