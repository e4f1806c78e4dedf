import { fileURLToPath } from 'node:url'

/** Frames shown of one error. */
const MAX_FRAMES = 8
/** Lines of code that Node shows above a syntax error. */
const MAX_EXCERPT_LINES = 12

/** Folder of the engine's package, ending in a slash. */
const engineFolder = fileURLToPath(new URL('../..', import.meta.url))

/** What of an error's stack concerns the user: without Node and the engine, paths relative to `folder`. */
export interface UserStack {
  /** The code that a parser complains about, with its place; empty for other errors. */
  readonly excerpt: readonly string[]
  readonly frames: readonly string[]
}

export function userStackOf(error: unknown, folder: string, engine: string = engineFolder): UserStack {
  const stack: unknown = typeof error === 'object' && error !== null && 'stack' in error ? error.stack : undefined
  if (typeof stack !== 'string') return { excerpt: [], frames: [] }
  const lines = stack.split('\n').map((line) => line.replaceAll('file://', ''))
  const firstFrame = lines.findIndex((line) => /^\s+at /.test(line))
  const head = firstFrame < 0 ? lines : lines.slice(0, firstFrame)
  const frames = (firstFrame < 0 ? [] : lines.slice(firstFrame))
    .map((line) => line.trim())
    .filter((line) => isUsers(line, engine))
    .slice(0, MAX_FRAMES)
    .map((line) => shorter(line, folder))
  return { excerpt: excerptOf(head).map((line) => shorter(line, folder)), frames }
}

function isUsers(frame: string, engine: string): boolean {
  if (!frame.startsWith('at ') || frame.includes('node:') || frame.includes(engine)) return false
  // Chains that the engine makes from text, and native frames.
  return !/millrace-op-\d|\(<anonymous>|\beval at\b|^at (<anonymous>|native)/.test(frame)
}

/** Node puts file, code and a caret before the message of a syntax error, and an empty line or the message after it. */
function excerptOf(head: readonly string[]): readonly string[] {
  if (!/^(\/|[A-Za-z]:[\\/]).*:\d+$/.test(head[0] ?? '')) return []
  const end = head.findIndex((line) => line === '' || /^[A-Za-z]*Error\b/.test(line))
  return head.slice(0, end < 0 ? undefined : end).slice(0, MAX_EXCERPT_LINES)
}

function shorter(line: string, folder: string): string {
  return folder.length > 1 ? line.replaceAll(`${folder}/`, '') : line
}
