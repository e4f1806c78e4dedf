/** Text in columns and paragraphs, for terminals. */

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
/** Gives a text a colour, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string
export const plain: Paint = (_style, text) => text

export interface TableOptions {
  /** Columns that are aligned to the right. */
  readonly right?: readonly number[]
  readonly indent?: string
  /** The last column is broken between words where lines would be longer. */
  readonly width?: number
}

/** What the last column of a table has at least, however narrow the terminal. */
const NARROWEST = 24

/** Columns as wide as their widest cell, two spaces apart, no spaces at the ends of lines; the first row is the head. */
export function tableText(rows: readonly (readonly string[])[], options: TableOptions = {}): string[] {
  const { indent = '', right = [], width = Number.POSITIVE_INFINITY } = options
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))))
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, indent.length)
  const last = columns - 1
  return rows.flatMap((row) => {
    const cell = row[last] ?? ''
    const parts = width === Number.POSITIVE_INFINITY ? [cell] : wrap(cell, Math.max(NARROWEST, width - before))
    return parts.map((part, line) => {
      const cells = widths.map((each, column) => {
        const text = column === last ? part : line === 0 ? (row[column] ?? '') : ''
        const padding = ' '.repeat(Math.max(0, each - widthOf(text)))
        return right.includes(column) ? `${padding}${text}` : `${text}${padding}`
      })
      return `${indent}${cells.join('  ')}`.trimEnd()
    })
  })
}

/** Characters that a terminal shows: without colours. */
function widthOf(text: string): number {
  return text.includes('\u001B') ? text.replaceAll(COLOURS, '').length : text.length
}

// oxlint-disable-next-line no-control-regex -- colours begin with a control character
const COLOURS = /\u001B\[[0-9;]*m/g

/** Breaks a paragraph between words; lines after the first begin with `indent`, which counts. */
export function wrap(text: string, width: number, indent: string = ''): string[] {
  const found: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      found.push(line)
      line = `${indent}${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...found, line]
}
