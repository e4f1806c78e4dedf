import type { Source } from '../connect/contract.ts'
import type { Duration } from '../core/duration.ts'
import type { Timestamp } from '../core/time.ts'
import type { Tag } from './process-types.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { Stream } from './stream-types.ts'

/** What `from` can be told. */
export interface FromOptions<T> {
  /** Event time of a record; default: the source's own, if it has one. With neither, an event timer or a window in event time further on is a build error. */
  timestamp?: (value: T, fromSource: Timestamp | undefined) => Timestamp
  /** What does not parse or validate, or has no usable timestamp, goes there, counted. Without it the job fails, naming file, position and reason. */
  invalid?: Tag<DeadLetter>
  /** How far records may be out of order; default 0. Watermark = greatest timestamp - outOfOrderness - 1. */
  outOfOrderness?: Duration
  /** A split that is silent for longer stops holding the watermark back. */
  idleness?: Duration
}

/** A record that could not be used, and why. */
export interface DeadLetter {
  /** Address of where it was refused, `source/ID`. */
  readonly step: string
  readonly code: string
  readonly message: string
  readonly input: unknown
  readonly timestamp?: Timestamp
  readonly split?: string
  readonly position?: string
}

/** What a job's factory builds with; of no use once the factory has returned. */
export interface JobBuilder {
  /** Reads a source. With a schema records are what the schema makes of them. */
  from<T>(id: string, source: Source<unknown>, options: FromOptions<T> & { schema: StandardSchema<T> }): Stream<T>
  from<T>(id: string, source: Source<T>, options?: FromOptions<T>): Stream<T>
}

/** What a job module default-exports. */
export interface Job<in out Config = unknown, out Handles = unknown> {
  readonly name: string
  /** For the compiler alone: the streams that the factory returned, by name. */
  readonly '~handles'?: Handles
  /** Builds the plan and says what it is; runs nothing. */
  explain(...config: [Config] extends [void] ? [] : [config: Config]): Explanation
}

/** The plan as data, and for each path from source to sink its delivery guarantee, its latency and why. `String(explanation)` is for people. */
export interface Explanation {
  readonly steps: readonly {
    readonly address: string
    readonly kind: string
    readonly inputs: readonly string[]
    readonly parallelism: number
    readonly state: readonly string[]
  }[]
  /** Steps that run together, joined by direct calls. */
  readonly tasks: readonly { readonly name: string; readonly steps: readonly string[]; readonly parallelism: number }[]
  /** Between tasks. One that is not `timed` has no event time: what it leads to does not wait for it. */
  readonly edges: readonly {
    readonly from: string
    readonly to: string
    readonly partitioning: 'forward' | 'hash' | 'rebalance'
    readonly timed: boolean
  }[]
  readonly paths: readonly {
    readonly from: string
    readonly to: string
    readonly guarantee: 'exactly-once' | 'effectively-once' | 'at-least-once' | 'at-most-once' | 'none'
    /** The source or sink, or both, because of which it is not exactly-once. */
    readonly limitedBy: readonly string[]
    readonly because: readonly string[]
    /** What keeps a record from being shown at once; `ms` is the most that it adds, where that is known. */
    readonly latency: readonly {
      readonly kind: 'exchange' | 'window' | 'event-time' | 'out-of-orderness' | 'idleness' | 'untimed' | 'checkpoint'
      readonly at: string
      readonly ms?: number
      readonly because: string
    }[]
  }[]
  toString(): string
}

/** Streams by name: what a factory may return. */
export type Streams = { readonly [name: string]: Stream<unknown> }
