/**
 * Stretches of bad weather. A flight that comes days later may make one longer, or two into one, which then fires again. A row
 * replaces those whose window it covers; what has not been replaced in the end is exact, one row for each stretch.
 */
import { Findings, firstDifference, type Row, type RowCheck, windowOf } from './findings.ts'
import type { ExpectedBadWeather, ExpectedWindows } from './straight-line-windows.ts'

interface Standing {
  readonly row: Row
  readonly told: () => string
}

export class BadWeatherCheck implements RowCheck {
  readonly name: string = 'bad-weather'
  readonly findings: Findings = new Findings()
  readonly #due: ReturnType<ExpectedWindows['badWeather']>
  /** The rows of a stretch that none has replaced. */
  readonly #standing = new Map<ExpectedBadWeather, readonly Standing[]>()
  /** Rows that were replaced. */
  replaced = 0

  constructor(expected: ExpectedWindows) {
    this.#due = expected.badWeather()
  }

  see(row: Row, line: string, where: () => string): void {
    const { findings } = this
    const { start, end } = windowOf(row)
    const due = stretchAt(this.#due.get(String(row['key'])) ?? [], start)
    if (due === undefined || !(end <= due.end)) return findings.note('wrong', () => `${where()}: no such row is due: ${line}`)
    const standing = this.#standing.get(due) ?? []
    const larger = standing.find((other) => covers(other.row, row) && Number(other.row['flights']) >= Number(row['flights']))
    if (larger !== undefined) {
      const isSame = firstDifference(row, larger.row) === undefined
      return findings.note(isSame ? 'doubled' : 'wrong', () => `${where()}: ${isSame ? 'again' : 'after a row that covers it'}: ${line}`)
    }
    const left = standing.filter((other) => !covers(row, other.row))
    this.replaced += standing.length - left.length
    // The place is read now: in the end the files are closed.
    const place = where()
    this.#standing.set(due, [...left, { row, told: () => `${place}: ${line}` }])
  }

  end(): void {
    for (const [airport, stretches] of this.#due) for (const due of stretches) this.#settle(due, rowOf(airport, due))
  }

  #settle(stretch: ExpectedBadWeather, due: Row): void {
    const standing = this.#standing.get(stretch) ?? []
    if (!standing.some(({ row }) => covers(row, due)))
      this.findings.note('missing', () => `nowhere in ${this.name}: ${JSON.stringify(due)}`)
    for (const { row, told } of standing) {
      const field = firstDifference(row, due)
      if (field !== undefined) this.findings.note('wrong', () => `${told()}: ${field}: should be part of ${JSON.stringify(due)}`)
    }
  }
}

/** The last stretch that begins at or before `at`, if `at` is in it. */
function stretchAt(stretches: readonly ExpectedBadWeather[], at: number): ExpectedBadWeather | undefined {
  let low = 0
  let high = stretches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (stretches[middle]!.start <= at) low = middle + 1
    else high = middle
  }
  const found = stretches[low - 1]
  return found !== undefined && at < found.end ? found : undefined
}

function covers(outer: Row, inner: Row): boolean {
  const [a, b] = [windowOf(outer), windowOf(inner)]
  return a.start <= b.start && a.end >= b.end
}

function rowOf(key: string, { start, end, flights, minutes, worst }: ExpectedBadWeather): Row {
  return { key, window: { start, end }, flights, minutes, worst }
}
