import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromWire, StreamError, toWire } from './errors.ts'

function system(code: string, syscall: string = 'open'): Error {
  return Object.assign(new Error(`${code}: it does not work`), { code, syscall })
}

test('RS-3: what a source or a sink fails with for a wrong path or a missing right is not retried', () => {
  for (const code of ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'ELOOP']) {
    assert.equal(new StreamError('SOURCE', code, { cause: system(code) }).retry, 'never')
    assert.equal(new StreamError('SINK', code, { cause: system(code) }).retry, 'never')
  }
})

test('a full or failing disk, a connection, the checkpoint storage and user code are retried', () => {
  for (const code of ['ENOSPC', 'EIO', 'EBUSY', 'EMFILE', 'ETIMEDOUT', 'EPIPE'])
    assert.equal(new StreamError('SINK', code, { cause: system(code) }).retry, 'restart-job')
  assert.equal(new StreamError('SINK', 'no socket', { cause: system('ENOENT', 'connect') }).retry, 'restart-job')
  for (const code of ['STORAGE', 'CHECKPOINT_FAILED', 'USER_CODE'] as const)
    assert.equal(new StreamError(code, 'x', { cause: system('EACCES') }).retry, 'restart-job')
})

test('the hint stays when such an error is wrapped once more, and when it crosses a thread', () => {
  const error = new StreamError('SINK', 'out cannot be written', { cause: system('EACCES') })
  for (const code of ['SINK', 'CHECKPOINT_FAILED'] as const) assert.equal(new StreamError(code, 'x', { cause: error }).retry, 'never')
  assert.equal(fromWire(toWire(error)).retry, 'never')
  const stopped = new StreamError('STOPPED', 'stopped')
  assert.equal(new StreamError('SINK', 'no commit', { cause: stopped }).retry, 'restart-job')
})

test('what throws when it is looked at is told of without being looked at', () => {
  const refuse = (): never => {
    throw new Error('hands off')
  }
  for (const trap of [{ get: refuse }, { getPrototypeOf: refuse }]) {
    const hostile = new Proxy({}, trap)
    assert.equal(StreamError.is(hostile), false)
    const error = new StreamError('SOURCE', 'x', { cause: hostile })
    assert.match((error.cause as Error).message, /cannot be looked at/)
    assert.equal(toWire(error).cause?.code, 'USER_CODE')
  }
  const plain = { code: 5 }
  assert.equal(new StreamError('USER_CODE', 'x', { cause: plain }).cause, plain)
})
