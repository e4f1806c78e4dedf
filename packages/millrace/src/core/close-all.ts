import { messageOf } from './errors.ts'

/** What the log says where a `close` threw; the test kit knows it by this. */
export const CLOSING_FAILED = 'closing failed'
/** What it says when it takes too long. */
export const CLOSING_LASTS = 'closing does not end, and is not waited for any longer'

export type Closer = () => Promise<void> | undefined | void

/** Runs them all, one after the other, whatever becomes of each; then throws the error, or one that tells them all. */
export async function closeAll(closers: Iterable<Closer>): Promise<void> {
  const errors: unknown[] = []
  for (const close of closers) {
    try {
      await close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join(' '))
}
