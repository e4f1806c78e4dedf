import { checkObject, checkOptionNames } from '../api/checks.ts'
import { StreamError } from '../core/errors.ts'
import { shown } from '../plan/ids.ts'
import type { FeedOptions } from './test-types.ts'

/** What the run itself takes is checked by the run. @throws {INVALID_OPTION} {INVALID_JOB} */
export function checkTestOptions(options: object, allowed: readonly string[], of: string = 'A test'): void {
  checkObject(options, `What ${of === 'A test' ? 'a test' : of} was given as options`)
  checkOptionNames(options, of, allowed)
}

/** @throws {INVALID_OPTION} for one record that is no list, and for text, which would be its characters */
export function checkRecords(records: unknown): void {
  if (Array.isArray(records)) return
  throw new StreamError('INVALID_OPTION', `feed was given ${shown(records)} as records: it takes a list of them, [record].`)
}

/** @throws {INVALID_OPTION} {INVALID_JOB} */
export function checkFeedOptions(options: FeedOptions): void {
  checkTestOptions(options, ['split', 'at'], 'feed')
  const split: unknown = options.split
  if (split === undefined || typeof split === 'string') return
  throw new StreamError('INVALID_OPTION', `feed was given ${shown(split)} as split: the name of a split is text, { split: 'a' }.`)
}
