/** What is found wrong with the rows of one output. */

export type Row = Readonly<Record<string, unknown>>

/** What came out for one sink. */
export interface Verdict {
  readonly name: string
  readonly files: number
  readonly rows: number
  readonly missing: number
  readonly doubled: number
  readonly wrong: number
  /** The first few of each kind, in words. */
  readonly examples: readonly string[]
}

const EXAMPLES_PER_KIND = 3

export class Findings {
  readonly #counts = { missing: 0, doubled: 0, wrong: 0 }
  readonly #examples: string[] = []

  note(kind: 'missing' | 'doubled' | 'wrong', describe: () => string): void {
    this.#counts[kind] += 1
    if (this.#counts[kind] <= EXAMPLES_PER_KIND) this.#examples.push(`${kind}: ${describe()}`)
  }

  verdict(name: string, files: number, rows: number): Verdict {
    return { name, files, rows, ...this.#counts, examples: this.#examples }
  }
}

/** The rows of one output against what is due. */
export interface RowCheck {
  /** The folder. */
  readonly name: string
  readonly findings: Findings
  /** Rows in the order of commits; `line` is how the row stands in its file. */
  see(row: Row, line: string, where: () => string): void
  /** All rows of all outputs have been seen. */
  end(): void
}

/** The name of a field that only one side has or that differs. */
export function firstDifference(row: Row, due: Row): string | undefined {
  for (const field in due) if (!isSame(row[field], due[field])) return field
  for (const field in row) if (!Object.hasOwn(due, field)) return field
  return undefined
}

/** Windows and lists are the same when they read the same. */
function isSame(found: unknown, due: unknown): boolean {
  return found === due || (typeof due === 'object' && JSON.stringify(found) === JSON.stringify(due))
}

const HOUR_MS = 3_600_000

/** The start of a window in hours since the Unix epoch; NaN when the window is not as long as it should be, or is none. */
export function startHourOf(row: Row, hours: number): number {
  const { start, end } = windowOf(row)
  return end - start === hours * HOUR_MS ? start / HOUR_MS : Number.NaN
}

export function windowOf(row: Row): { readonly start: number; readonly end: number } {
  const { start, end } = (row['window'] ?? {}) as Row
  return { start: Number(start), end: Number(end) }
}
