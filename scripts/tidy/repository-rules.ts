/** Rules for every file of the repository, whatever is in it. Findings are whole lines. */

const EXEMPT_FOLDERS = /(^|\/)(golden|fixtures)\//
/** kebab-case with any number of extensions, or the capitals of README.md and LICENSE. */
const NAME = /^(\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*|\.[a-z]+|[A-Z]+(_[A-Z]+)*(\.md)?)$/

export function checkName(path: string): string[] {
  if (EXEMPT_FOLDERS.test(path)) return []
  const wrong = path.split('/').filter((part) => !NAME.test(part) && !/^\d{3}-[a-z0-9-]+\.md$/.test(part))
  return wrong.map((part) => `${path}: '${part}' is not kebab-case`)
}

/** Paths of one machine and words of one workplace mean nothing to a reader. Written in pieces, because this file is checked too. */
const FOREIGN = [
  ['/wo', 'rk/'],
  ['/ro', 'ot/'],
  ['/ho', 'me/[a-z]+/'],
  ['/Us', 'ers/[a-z]+/'],
  ['issues ', 'show'],
  ['before', '-stop'],
].map((pieces) => new RegExp(`(?<![\\w.~*-])${pieces.join('')}`))

export function checkForeignWords(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const found = FOREIGN.map((pattern) => pattern.exec(line)?.[0]).find((word) => word !== undefined)
    return found === undefined ? [] : [`${path}:${i + 1}: '${found}' belongs to one machine or workplace`]
  })
}

export function checkMarkdown(path: string, text: string): string[] {
  const titles = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').match(/^# \S.*$/gm) ?? []
  const todos = text
    .split('\n')
    .flatMap((line, i) => (/\b(TODO|FIXME)\b(?!\(#?\d+\))/.test(line) ? [`${path}:${i + 1}: a TODO names its issue`] : []))
  return titles.length === 1 ? todos : [...todos, `${path}: ${titles.length} titles (# …), one is right`]
}
