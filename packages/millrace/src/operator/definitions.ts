/** The shapes in which user code reaches the operators: the api's process functions, erased. */
import type { Key } from '../state/contract.ts'

/** `Out` of the api. */
export interface Out {
  emit(value: unknown): void
  side(tag: { readonly id: string }, value: unknown): void
}
export interface OpenContext {
  readonly step: string
  readonly subtask: number
  readonly subtasks: number
  readonly signal: AbortSignal
}
export interface PlainContext {
  readonly resource: unknown
  readonly timestamp: number | undefined
  readonly watermark: number
  readonly now: number
}
export interface KeyContext extends PlainContext {
  readonly key: Key
  readonly state: Readonly<Record<string, unknown>>
  readonly timers: Readonly<Record<string, unknown>>
}
interface Lifecycle {
  open?(context: OpenContext): unknown
  close?(resource: unknown): unknown
}
export interface PlainStepDefinition extends Lifecycle {
  onRecord(value: unknown, context: PlainContext, out: Out): void
}
export interface KeyedStepDefinition extends Lifecycle {
  onRecord(value: unknown, context: KeyContext, out: Out): void
  readonly onTimer?: Readonly<Record<string, (at: number, context: KeyContext, out: Out) => void>>
}
/** What a window calls when it fires, with all its values. `window` is undefined where windows have no bounds. */
export type OnWindow = (
  context: {
    readonly key: Key
    readonly window: { readonly start: number; readonly end: number } | undefined
    readonly watermark: number
    readonly now: number
  },
  values: Iterable<unknown>,
  out: Out,
) => unknown
