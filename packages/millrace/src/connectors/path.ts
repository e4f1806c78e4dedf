import { StreamError } from '../core/errors.ts'

/**
 * Files are of this machine. What looks like a URL would be made as a folder of that name, without a word.
 * @throws {INVALID_OPTION}
 */
export function checkLocalPath(what: string, path: string): void {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(path)?.[1]
  if (scheme === undefined) return
  const remedy =
    scheme.toLowerCase() === 'file' ? 'Write the path alone, or fileURLToPath(url) of node:url' : 'Storage elsewhere is not built yet'
  throw new StreamError('INVALID_OPTION', `${what} is '${path}', a URL: it has to be a path on this machine. ${remedy}.`, {
    details: { path },
  })
}

/** Joins with `/`, which every system takes. Parts are not resolved. */
export function joinPath(folder: string, name: string): string {
  if (folder === '') return name
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
}

/** The same path for the same place, as far as the text tells: `out/`, `./out` and `x/../out` are `out`. */
export function normalPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    const last = parts.at(-1)
    if (part === '..' && last !== undefined && last !== '..') parts.pop()
    else parts.push(part)
  }
  if (path.startsWith('/')) return `/${parts.join('/')}`
  return parts.join('/') || '.'
}

/** The path from a folder to what is in it, empty for itself; undefined for what is elsewhere. Both are normal. */
export function pathBelow(folder: string, path: string): string | undefined {
  if (path === folder) return ''
  if (folder === '.') return path.startsWith('/') || path === '..' || path.startsWith('../') ? undefined : path
  const start = folder === '/' ? folder : `${folder}/`
  return path.startsWith(start) ? path.slice(start.length) : undefined
}

/** The folder that holds a name: `.` for a bare name, `/` for what lies at the root. */
export function parentOf(path: string): string {
  const trimmed = trimSlashes(path)
  const at = trimmed.lastIndexOf('/')
  if (at < 0) return '.'
  return at === 0 ? '/' : trimmed.slice(0, at)
}

/** The last part of a path. */
export function nameOf(path: string): string {
  const trimmed = trimSlashes(path)
  return trimmed.slice(trimmed.lastIndexOf('/') + 1)
}

function trimSlashes(path: string): string {
  let end = path.length
  while (end > 1 && path[end - 1] === '/') end--
  return path.slice(0, end)
}
