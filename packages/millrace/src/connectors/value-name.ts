/** What a value is called in a message that refuses it: `NaN`, `an invalid Date`, `a Map`. */
export function nameOfValue(value: unknown): string {
  if (typeof value === 'number' || value === undefined || value === null) return String(value)
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date'
  if (typeof value !== 'object') return `a ${typeof value}`
  if (Array.isArray(value)) return 'an array'
  const name: unknown = value.constructor?.name
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object'
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}
