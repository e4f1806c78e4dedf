/**
 * What a value is to the codecs, class instances told apart from what only comes from another realm (a `vm` context, as in some
 * test runners), whose `Object.prototype` is another object.
 */
export type ObjectKind = 'plain' | 'array' | 'date' | 'map' | 'set' | 'view' | 'buffer'

/** Typed arrays by number. STATE FORMAT: the index in this list is written; only append. */
export const viewTypes: readonly (readonly [name: string, create: ViewConstructor])[] = [
  ['Uint8Array', Uint8Array],
  ['Int8Array', Int8Array],
  ['Uint8ClampedArray', Uint8ClampedArray],
  ['Int16Array', Int16Array],
  ['Uint16Array', Uint16Array],
  ['Int32Array', Int32Array],
  ['Uint32Array', Uint32Array],
  ['Float32Array', Float32Array],
  ['Float64Array', Float64Array],
  ['BigInt64Array', BigInt64Array],
  ['BigUint64Array', BigUint64Array],
]

export interface View {
  readonly buffer: ArrayBufferLike
  readonly byteOffset: number
  readonly byteLength: number
}
interface ViewConstructor {
  new (buffer: ArrayBuffer): View
  readonly BYTES_PER_ELEMENT: number
}

const viewIndexes: ReadonlyMap<string, number> = new Map(viewTypes.map(([name], index) => [name, index]))
const viewName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as () =>
  | string
  | undefined

/** Undefined for everything that cannot be stored: class instances above all. */
export function kindOf(object: object): ObjectKind | undefined {
  const prototype = Object.getPrototypeOf(object) as object | null
  if (prototype === Object.prototype || prototype === null) return 'plain'
  if (prototype === Array.prototype) return Array.isArray(object) ? 'array' : undefined
  if (prototype === Date.prototype) return has(Date.prototype.getTime, object) ? 'date' : undefined
  if (prototype === Map.prototype) return has(mapSize, object) ? 'map' : undefined
  if (prototype === Set.prototype) return has(setSize, object) ? 'set' : undefined
  if (ArrayBuffer.isView(object)) return viewIndexOf(object) === undefined ? undefined : 'view'
  return foreignKindOf(object, prototype)
}

/** Number of the typed array's type; undefined for a DataView, a Float16Array and what is no view at all. */
export function viewIndexOf(view: object): number | undefined {
  const name = viewName.call(view)
  return name === undefined ? undefined : viewIndexes.get(name)
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get as () => number
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size')?.get as () => number
const bufferSize = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.get as () => number

/** Asks for the inner slots that only a true Date, Map, … has. */
function has(method: (this: never) => unknown, object: object): boolean {
  try {
    method.call(object as never)
    return true
  } catch {
    return false
  }
}

function foreignKindOf(object: object, prototype: object): ObjectKind | undefined {
  const root = Object.getPrototypeOf(prototype) as object | null
  if (root === null) return Object.hasOwn(prototype, 'isPrototypeOf') ? 'plain' : undefined
  if (prototype === ArrayBuffer.prototype) return has(bufferSize, object) ? 'buffer' : undefined
  // A built-in class sits directly above the root object of its realm; a class derived from it one further away.
  if (root === Object.prototype || Object.getPrototypeOf(root) !== null || !Object.hasOwn(root, 'isPrototypeOf')) return undefined
  if (Array.isArray(object)) return 'array'
  if (has(Date.prototype.getTime, object)) return 'date'
  if (has(mapSize, object)) return 'map'
  if (has(setSize, object)) return 'set'
  return has(bufferSize, object) ? 'buffer' : undefined
}
