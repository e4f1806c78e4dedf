import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package carries its pages; in a checkout they lie at the root. */
const installed = fileURLToPath(new URL('../../docs/errors.md', import.meta.url))
const isInstalled = existsSync(installed)

/** The page of error codes as somebody in `folder` finds it. */
export function errorPage(folder: string): string {
  if (!isInstalled) return 'docs/errors.md'
  const path = relative(folder, installed)
  return path.startsWith('..') ? installed : path
}
