/** What is counted as committed, while a job goes on writing. */
import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CommittedFiles } from './committed.ts'
import { temporaryFolder } from './testing.ts'

test('rows, files and the newest checkpoint of committed files only', (t) => {
  const folder = temporaryFolder(t)
  const committed = new CommittedFiles(join(folder, 'not-there-yet'))
  assert.deepEqual(committed.look(), { files: 0, rows: 0, checkpoint: undefined })

  const parts = new CommittedFiles(folder)
  writeFileSync(join(folder, 'part-000000000007-0-0.jsonl'), '1\n2\n3\n')
  writeFileSync(join(folder, '.open'), '4\n5\n')
  assert.deepEqual(parts.look(), { files: 1, rows: 3, checkpoint: 7 })
  renameSync(join(folder, '.open'), join(folder, 'part-000000000112-0-0.jsonl'))
  assert.deepEqual(parts.look(), { files: 2, rows: 5, checkpoint: 112 })
  assert.deepEqual(parts.look(), { files: 2, rows: 5, checkpoint: 112 })
})
