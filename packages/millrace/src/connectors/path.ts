/** Joins with `/`, which every system takes. Parts are not resolved. */
export function joinPath(folder: string, name: string): string {
  if (folder === '') return name
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
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
