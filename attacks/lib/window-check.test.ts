/** The check of windows lets pass what a job commits, and finds each kind of mistake. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../packages/millrace/src/index.ts'
import { committedOf, makeRun } from './run-files.ts'
import { linesOf, type Committed } from './committed.ts'
import type { Difference } from './sequence-check.ts'
import { sequenceJob } from './sequence-job.ts'
import type { InputShape } from './sequence-input.ts'
import { compareWindows } from './window-check.ts'

const shape: InputShape = { seed: 7, files: 2, rowsPerFile: 3_000, keysPerFile: 5, spanMs: 60_000, strays: 0.05 }

type Line = Record<string, unknown>
type Change = (lines: readonly Line[]) => readonly Line[]

const same = (one: Line, other: Line): boolean =>
  one['key'] === other['key'] && JSON.stringify(one['window']) === JSON.stringify(other['window'])
const isLast = (lines: readonly Line[], at: number): boolean => !lines.slice(at + 1).some((line) => same(line, lines[at] as Line))
/** The last row of a window that fired more than once. */
const corrected = (lines: readonly Line[]): number =>
  lines.findIndex((line, at) => isLast(lines, at) && lines.slice(0, at).some((before) => same(before, line)))
const withField =
  (field: string, value: unknown): Change =>
  (lines) =>
    lines.with(-1, { ...lines.at(-1), [field]: value })

const mistakes: readonly (readonly [what: string, sink: string, change: Change, kinds: readonly (keyof Difference)[]])[] = [
  ['a window twice', 'tumbling', (lines) => [...lines, lines[3] as Line], ['doubled']],
  ['a window gone', 'tumbling', (lines) => lines.toSpliced(3, 1), ['missing']],
  ['a wrong count', 'tumbling', withField('count', 99), ['wrong']],
  ['rows of another window', 'tumbling', (lines) => lines.with(0, { ...lines[0], rows: [2_999], count: 1 }), ['doubled', 'missing']],
  ['a window of another time', 'tumbling', withField('window', { start: 0, end: 1_000 }), ['wrong']],
  ['a late row twice', 'late', (lines) => [...lines, lines[0] as Line], ['doubled']],
  ['a late row gone', 'late', (lines) => lines.slice(1), ['missing']],
  ['a late row changed', 'late', withField('value', 5_000), ['wrong', 'missing']],
  ['a sliding window gone', 'sliding', (lines) => lines.filter((line) => !same(line, lines[2] as Line)), ['missing']],
  ['a sliding window twice', 'sliding', (lines) => [...lines, lines.at(-1) as Line], ['doubled']],
  ['a late row that changed nothing', 'sliding', (lines) => lines.toSpliced(corrected(lines), 1), ['wrong']],
  ['a wrong sum', 'sliding', withField('sum', -1), ['wrong']],
  ['a session twice', 'sessions', (lines) => [...lines, lines.at(-1) as Line], ['doubled']],
  ['a session gone', 'sessions', (lines) => lines.slice(0, -1), ['missing']],
  ['a session with another row', 'sessions', withField('rows', [1]), ['wrong', 'missing']],
]

test('what a job commits passes, and each mistake is found', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'millrace-windows-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  const folder = makeRun(join(path, 'run'), shape)
  await run(sequenceJob({ ...folder, wide: false, windows: true }), { checkpoints: { storage: folder.checkpoints, every: 20 } })
  const right = committedOf(folder, false, true)
  assert.deepEqual(kindsOf(right), [])
  assert.ok(linesOf<Line>(right, 'late').length > 10)
  for (const [what, sink, change, kinds] of mistakes) {
    const lines = change(linesOf<Line>(right, sink))
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    assert.deepEqual(kindsOf([...right.filter((file) => file.sink !== sink), { sink, name: 'part-1', text }]), kinds.toSorted(), what)
  }
})

function kindsOf(committed: readonly Committed[]): readonly string[] {
  const found: Difference = { rows: 0, missing: 0, doubled: 0, wrong: 0, examples: [] }
  compareWindows(shape, committed, found)
  return (['doubled', 'missing', 'wrong'] as const).filter((kind) => found[kind] > 0)
}
