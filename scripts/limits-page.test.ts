/** Each number of docs/limits.md is the one in the code. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readText, repositoryFiles } from './lib/files.ts'
import { isTest } from './walls.ts'

const UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, ms: 1, s: 1_000 }

const rows = [...readText('docs/limits.md').matchAll(/^\| .* \| ([\d,]+)(?: (\w+))? \| `([A-Z_]+)` \|$/gm)].map(
  ([, count = '', unit, name = '']) => ({
    name,
    wanted: Number(count.replaceAll(',', '')) * (unit === undefined ? 1 : (UNITS[unit] ?? Number.NaN)),
  }),
)

const sources = repositoryFiles()
  .filter((path) => path.startsWith('packages/millrace/src/') && path.endsWith('.ts') && !isTest(path))
  .map(readText)
  .join('\n')

/** `256 * 1024`, `1 << 26`, `2 ** 30`, `65_536`: all that our limits are written with. */
function valueOf(expression: string): number {
  const [first = '', ...rest] = expression.replaceAll('_', '').split(/ (<<|\*\*|\*) /)
  let value = Number(first)
  for (let i = 0; i < rest.length; i += 2) {
    const right = Number(rest[i + 1])
    value = rest[i] === '<<' ? value * 2 ** right : rest[i] === '**' ? value ** right : value * right
  }
  return value
}

test('expressions are computed', () => {
  assert.deepEqual(['65_536', '1 << 26', '2 ** 30', '256 * 1024 * 1024'].map(valueOf), [65_536, 67_108_864, 1_073_741_824, 268_435_456])
})

test('each limit is the one in the code', () => {
  assert.ok(rows.length >= 10, `${rows.length} rows`)
  for (const { name, wanted } of rows) {
    const found = [...sources.matchAll(new RegExp(`\\bconst ${name}(?:: number)? = ([\\d_*< ]+)`, 'g'))].map(([, text = '']) =>
      valueOf(text.trim()),
    )
    assert.ok(found.length > 0, `${name} is not in the code`)
    assert.deepEqual([...new Set(found)], [wanted], name)
  }
})
