/** Which objects are tags of side outputs: a tag that is emitted as a record was meant for `out.side`. */
const tags: WeakSet<object> = new WeakSet()

export function asTag<T extends object>(tag: T): T {
  tags.add(tag)
  return tag
}

export function isTag(value: unknown): value is { readonly id: string } {
  return typeof value === 'object' && value !== null && tags.has(value)
}
