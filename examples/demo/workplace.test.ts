/** One demo at a time uses the folder of a seed; a second one says so and ends. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './workplace.ts'

/** Found by a look with fresh eyes: the sentence stood under a stack, and the exit code was that of a check that failed. */
test('a second demo with the same seed is refused in one sentence, as a wrong option is', () => {
  const seed = 2 ** 32 - 1
  const folder = join(root, '.data/demo', String(seed))
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(join(folder, 'lock'), String(process.pid))
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'examples/demo/main.ts'), '--seed', String(seed)], {
      encoding: 'utf8',
    })
    assert.equal(stderr, `demo: another demo with seed ${seed} is running: wait for it, or choose another --seed\n`)
    assert.equal(status, 2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
