import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideRetention, startRetention, type RetentionEvent, type RetentionState } from './retention.ts'

const chunk = (kind: 'c' | 'm', checkpoint: number): string => `e2-${kind}${checkpoint}-step-0-0123456789abcdef.chunk`

function feed(
  state: RetentionState,
  ...events: readonly RetentionEvent[]
): { readonly state: RetentionState; readonly chunks: readonly string[] } {
  const chunks: string[] = []
  let current = state
  for (const event of events) {
    const decision = decideRetention(current, event)
    current = decision.state
    chunks.push(...decision.deleteChunks)
  }
  return { state: current, chunks }
}

test('chunks wait until no entry is left to be deleted, however many decisions that takes', () => {
  const began = startRetention({ epoch: 2, mayDelete: true, retained: [], limit: 2 })
  const listed = decideRetention({ ...began, entries: [1, 2, 3], chunks: [chunk('c', 1), chunk('c', 2)] }, { kind: 'continue' })
  assert.deepEqual([listed.deleteEntries, listed.deleteChunks, listed.isMore], [[1, 2], [], true], 'R5')
  const next = decideRetention(listed.state, { kind: 'continue' })
  assert.deepEqual([next.deleteEntries, next.deleteChunks, next.isMore], [[3], [chunk('c', 1)], true])
  const last = decideRetention(next.state, { kind: 'continue' })
  assert.deepEqual([last.deleteEntries, last.deleteChunks, last.isMore], [[], [chunk('c', 2)], false])
})

/** Found by the attack `kill`: a merge that was under way when the job finished left its chunk for ever, as no next owner comes. */
test('what an owner has written and no manifest names goes with its last entry, also when it is written after that', () => {
  const began = startRetention({ epoch: 2, mayDelete: true, retained: [] })
  const before = feed(
    began,
    { kind: 'writing', chunk: chunk('m', 3) },
    { kind: 'written', chunk: chunk('m', 3) },
    { kind: 'writing', chunk: chunk('m', 4) },
  )
  assert.deepEqual(before.chunks, [])
  const ended = feed(before.state, { kind: 'appended', number: 9, kept: [], numbers: [9], manifest: undefined }, { kind: 'ended' })
  assert.deepEqual(ended.chunks, [chunk('m', 3)])
  assert.deepEqual(feed(ended.state, { kind: 'written', chunk: chunk('m', 4) }).chunks, [chunk('m', 4)])
})
