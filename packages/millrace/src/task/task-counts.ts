import type { SourceProgress } from '../connect/contract.ts'

/** What has gone through the source and the sinks of one subtask since it was opened; for people. */
export interface TaskCounts {
  readonly source:
    | {
        readonly address: string
        /** Taken from the source, those that were invalid among them. */
        readonly records: number
        readonly invalid: number
        /** Undefined where the source does not know. */
        readonly progress: SourceProgress | undefined
      }
    | undefined
  readonly sinks: readonly { readonly address: string; readonly records: number }[]
}
