/** The table of planted mistakes in GUARANTEES.md: docs/planted.md in short, written together with it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/attack.ts'

const GUARANTEES = join(root, 'GUARANTEES.md')
const BEGIN = '<!-- planted mistakes: written by `npm run attack -- planted --page 1` -->'
const END = '<!-- end of planted mistakes -->'

interface Row {
  readonly id: string
  readonly says: string
  /** Each with what found it. */
  readonly mistakes: readonly string[]
}

/** @throws when the page of guarantees has no place for it */
export function writeTable(planted: string): void {
  writeFileSync(GUARANTEES, withTable(readFileSync(GUARANTEES, 'utf8'), planted))
}

/** The page of guarantees with the table that the page of planted mistakes gives. */
export function withTable(guarantees: string, planted: string): string {
  const [from, to] = [guarantees.indexOf(BEGIN), guarantees.indexOf(END)]
  if (from < 0 || to < from) throw new Error(`GUARANTEES.md has no lines '${BEGIN}' and '${END}'`)
  return `${guarantees.slice(0, from)}${BEGIN}\n\n${tableOf(planted)}\n\n${guarantees.slice(to)}`
}

function tableOf(planted: string): string {
  const [command, found] = /`(npm run attack -- planted [^`]*)` wrote: (\d+ of \d+ found)/.exec(planted)?.slice(1) ?? []
  const [ruled = '', rest = ''] = planted.split('## Beyond the catalogue')
  const rows = rowsOf(ruled)
  const without = rows.filter(({ mistakes }) => mistakes.length === 0).map(({ id }) => id)
  const beyond = cellsOf(rest.split('## By kind of fault')[0] ?? '').length
  return [
    `${found}, by \`${command}\`. In brackets what found it, and after how many random histories or cases, where it was a matter of chance.`,
    '',
    '| rule | what it says | mistake |',
    '| --- | --- | --- |',
    ...rows.filter(({ mistakes }) => mistakes.length > 0).map(({ id, says, mistakes }) => `| ${id} | ${says} | ${mistakes.join('; ')} |`),
    '',
    `${beyond} more break rules of this engine alone. Rules that nothing here can break, or that have no mistake for another reason, which`,
    `[the full page](docs/planted.md) gives: ${without.join(', ')}.`,
  ].join('\n')
}

/** A row without an id belongs to the rule above. */
function rowsOf(text: string): Row[] {
  const rows: { id: string; says: string; mistakes: string[] }[] = []
  for (const [id = '', says = '', mistake = '', by = '', seeds = ''] of cellsOf(text)) {
    if (id !== '') rows.push({ id, says, mistakes: [] })
    if (!mistake.startsWith('none: '))
      rows.at(-1)?.mistakes.push(`${mistake} (${[by, seeds].filter((cell) => !/^–?$/.test(cell)).join(', ')})`)
  }
  return rows
}

/** Of each row of a table, without its head. */
function cellsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}
