import { checkObject, checkOptionNames } from '../api/checks.ts'

/** What the run itself takes is checked by the run. @throws {INVALID_OPTION} {INVALID_JOB} */
export function checkTestOptions(options: object, allowed: readonly string[]): void {
  checkObject(options, 'What a test was given as options')
  checkOptionNames(options, 'A test', allowed)
}
