/** Compares outputs as multisets: how often each value is there, in no order. */

/** Values that are in one of two outputs more often than in the other. */
export interface Difference {
  readonly missing: readonly unknown[]
  readonly extra: readonly unknown[]
}

export function differenceOf(actual: readonly unknown[], expected: readonly unknown[]): Difference {
  const counts = new Map<string, { readonly value: unknown; count: number }>()
  const count = (values: readonly unknown[], by: 1 | -1): void => {
    for (const value of values) {
      const text = canonicalText(value)
      const found = counts.get(text)
      if (found === undefined) counts.set(text, { value, count: by })
      else found.count += by
    }
  }
  count(expected, 1)
  count(actual, -1)
  const missing: unknown[] = []
  const extra: unknown[] = []
  for (const { value, count: left } of counts.values()) for (let i = 0; i < Math.abs(left); i++) (left > 0 ? missing : extra).push(value)
  return { missing, extra }
}

export function isEqual({ missing, extra }: Difference): boolean {
  return missing.length === 0 && extra.length === 0
}

/** Equal for equal values, whatever the order of their fields; different for different ones. */
export function canonicalText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      return value === null ? 'null' : objectText(value)
    default:
      return String(value)
  }
}

function objectText(value: object): string {
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (value instanceof ArrayBuffer) return `buffer(${new Uint8Array(value).join(' ')})`
  if (value instanceof Uint8Array) return `bytes(${value.join(' ')})`
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (value instanceof Map) return `Map{${sorted([...value].map(([key, held]) => `${canonicalText(key)}=>${canonicalText(held)}`))}}`
  if (value instanceof Set) return `Set{${sorted([...value].map(canonicalText))}}`
  return `{${sorted(Object.entries(value).map(([name, held]) => `${JSON.stringify(name)}:${canonicalText(held)}`))}}`
}

function sorted(texts: readonly string[]): string {
  return texts.toSorted().join(',')
}

const SHOWN_VALUES = 3
const SHOWN_CHARACTERS = 200

/** For people: the first few. */
export function valuesText(values: readonly unknown[]): string {
  const texts = values.slice(0, SHOWN_VALUES).map((value) => {
    const text = canonicalText(value)
    return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`
  })
  return values.length > SHOWN_VALUES ? `${texts.join(', ')} and ${values.length - SHOWN_VALUES} more` : texts.join(', ')
}
