import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareDeclarations, describeDeclarations } from './compare.ts'
import type { StateDeclaration } from './contract.ts'

const value: StateDeclaration = { kind: 'value', version: 1 }
const timer: StateDeclaration = { kind: 'timer', version: 1, domain: 'event' }

test('D12 kept, migrated, new, dropped and mismatched states', () => {
  const stored = describeDeclarations({ kept: value, old: value, gone: value, kind: value, when: timer, stuck: value })
  const declared: Record<string, StateDeclaration> = {
    kept: { ...value, ttl: { afterMs: 1, refreshOn: 'write', expired: 'never-returned' } },
    old: { ...value, version: 2, migrate: (each) => each },
    stuck: { ...value, version: 2 },
    kind: { kind: 'list', version: 1 },
    when: { ...timer, domain: 'processing' },
    added: value,
  }
  const { mismatched, ...rest } = compareDeclarations(stored, declared)
  assert.deepEqual(rest, { kept: ['kept'], migrated: ['old'], new: ['added'], dropped: ['gone'] })
  assert.deepEqual(
    mismatched.map(({ name }) => name),
    ['kind', 'stuck', 'when'],
  )
  assert.match(mismatched[2]?.reason ?? '', /event-timer .* processing-timer/)
})

test('J7 states may have the names that every object has', () => {
  const { kept, new: added } = compareDeclarations(JSON.parse('{"constructor":{"kind":"value","version":1}}'), {
    constructor: value,
    toString: value,
  } as never)
  assert.deepEqual([kept, added], [['constructor'], ['toString']])
})
