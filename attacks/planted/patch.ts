/** Applies a mistake to a copy of the source, and takes it back. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Edit, Mistake } from './mistake.ts'

/** How lines are broken and indented does not matter: a formatter may have gone over the source since. */
function patternOf(find: string): RegExp {
  const words = find.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(words.join('\\s+'), 'g')
}

/** @returns what takes it back @throws when an edit does not apply exactly once */
export function plant(copy: string, mistake: Mistake): () => void {
  const before = new Map<string, string>()
  try {
    for (const edit of mistake.edits) {
      const path = join(copy, 'packages/millrace/src', edit.file)
      const text = readFileSync(path, 'utf8')
      if (!before.has(path)) before.set(path, text)
      writeFileSync(path, edited(text, edit))
    }
  } catch (error) {
    restore(before)
    throw error
  }
  return () => restore(before)
}

export function edited(text: string, { file, find, replace }: Edit): string {
  const count = text.match(patternOf(find))?.length ?? 0
  if (count !== 1) throw new Error(`does not apply: ${file} has ${count} times '${find}'`)
  return text.replace(patternOf(find), () => replace)
}

function restore(before: ReadonlyMap<string, string>): void {
  for (const [path, text] of before) writeFileSync(path, text)
}
