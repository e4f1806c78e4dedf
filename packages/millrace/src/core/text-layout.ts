/** Text in columns and paragraphs, for terminals. */

/** Columns as wide as their widest cell, two spaces apart, no spaces at the ends of lines; the first row is the head. */
export function tableText(
  rows: readonly (readonly string[])[],
  options: { readonly right?: readonly number[]; readonly indent?: string } = {},
): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] as number
      return options.right?.includes(column) === true ? cell.padStart(width) : cell.padEnd(width)
    })
    return `${options.indent ?? ''}${cells.join('  ')}`.trimEnd()
  })
}

/** Breaks a paragraph between words; lines after the first begin with `indent`, which counts. */
export function wrap(text: string, width: number, indent: string = ''): string[] {
  const found: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      found.push(line)
      line = `${indent}${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...found, line]
}
