import type { SourceProgress } from '../connect/contract.ts'
import type { Chain } from './chain.ts'

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
  /** Late for all windows of a step that sends them nowhere. */
  readonly late: number
}

/** Without a chain it is not open yet. */
export function countsOf(chain: Chain | undefined): TaskCounts {
  const { source, operators = [] } = chain ?? {}
  return {
    source:
      source === undefined
        ? undefined
        : { address: source.address, records: source.records, invalid: source.invalid, progress: source.progress() },
    sinks: operators.flatMap(({ node, writer, written }) =>
      writer === undefined ? [] : [{ address: node.address, records: written.records }],
    ),
    late: operators.reduce((sum, { operator }) => sum + (operator.lateness?.dropped ?? 0), 0),
  }
}
