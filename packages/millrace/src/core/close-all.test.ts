import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeAll } from './close-all.ts'

test('all are closed, one after the other and in order, whichever of them throws', async () => {
  const steps: string[] = []
  const later = (name: string, fails: boolean) => async (): Promise<void> => {
    steps.push(`${name} begins`)
    await Promise.resolve()
    steps.push(`${name} ends`)
    if (fails) throw new Error(`${name} is stuck.`)
  }
  const atOnce = (): void => {
    steps.push('b')
    throw new Error('b is gone.')
  }
  await assert.rejects(closeAll([later('a', true), atOnce, () => undefined, later('c', false)]), (error) => {
    assert.ok(error instanceof AggregateError)
    assert.equal(error.message, 'a is stuck. b is gone.')
    assert.deepEqual(
      error.errors.map((each: Error) => each.message),
      ['a is stuck.', 'b is gone.'],
    )
    return true
  })
  assert.deepEqual(steps, ['a begins', 'a ends', 'b', 'c begins', 'c ends'])
})

test('one error is thrown as it is; none is none', async () => {
  const error = new Error('a is stuck.')
  await assert.rejects(closeAll([() => Promise.reject(error), () => undefined]), (thrown) => thrown === error)
  await closeAll([() => undefined, () => Promise.resolve()])
})
