import { StreamError } from './errors.ts'

/**
 * What is said of bytes of another format version than this code reads. `file`: what messages call it, if that is known here.
 * A reader of one version reads no other: until a release promises otherwise, an older one is refused too.
 */
export function formatError(of: {
  readonly what: string
  readonly found: number
  readonly known: number
  readonly file?: string
}): StreamError {
  const { what, found, known, file } = of
  const remedy =
    found > known
      ? 'A newer version of Millrace wrote it: go on with that version, or a later one.'
      : 'An older version of Millrace wrote it: go on with that version.'
  return new StreamError(
    'CHECKPOINT_FORMAT',
    `${what} has format ${found}, and this version of Millrace reads format ${known}. ${remedy} To start from nothing instead, use an empty directory.`,
    { details: { ...(file === undefined ? {} : { file }), format: found, reads: known } },
  )
}
