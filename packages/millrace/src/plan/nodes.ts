/**
 * The plan: what a job's factory built, as data that holds the user's functions. Node i may only read from nodes < i.
 *
 * Addresses are `source/ID`, `step/ID`, `sink/ID` for what owns state or touches the world (rules 1.22). Steps without an id
 * are called `map#3`, … : the number counts steps without an id, in order of the program; nothing is found again by it.
 */
import type { SinkDefinition, SourceDefinition, Plain } from '../connect/contract.ts'
import type { KeyedStepDefinition, PlainStepDefinition } from '../operator/definitions.ts'
import type { StateDeclaration } from '../state/contract.ts'
import type { OnWindow } from '../operator/definitions.ts'
import type { WindowSpec } from '../windows/assigner.ts'

/** Which output of a node an edge reads: the main one or the side output of a tag. */
export type OutputName = 'main' | { readonly tag: string }

export interface PlanEdge {
  /** Index of the node it reads from. */
  readonly from: number
  readonly output: OutputName
  /** With a selector the edge is keyed: records go to the subtask that owns the key's group. */
  readonly key?: (value: unknown) => unknown
}

interface NodeCommon {
  readonly address: string
  readonly inputs: readonly PlanEdge[]
  /** As asked for by `.parallelism(n)`; without it the run's default. */
  readonly parallelism?: number
  /** Tags that the step declared or can send. `any`: a process function, which may send to whatever tag it is given. */
  readonly tags: 'any' | readonly string[]
}

export interface SourceNode extends NodeCommon {
  readonly kind: 'source'
  readonly source: SourceDefinition<unknown, Plain>
  readonly timestamp: ((value: unknown, fromSource: number | undefined) => number) | undefined
  /** Synchronous; returns the value or throws INVALID_RECORD with the issues. */
  readonly validate: ((value: unknown) => unknown) | undefined
  /** Tag that takes dead letters; without it an invalid record fails the job. */
  readonly invalidTag: string | undefined
  readonly outOfOrdernessMs: number
  readonly idlenessMs: number | undefined
}
export interface MapNode extends NodeCommon {
  readonly kind: 'map'
  readonly mapper: (value: unknown) => unknown
}
export interface FilterNode extends NodeCommon {
  readonly kind: 'filter'
  readonly predicate: (value: unknown) => unknown
}
export interface FlatMapNode extends NodeCommon {
  readonly kind: 'flatMap'
  readonly mapper: (value: unknown) => Iterable<unknown>
}
/** A process function without a key. */
export interface ProcessNode extends NodeCommon {
  readonly kind: 'process'
  readonly step: PlainStepDefinition
}
/** All inputs are keyed. */
export interface KeyedProcessNode extends NodeCommon {
  readonly kind: 'keyed-process'
  readonly step: KeyedStepDefinition
  readonly states: Readonly<Record<string, StateDeclaration>>
}
export interface ReduceNode extends NodeCommon {
  readonly kind: 'reduce'
  readonly reducer: (accumulated: unknown, value: unknown) => unknown
  readonly states: Readonly<Record<string, StateDeclaration>>
}
export interface AggregateNode extends NodeCommon {
  readonly kind: 'aggregate'
  readonly aggregates: Readonly<Record<string, AggregateFunctions>>
  readonly states: Readonly<Record<string, StateDeclaration>>
}
/** All inputs are keyed. */
export interface WindowNode extends NodeCommon {
  readonly kind: 'window'
  readonly windows: WindowSpec
  readonly latenessMs: number
  /** Takes late records; without it they are counted and dropped. */
  readonly lateTag: string | undefined
  readonly compute:
    | {
        readonly kind: 'aggregate'
        readonly aggregates: Readonly<Record<string, AggregateFunctions>>
        /** No result depends on the order of the values. */
        readonly isOrderFree: boolean
      }
    | { readonly kind: 'process'; readonly onWindow: OnWindow }
  /** `sliced`: a record is kept once, in a slice of time, from which windows are put together (rules 1.15). */
  readonly operator: 'sliced' | 'general'
  readonly states: Readonly<Record<string, StateDeclaration>>
}
export interface SinkNode extends NodeCommon {
  readonly kind: 'sink'
  readonly sink: SinkDefinition<unknown, Plain, Plain>
}

export type PlanNode =
  | SourceNode
  | MapNode
  | FilterNode
  | FlatMapNode
  | ProcessNode
  | KeyedProcessNode
  | ReduceNode
  | AggregateNode
  | WindowNode
  | SinkNode

/** `Aggregate` of the api, erased. */
export interface AggregateFunctions {
  readonly kind?: string | undefined
  create(): unknown
  add(accumulator: unknown, value: unknown): unknown
  merge(left: unknown, right: unknown): unknown
  result(accumulator: unknown): unknown
}

export interface Plan {
  readonly job: string
  readonly nodes: readonly PlanNode[]
}
