/**
 * Shapes: the ordered own field names of objects, written once a block and referred to by number afterwards. Writer and reader
 * count them alike. STATE FORMAT: the first {@link MAX_SHAPES} shapes of at most {@link MAX_SHAPE_FIELDS} fields get numbers.
 */
export const MAX_SHAPES: number = 1024
export const MAX_SHAPE_FIELDS: number = 256

/** A shape as its writer knows it. `followedBy` is the shape that came next the last time: usually right again. */
export interface WrittenShape {
  readonly index: number
  readonly names: readonly string[]
  followedBy: WrittenShape | undefined
}

interface Branch {
  shape: WrittenShape | undefined
  next: Map<string, Branch> | undefined
}

export class WriterShapes {
  #list: WrittenShape[] = []
  #root: Branch = { shape: undefined, next: undefined }
  #last: WrittenShape | undefined

  get count(): number {
    return this.#list.length
  }

  clear(): void {
    this.truncate(0)
  }

  /** Forgets the shapes from number `count` on: what was written of them has been taken back. */
  truncate(count: number): void {
    this.#last = undefined
    if (this.#list.length <= count) return
    const kept = this.#list.slice(0, count)
    this.#list = []
    this.#root = { shape: undefined, next: undefined }
    for (const shape of kept) this.#insert(shape.names, this.#walk(shape.names))
  }

  /** The shape expected next, for the caller to compare. */
  get expected(): WrittenShape | undefined {
    const last = this.#last
    return last === undefined ? this.#list[0] : last.followedBy
  }

  /** The caller writes an object of this shape now. */
  use(shape: WrittenShape): void {
    if (this.#last !== undefined) this.#last.followedBy = shape
    this.#last = shape
  }

  find(names: readonly string[]): WrittenShape | undefined {
    let branch: Branch | undefined = this.#root
    for (let i = 0; i < names.length && branch !== undefined; i++) branch = branch.next?.get(names[i] as string)
    return branch?.shape
  }

  /** Gives the next number to a shape that `find` does not know; undefined when the table is full or the shape too wide. */
  add(names: readonly string[]): WrittenShape | undefined {
    if (this.#list.length >= MAX_SHAPES || names.length > MAX_SHAPE_FIELDS) return undefined
    return this.#insert(names, this.#walk(names))
  }

  #walk(names: readonly string[]): Branch {
    let branch = this.#root
    for (const name of names) {
      branch.next ??= new Map()
      let next = branch.next.get(name)
      if (next === undefined) branch.next.set(name, (next = { shape: undefined, next: undefined }))
      branch = next
    }
    return branch
  }

  #insert(names: readonly string[], branch: Branch): WrittenShape {
    const shape: WrittenShape = { index: this.#list.length, names, followedBy: undefined }
    branch.shape = shape
    this.#list.push(shape)
    return shape
  }
}

/** A shape as its reader knows it: `template` is an object with all its fields, to be copied and filled. */
export interface ReadShape {
  readonly names: readonly string[]
  readonly template: Readonly<Record<string, unknown>>
}

export class ReaderShapes {
  readonly list: ReadShape[] = []

  clear(): void {
    if (this.list.length > 0) this.list.length = 0
  }

  /** Undefined when a name comes twice. */
  add(names: readonly string[]): ReadShape | undefined {
    const template: Record<string, unknown> = {}
    for (const name of names) defineField(template, name, undefined)
    if (Object.keys(template).length !== names.length) return undefined
    const shape: ReadShape = { names, template }
    this.list.push(shape)
    return shape
  }
}

/**
 * Makes own data of any name (J7). Where an object inherits something of that name, as with `__proto__` or `toString`, an
 * assignment could set the prototype, call a setter, or throw because `Object.prototype` is frozen.
 */
export function defineField(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name in Object.prototype) Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  else object[name] = value
}
