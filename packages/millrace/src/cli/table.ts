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
