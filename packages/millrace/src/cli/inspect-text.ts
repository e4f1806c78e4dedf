import { tableText } from '../core/text-layout.ts'
import { ageText, bytesText, countText, durationText, momentText, pluralText, watermarkText } from './format.ts'
import type { CheckpointReport, OperatorReport } from './inspect-data.ts'
import { valueText } from './value-text.ts'
import { windowsText } from './window-view.ts'

/** Rows of a table before the rest is counted only. */
const MAX_ROWS = 20
const POSITION_CHARACTERS = 60

/** A checkpoint for people. */
export function inspectText(report: CheckpointReport, nowMs: number): string {
  const lines = [
    `job ${report.job}, checkpoint ${report.checkpoint} (${report.reason}), ${ageText(nowMs - report.createdAtMs)}`,
    `epoch ${report.epoch}, ${pluralText(report.keyGroups, 'key group')}, ${bytesText(report.sizeBytes)} in ${pluralText(report.chunks.length, 'chunk')} and its entry of the log`,
    report.file,
  ]
  for (const operator of report.operators) lines.push('', ...operatorLines(operator))
  if (report.operators.length === 0) lines.push('', 'Nothing in it: no positions, no state, no output that waits.')
  return `${lines.join('\n')}\n`
}

function operatorLines(operator: OperatorReport): readonly string[] {
  switch (operator.kind) {
    case 'source':
      return sourceLines(operator)
    case 'keyed':
      return keyedLines(operator)
    case 'sink':
      return sinkLines(operator)
  }
}

function sourceLines({ address, splits }: Extract<OperatorReport, { kind: 'source' }>): readonly string[] {
  const ended = splits.filter((split) => split.ended).length
  const rows = splits.map(({ split, position, maxTimestamp, ended: hasEnded }) => [
    split,
    valueText(position, POSITION_CHARACTERS),
    maxTimestamp === Number.NEGATIVE_INFINITY ? '-' : momentText(maxTimestamp),
    hasEnded ? 'ended' : '',
  ])
  return [
    `${address}: ${pluralText(splits.length, 'split')}, ${countText(ended)} ended`,
    ...limited([['SPLIT', 'POSITION', 'GREATEST EVENT TIME', ''], ...rows]),
  ]
}

function keyedLines({
  address,
  states,
  windows,
  runs,
  watermarks,
  isComplete,
}: Extract<OperatorReport, { kind: 'keyed' }>): readonly string[] {
  const rows = states.map(({ name, kind, keys, entries, bytes, ttlMs }) => [
    name,
    kind,
    countText(keys),
    countText(entries),
    bytesText(bytes),
    ttlMs === undefined ? '' : `ttl ${durationText(ttlMs)}`,
  ])
  const runRows = runs.map(({ level, first, last, entries, bytes, chunk }) => [
    level === 'base' ? 'base' : level === 0 ? 'delta' : `merged ${level}`,
    `${first}-${last}`,
    countText(entries),
    bytesText(bytes),
    chunk,
  ])
  return [
    `${address}: ${watermarksText(watermarks)}${isComplete ? '' : ' (DAMAGED: figures are what could be read)'}`,
    ...(windows === undefined ? [] : [`  ${windowsText(windows)}`]),
    ...limited([['STATE', 'KIND', 'KEYS', 'ENTRIES', 'SIZE', ''], ...rows], [2, 3, 4]),
    ...(runs.length === 0 ? ['  no runs: empty'] : limited([['RUN', 'GROUPS', 'ENTRIES', 'SIZE', 'CHUNK'], ...runRows], [2, 3])),
  ]
}

/** Nearly always one for all groups. */
export function watermarksText(watermarks: Extract<OperatorReport, { kind: 'keyed' }>['watermarks']): string {
  const all = [...new Set(watermarks.map(({ watermark }) => watermark))]
  if (all.length === 1) return `watermark ${watermarkText(all[0] as number)}`
  return `watermarks ${watermarks.map(({ first, last, watermark }) => `${watermarkText(watermark)} (groups ${first}-${last})`).join(', ')}`
}

function sinkLines({ address, committables, writerStates }: Extract<OperatorReport, { kind: 'sink' }>): readonly string[] {
  const rows = committables.map(({ checkpoint, epoch, subtask, data }) => [
    String(checkpoint),
    String(epoch),
    String(subtask),
    valueText(data, POSITION_CHARACTERS),
  ])
  const states =
    writerStates.length === 0
      ? []
      : [`  ${pluralText(writerStates.length, 'writer state')}: ${valueText(writerStates, POSITION_CHARACTERS)}`]
  if (rows.length === 0) return [`${address}: nothing waits for a commit`, ...states]
  return [
    `${address}: ${pluralText(rows.length, 'committable')}, committed once the checkpoint is complete`,
    ...limited([['CHECKPOINT', 'EPOCH', 'SUBTASK', 'DATA'], ...rows], [0, 1, 2]),
    ...states,
  ]
}

function limited(rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] {
  const hidden = rows.length - 1 - MAX_ROWS
  const shown = hidden > 1 ? rows.slice(0, MAX_ROWS + 1) : rows
  return [...tableText(shown, { right, indent: '  ' }), ...(hidden > 1 ? [`  ... and ${countText(hidden)} more; --json shows all`] : [])]
}
