import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CRASH_POINTS } from './crash-points.ts'

/** A point that is in no list is never attacked, and one that is nowhere makes an attack wait in vain. */
test('the list of crash points names exactly the points of the source', () => {
  const source = join(import.meta.dirname, '..')
  const found = new Set<string>()
  for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts') || path.startsWith('simulate')) continue
    for (const [, name] of readFileSync(join(source, path), 'utf8').matchAll(/crashPoint\(['`]([^'`]+)['`]\)/g)) {
      if (name?.includes('${') === true) for (const what of ['chunk', 'entry', 'mark']) found.add(name.replace('${what}', what))
      else found.add(name as string)
    }
  }
  assert.deepEqual([...found].sort(), [...CRASH_POINTS].sort())
})
