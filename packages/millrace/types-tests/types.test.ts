import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileCases, mismatches, parseDiagnostics } from './compile-cases.ts'
import type { Case } from './must-not-compile/case.ts'
import { jobCases } from './must-not-compile/jobs.ts'
import { stepCases } from './must-not-compile/steps.ts'
import { streamCases } from './must-not-compile/streams.ts'
import { testingCases } from './must-not-compile/testing.ts'
import { windowCases } from './must-not-compile/windows.ts'

test('what must not compile gives the error it must give', async (t) => {
  const lists = { streams: streamCases, steps: stepCases, jobs: jobCases, windows: windowCases, testing: testingCases }
  const codes = Object.values(lists).flatMap((cases) => cases.map(([code]) => code))
  t.diagnostic(`${codes.length} lines that must not compile`)
  assert.ok(codes.length >= 50)
  assert.equal(new Set(codes).size, codes.length, 'a case is there twice')
  for (const code of codes) assert.ok(!code.includes('\n'))
  assert.equal((await compileCases(lists)).join('\n'), '')
})

test('a line that compiles, another error and an error elsewhere are found', () => {
  const cases: readonly Case[] = [
    ['a', 'TS1', 'x'],
    ['b', 'TS2', 'y'],
    ['c', 'TS3', 'z'],
  ]
  const found = parseDiagnostics(
    'f.ts(12,3): error TS2: y\nf.ts(13,3): error TS3: other\n  nothing like it\nf.ts(4,1): error TS9: broken prelude\n',
  )
  assert.equal(found.length, 3)
  const wrong = mismatches(cases, found, 10)
  assert.equal(wrong.length, 3)
  assert.match(wrong[0] as string, /line 4 is no case/)
  assert.match(wrong[1] as string, /compiles, but must give TS1: a/)
  assert.match(wrong[2] as string, /must give TS3 “z”: c[\s\S]*nothing like it/)
})
