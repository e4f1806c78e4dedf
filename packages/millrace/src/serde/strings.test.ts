import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import vm from 'node:vm'
import { edgeTexts } from './edge-values.test.ts'
import { copyString } from './strings.ts'

setFlagsFromString('--expose-gc')
const gc = vm.runInNewContext('gc') as () => void

/** Heap bytes held by 500 texts of 63 characters, each cut out of a text of 64 KiB of its own. */
function heldBytes(keep: (text: string) => string): number {
  gc()
  const before = process.memoryUsage().heapUsed
  const kept: string[] = []
  for (let i = 0; i < 500; i++) {
    const whole = Buffer.alloc(65_536, 97 + (i % 26)).toString('latin1')
    kept.push(keep(whole.substring(100, 163)))
  }
  gc()
  const held = process.memoryUsage().heapUsed - before
  assert.equal(kept.length, 500)
  return held
}

test('a copied text does not keep alive what it was cut out of', () => {
  const cut = heldBytes((text) => text)
  const copied = heldBytes(copyString)
  assert.ok(cut > 25e6, `the danger is real: ${cut}`)
  assert.ok(copied < 2e6, `copied: ${copied}`)
})

test('a copied text is the same text', () => {
  for (const text of edgeTexts) assert.equal(copyString(text), text)
})
