import { StreamError } from '../core/errors.ts'
import { asTag } from '../core/tags.ts'
import { checkId, shown } from '../plan/ids.ts'
import type { Tag } from './process-types.ts'

/**
 * A name for a side output and the type of what goes there. Tags with equal ids name the same output.
 * @throws {INVALID_ID}
 *
 * @example
 * import { outputTag } from 'millrace'
 * const late = outputTag<{ card: string }>('late')
 * console.log(late.id) // late
 */
export function outputTag<T>(id: string): Tag<T> {
  checkId('The id of a tag', id)
  return asTag(Object.freeze({ id }))
}

/** The id of a tag. @throws {UNKNOWN_TAG} for what is no tag; `what` is how the message calls it. */
export function tagId(what: string, tag: unknown): string {
  const id: unknown = typeof tag === 'object' && tag !== null ? (tag as { id?: unknown }).id : undefined
  if (typeof id === 'string') return id
  throw new StreamError('UNKNOWN_TAG', `${what} is ${shown(tag)}: create a tag with outputTag('…').`)
}
