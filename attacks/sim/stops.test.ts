import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeStop } from './stops.ts'

const told = { settledMs: 100 }

test('who is told to stop and has not read all by the end of the checkpoint under way has to stop', () => {
  assert.match(judgeStop('finished', { stop: told, lastReadMs: 101 }) ?? '', /was told to stop, and has finished/)
  assert.equal(judgeStop('stopped', { stop: told, lastReadMs: 101 }), undefined, 'the barrier travels while records are read')
})

test('who has read all by then may finish, and who was told before its first checkpoint had ended', () => {
  assert.equal(judgeStop('finished', { stop: told, lastReadMs: 100 }), undefined)
  assert.equal(judgeStop('finished', { stop: told, lastReadMs: undefined }), undefined, 'only the last commits were missing')
  assert.equal(judgeStop('finished', { stop: { settledMs: undefined }, lastReadMs: 101 }), undefined)
  assert.equal(judgeStop('already-finished', { stop: told, lastReadMs: undefined }), undefined)
})

test('nobody stops without being told to', () => {
  assert.equal(judgeStop('finished', { stop: undefined, lastReadMs: 101 }), undefined)
  assert.match(judgeStop('stopped', { stop: undefined, lastReadMs: 101 }) ?? '', /nobody had told it to/)
})
