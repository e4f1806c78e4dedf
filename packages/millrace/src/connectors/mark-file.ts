import { StreamError } from '../core/errors.ts'
import { formatError } from '../core/format-error.ts'

/** The file that says what the directory is. */
export const MARK_NAME = 'millrace.json'
/** Of the directory as a whole: its layout, and what else a reader has to know before it looks at an entry. */
export const MARK_FORMAT = 1
/** A mark of any version is shorter. */
export const MAX_MARK_BYTES = 4_096

/**
 * STATE FORMAT: one line of JSON with `millrace` and `format`, in every version; more fields may be added within one. There is no
 * checksum, so that people can read it: a flipped digit is taken for another version, which is refused as well.
 */
export function encodeMark(): Uint8Array {
  return new TextEncoder().encode(`{"millrace":"checkpoints","format":${MARK_FORMAT}}\n`)
}

/** @throws {CHECKPOINT_FORMAT} for one of another version @throws {CHECKPOINT_CORRUPT} for what is no mark */
export function checkMark(bytes: Uint8Array, file: string): void {
  const { millrace, format } = fieldsOf(new TextDecoder().decode(bytes))
  if (millrace !== 'checkpoints' || typeof format !== 'number' || !Number.isSafeInteger(format) || format < 0)
    throw new StreamError(
      'CHECKPOINT_CORRUPT',
      `${file} is damaged: it does not say which format the checkpoints beside it have. Nothing has been changed: put it back; or, if ` +
        'this version of Millrace has written them, remove it, and the next run makes it anew.',
      { details: { file } },
    )
  if (format !== MARK_FORMAT) throw formatError({ what: file, found: format, known: MARK_FORMAT, file })
}

function fieldsOf(text: string): { readonly millrace?: unknown; readonly format?: unknown } {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
