/** The pages that a package carries: its README, and what its error messages and its README lead to. */
import { posix } from 'node:path'
import { linksOf } from '../lib/links.ts'

/** Paths in the repository, which are the same in the package. Pages about working on Millrace stay here. */
export function isPackedPage(path: string): boolean {
  return /^(README|CHANGELOG|GLOSSARY|GUARANTEES|SECURITY)\.md$|^LICENSE$|^llms\.txt$|^docs\/(?!design\/).*\.md$/.test(path)
}

/** The page with links to what is not in the package turned into plain text. */
export function packedPage(path: string, text: string, packed: ReadonlySet<string>): string {
  let result = text
  for (const { whole, label, file } of linksOf(text)) {
    if (file === undefined || packed.has(posix.normalize(posix.join(posix.dirname(path), file)))) continue
    result = result.replaceAll(whole, label)
  }
  return result
}
