/** Makes docs/errors.md from the engine's table of error codes. `npm run format` writes it, tidy.ts fails when it is stale. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib/files.ts'

export const ERRORS_PAGE = 'docs/errors.md'

export interface ErrorCodeRow {
  readonly domain: 'user' | 'external' | 'internal'
  readonly retry: 'never' | 'restart-job' | 'with-backoff'
  readonly message: string
  readonly remedy: string
}

const DOMAINS: Readonly<Record<ErrorCodeRow['domain'], string>> = {
  user: 'Yours: the job, its options or its input',
  external: 'Outside: files, disks, other systems',
  internal: 'Ours: a bug in Millrace',
}

const RETRIES: Readonly<Record<ErrorCodeRow['retry'], string>> = {
  never: 'A retry cannot help; the job ends.',
  'restart-job': 'The job restarts from its newest checkpoint, as its restart policy allows.',
  'with-backoff': 'The call is repeated after a growing pause.',
}

export async function loadErrorCodes(): Promise<Readonly<Record<string, ErrorCodeRow>>> {
  const module = await import('../packages/millrace/src/core/error-codes.ts')
  return module.errorCodes
}

/** The page as it must be. */
export function errorsPage(codes: Readonly<Record<string, ErrorCodeRow>>): string {
  const sections = Object.keys(DOMAINS).flatMap((domain) => {
    const rows = Object.entries(codes).filter(([, row]) => row.domain === domain)
    return rows.length === 0 ? [] : [`## ${DOMAINS[domain as ErrorCodeRow['domain']]}`, ...rows.map(([code, row]) => section(code, row))]
  })
  return `${['# Error codes', intro, ...sections].join('\n\n')}\n`
}

const intro = `Every error of Millrace is a \`StreamError\` with a \`code\` of this page, a \`domain\` that says whose matter it is, and \`retry\`, which
says what the engine does about it. Codes are stable and never reused. This page is made from the table of codes; do not edit it.`

function section(code: string, row: ErrorCodeRow): string {
  return [`### ${code}`, row.message, `**What to do.** ${row.remedy}`, `**What the engine does.** ${RETRIES[row.retry]}`].join('\n\n')
}

if (import.meta.main) {
  writeFileSync(join(root, ERRORS_PAGE), errorsPage(await loadErrorCodes()))
}
