/**
 * The contract between a task and its operators.
 *
 * An operator is a closure per input, made from a *template*: a function that closes over nothing but its parameters and
 * returns the closure(s). The task makes a copy of the template's source for each operator (task/specialize.ts), so that V8
 * keeps the feedback of each operator apart; where code generation is forbidden it calls the template itself. Hence:
 *
 * O1  A template uses nothing but its parameters and globals. User functions are parameters, never text.
 * O2  Whatever an operator emits, it emits by calling `next` (or a side output) during one of its own calls.
 * O3  `gate.isClosed` asks to stop soon: what is open-ended (an iterable) keeps its place in a cursor and returns.
 */
import type { FiredTimer, Key } from '../state/contract.ts'

/** `timestamp` is NaN where the record has none. */
export type Emit = (value: unknown, timestamp: number) => void

/** Of one operator; written by the task, read by the operator. */
export interface OperatorTime {
  /** -Infinity before the first, +Infinity after all input. */
  watermark: number
  /** Processing time of the mail at hand. */
  now: number
  /** False between the pieces of work of a task, when no call of user code is on: what emits then is a promise or a timer of its own. */
  isRunning: boolean
}

/** Closed while the outputs of the task have no room or a writer is full. */
export interface Gate {
  isClosed: boolean
}

/** A place inside what an operator has begun to emit and has to go on with before anything else reaches it (rules 1.10). */
export interface Cursor {
  readonly isOpen: boolean
  /** Goes on until done or the gate closes. */
  resume(): void
}

/** Key groups that are ahead of the operator's watermark after a restore. */
export interface Floor {
  readonly first: number
  readonly last: number
  readonly watermark: number
}

/** What windows know of lateness. */
export interface OperatorLateness {
  /** Records so far that were late and went nowhere. */
  readonly dropped: number
  restore(floors: readonly Floor[]): void
  /** For the next checkpoint. */
  floors(): readonly Floor[]
}

/** Makes the closures of an operator from a template and its arguments. */
export type Specialize = <A extends readonly unknown[], R>(template: (...parameters: A) => R, ...args: A) => R

/** How a keyed input finds the key of a record. */
export type KeySelector = (value: unknown) => Key

/** What a built operator gives to its task. */
export interface Operator {
  /** One per input edge of the node, in order. */
  readonly inputs: readonly Emit[]
  readonly onTimer?: (fired: FiredTimer) => void
  readonly cursor?: Cursor
  /** Of windows. */
  readonly lateness?: OperatorLateness
  /** Its state is in place again. */
  restored?(): void
  /** Before the first record. */
  open?(): Promise<void>
  close?(): Promise<void>
}
