import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Difference } from '../lib/sequence-check.ts'
import { compareLines } from './lines-check.ts'
import { LINE_FILES, linesOf, TUMBLING_MS, type Line } from './lines.ts'

/** What an engine gives that reads one file after the other, and whose windows fire when all straight lines are there. */
function rightOutput(seed: number): { readonly copies: string[]; readonly firings: string[] } {
  const lines = Array.from({ length: LINE_FILES }, (_, file) => linesOf(seed, file)).flat()
  const windows = Map.groupBy(lines, ({ key, at }) => `${key} ${at - (at % TUMBLING_MS)}`)
  const firings: string[] = []
  for (const inside of windows.values()) {
    const straight = inside.filter((line) => line.stray !== true)
    const strays = inside.filter((line) => line.stray === true)
    if (straight.length > 0) firings.push(firingOf(straight))
    for (const nth of strays.keys()) firings.push(firingOf([...straight, ...strays.slice(0, nth + 1)]))
  }
  return { copies: lines.map((line) => JSON.stringify(line)), firings }
}

function firingOf(lines: readonly Line[]): string {
  const { key, at } = lines[0] as Line
  const start = at - (at % TUMBLING_MS)
  const window = { start, end: start + TUMBLING_MS }
  return JSON.stringify({ key, window, count: lines.length, lines: lines.map(({ file, n }) => `${file}-${n}`) })
}

function judge(seed: number, copies: readonly string[], firings: readonly string[]): Omit<Difference, 'rows' | 'examples'> {
  const found: Difference = { rows: 0, missing: 0, doubled: 0, wrong: 0, examples: [] }
  const file = (sink: string, lines: readonly string[]): { sink: string; name: string; text: string } => ({
    sink,
    name: 'part-0',
    text: lines.map((line) => `${line}\n`).join(''),
  })
  compareLines(seed, [file('lines', copies), file('tumbling', firings)], found)
  assert.equal(found.rows, copies.length + firings.length)
  return { missing: found.missing, doubled: found.doubled, wrong: found.wrong }
}

test('the right output is right', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { copies, firings } = rightOutput(seed)
    assert.deepEqual(judge(seed, copies, firings), { missing: 0, doubled: 0, wrong: 0 })
  }
})

test('a line that is missing, doubled, changed or out of order is found', () => {
  const { copies, firings } = rightOutput(1)
  for (const [index, line] of copies.entries()) {
    const others = copies.toSpliced(index, 1)
    assert.equal(judge(1, others, firings).missing, 1)
    assert.equal(judge(1, copies.toSpliced(index, 0, line), firings).doubled, 1)
    const changed = judge(1, copies.with(index, line.replace('"key":"l', '"key":"m')), firings)
    assert.deepEqual([changed.missing, changed.wrong], [1, 1])
  }
  assert.ok(judge(1, [copies[1] as string, copies[0] as string, ...copies.slice(2)], firings).wrong > 0)
})

test('a firing that is missing, doubled or lacks one of its lines is found', () => {
  const { copies, firings } = rightOutput(1)
  for (const [index, text] of firings.entries()) {
    const without = judge(1, copies, firings.toSpliced(index, 1))
    // Without its first firing a window may as well have had its next line in time.
    const mayBeRight = isFirst(firings, index) && isSameWindow(text, firings[index + 1])
    assert.equal(without.missing + without.wrong > 0, !mayBeRight, text)
    assert.ok(judge(1, copies, firings.toSpliced(index, 0, text)).doubled > 0, text)
    const { lines, ...rest } = JSON.parse(text) as { readonly lines: readonly string[] }
    const less = JSON.stringify({ ...rest, count: lines.length - 1, lines: lines.slice(1) })
    const { missing, doubled, wrong } = judge(1, copies, firings.with(index, less))
    assert.ok(missing + doubled + wrong > 0, text)
    const twice = JSON.stringify({ ...rest, count: lines.length + 1, lines: [...lines, lines[0]] })
    assert.ok(judge(1, copies, firings.with(index, twice)).wrong > 0, text)
  }
})

function isFirst(firings: readonly string[], index: number): boolean {
  return !isSameWindow(firings[index] as string, firings[index - 1])
}

function isSameWindow(text: string, other: string | undefined): boolean {
  const nameOf = (firing: string): string => firing.slice(0, firing.indexOf('"count"'))
  return other !== undefined && nameOf(other) === nameOf(text)
}
