/** Links of pages that lead nowhere: to no file of the repository, or to no heading of a page. */
import { posix } from 'node:path'
import { anchorsOf, linksOf } from '../lib/links.ts'

export function checkLinks(
  path: string,
  text: string,
  repository: { readonly paths: ReadonlySet<string>; readonly read: (path: string) => string },
): string[] {
  return linksOf(text).flatMap(({ line, file, anchor }) => {
    const target = file === undefined ? path : posix.normalize(posix.join(posix.dirname(path), file)).replace(/\/$/, '')
    const isFile = repository.paths.has(target)
    const isFolder = !isFile && [...repository.paths].some((other) => other.startsWith(`${target}/`))
    if (!isFile && !isFolder) return [`${path}:${line}: there is no ${target}`]
    if (anchor === undefined || anchor === '') return []
    const anchors = isFile && target.endsWith('.md') ? anchorsOf(repository.read(target)) : new Set<string>()
    return anchors.has(anchor) ? [] : [`${path}:${line}: ${target} has no heading #${anchor}`]
  })
}
