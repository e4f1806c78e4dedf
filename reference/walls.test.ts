import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts'))
const importsOf = (name: string): string[] => {
  const text = readFileSync(`${import.meta.dirname}/${name}`, 'utf8')
  return [
    ...text.matchAll(
      /(?:^|[\n;}]\s*)(?:import|export)\b[^'"`]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]|\brequire\s*\(\s*['"]([^'"]+)['"]/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3]!)
}

test('W5: reference/ imports nothing but itself; tests import Node besides', () => {
  assert.ok(sources.length > 20)
  for (const name of sources) {
    const foreign = importsOf(name).filter((specifier) => !/^\.\/[\w-]+(\.test)?\.ts$/.test(specifier))
    const allowed = name.endsWith('.test.ts') ? foreign.filter((specifier) => !specifier.startsWith('node:')) : foreign
    assert.deepEqual(allowed, [], name)
  }
})

test('W5: the scan sees imports', () => {
  assert.deepEqual(importsOf('walls.test.ts').slice(0, 3), ['node:assert/strict', 'node:fs', 'node:test'])
  assert.ok(importsOf('interpret.ts').includes('./network.ts'))
})
