import { tableText } from '../core/text-layout.ts'
import type { JobStatus } from '../runtime/monitor.ts'
import { countText, pluralText } from './format.ts'

export interface Summary {
  readonly status: JobStatus
  /** Taken by this process. */
  readonly checkpoints: number
}

/** What a finished job has read and written, and what it took, in a few lines. */
export function summaryLines({ status, checkpoints }: Summary): readonly string[] {
  const { sources, sinks, restarts, late } = status
  const rows = [
    ...sources.map(({ address, records, invalid }) => [
      'read',
      address,
      countText(records),
      invalid === 0 ? '' : `${countText(invalid)} of them invalid`,
    ]),
    ...sinks.map(({ address, records, place = '' }) => ['written', address, countText(records), place]),
  ]
  const again = restarts === 0 ? '' : '; what was read or written again after a restart is counted again'
  return [
    ...tableText(rows, { indent: '  ', right: [2] }),
    ...(late === 0 ? [] : [`  ${pluralText(late, 'record')} came too late for all windows and went nowhere: lateTo() keeps them`]),
    `  ${pluralText(checkpoints, 'checkpoint')}, ${pluralText(restarts, 'restart')}${again}`,
  ]
}
