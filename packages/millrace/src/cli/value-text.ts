/** Values of state for people and for scripts: all that serde/value.ts can store, of which JSON knows but a part. */

/**
 * One line, like JSON where JSON has a word for it: `{"cents":5n}`, `Map {"a" => 1}`, `2001-06-30T23:50:00.000Z`. At most `limit`
 * characters, whatever the size of the value.
 */
export function valueText(value: unknown, limit: number = 100): string {
  const line = new Line(limit)
  line.value(value)
  return line.text.length <= limit ? line.text : `${line.text.slice(0, Math.max(0, limit - 3))}...`
}

class Line {
  text: string = ''
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  value(value: unknown): void {
    if (typeof value === 'string') this.text += JSON.stringify(value.slice(0, this.#limit))
    else if (typeof value !== 'object' || value === null) this.text += scalarText(value)
    else if (value instanceof Date) this.text += Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    else if (value instanceof Map)
      this.#list(`Map {`, value, '}', ([name, each]) => {
        this.value(name)
        this.text += ' => '
        this.value(each)
      })
    else if (value instanceof Set) this.#list('Set {', value, '}', (each) => this.value(each))
    else if (value instanceof Uint8Array) this.text += `bytes ${hexText(value.subarray(0, this.#limit))}`
    else if (value instanceof ArrayBuffer) this.text += `ArrayBuffer ${hexText(new Uint8Array(value).subarray(0, this.#limit))}`
    else if (ArrayBuffer.isView(value))
      this.#list(`${value.constructor.name} [`, value as unknown as Iterable<unknown>, ']', (each) => this.value(each))
    else if (Array.isArray(value)) this.#list('[', value, ']', (each) => this.value(each))
    else this.#object(value as Readonly<Record<string, unknown>>)
  }

  #object(value: Readonly<Record<string, unknown>>): void {
    this.#list('{', Object.keys(value), '}', (name) => {
      this.text += `${JSON.stringify(name)}:`
      this.value(value[name])
    })
  }

  /** Ends early where nothing more would be seen. */
  #list<T>(open: string, values: Iterable<T>, close: string, each: (value: T) => void): void {
    this.text += open
    let isFirst = true
    for (const value of values) {
      if (this.text.length > this.#limit) return
      if (!isFirst) this.text += ','
      isFirst = false
      each(value)
    }
    this.text += close
  }
}

function scalarText(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  return Object.is(value, -0) ? '-0' : String(value)
}

export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** The same as data for JSON, with nothing lost: what JSON has no word for becomes an object of one field that begins with `$`. */
export function valueData(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: String(value) }
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) }
    case 'undefined':
      return { $undefined: true }
    case 'object':
      return value === null ? null : objectData(value)
    default:
      return value
  }
}

function objectData(value: object): unknown {
  if (Array.isArray(value)) return value.map(valueData)
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() }
  if (value instanceof Map) return { $map: [...value].map(valueData) }
  if (value instanceof Set) return { $set: [...value].map(valueData) }
  if (value instanceof Uint8Array) return { $bytes: base64(value) }
  if (value instanceof ArrayBuffer) return { $arrayBuffer: base64(new Uint8Array(value)) }
  if (ArrayBuffer.isView(value)) {
    const { constructor } = value
    return value instanceof DataView
      ? { $DataView: base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) }
      : { [`$${constructor.name}`]: [...(value as unknown as Iterable<unknown>)].map(valueData) }
  }
  const found: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(value)) defineField(found, name, valueData(each))
  return found
}

/** Also for a field that is called `__proto__`. */
function defineField(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
