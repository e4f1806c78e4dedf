import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { StreamError } from '../core/errors.ts'
import { validatorOf } from './standard-schema.ts'

const use = { owner: 'source/payments', what: 'A record of source/payments', code: 'INVALID_RECORD' as const }
const Payment = z.object({
  card: z.string(),
  amount: z.number(),
  at: z.string().transform((s) => Date.parse(s)),
  items: z.array(z.object({ price: z.number() })).optional(),
})

function errorOf(call: () => unknown): StreamError {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof StreamError)
    return error
  }
  assert.fail('it must throw')
}

function issuesOf(error: StreamError): readonly unknown[] {
  const issues = error.details?.['issues']
  assert.ok(Array.isArray(issues))
  return issues
}

/** A schema by hand, as another library may have it. */
function schema(validate: (value: unknown) => unknown): unknown {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

test('what passes becomes what the schema makes of it', () => {
  const validate = validatorOf(Payment, use)
  assert.deepEqual(validate({ card: 'a', amount: 1, at: '2001-01-01T00:00:00Z', more: 1 }), { card: 'a', amount: 1, at: 978307200000 })
})

test('what does not pass is an error with the issues and the paths of their fields', () => {
  const error = errorOf(() => validatorOf(Payment, use)({ card: 1, amount: 'x', at: '', items: [{ price: 1 }, { price: '2' }] }))
  assert.equal(error.code, 'INVALID_RECORD')
  assert.match(error.message, /^A record of source\/payments does not pass its schema: card: /)
  assert.match(error.message, /; amount: .*; items\[1\]\.price: /)
  assert.equal(issuesOf(error).length, 3)
})

test('only the first five issues are in the message, all in the details', () => {
  const many = schema(() => ({
    issues: Array.from({ length: 7 }, (_, i) => ({ message: `wrong ${i}`, path: ['a b', { key: i }, Symbol('s')] })),
  }))
  const error = errorOf(() => validatorOf(many, use)(1))
  assert.match(error.message, /\["a b"\]\[0\]\["Symbol\(s\)"\]: wrong 0; .*wrong 4; and 2 more$/)
  assert.equal(issuesOf(error).length, 7)
})

test('an asynchronous schema is refused at once when it shows', () => {
  const error = errorOf(() =>
    validatorOf(
      schema(() => Promise.reject(new Error('later'))),
      use,
    ),
  )
  assert.equal(error.code, 'ASYNC_SCHEMA')
  assert.match(error.message, /source\/payments/)
  const refined = z.any().refine(() => Promise.resolve(true))
  assert.equal(errorOf(() => validatorOf(refined, use)).code, 'ASYNC_SCHEMA')
})

test('one that turns asynchronous later is refused then, and not as an invalid record', () => {
  const refined = z.object({ a: z.number().refine(() => Promise.resolve(true)) })
  const validate = validatorOf(refined, use)
  assert.equal(errorOf(() => validate({ a: 'x' })).code, 'INVALID_RECORD')
  assert.equal(errorOf(() => validate({ a: 1 })).code, 'ASYNC_SCHEMA')
})

test('a schema that throws on nothing may still be used, and throwing on a record makes it invalid', () => {
  const picky = schema((value) => ({ value: (value as { deep: { x: number } }).deep.x }))
  const validate = validatorOf(picky, use)
  assert.equal(validate({ deep: { x: 1 } }), 1)
  const error = errorOf(() => validate({}))
  assert.equal(error.code, 'INVALID_RECORD')
  assert.ok(error.cause instanceof TypeError)
})

test('what is no Standard Schema is refused', () => {
  for (const wrong of [undefined, 1, {}, (value: unknown) => value, { '~standard': { version: 2, validate: () => 1 } }]) {
    assert.equal(errorOf(() => validatorOf(wrong, use)).code, 'INVALID_OPTION')
  }
  assert.equal(
    errorOf(() =>
      validatorOf(
        schema(() => 1),
        use,
      )(1),
    ).code,
    'INVALID_RECORD',
  )
})

test('a schema may be a function and may use `this`', () => {
  const standard = {
    version: 1,
    vendor: 'test',
    factor: 2,
    validate(value: unknown) {
      return { value: (value as number) * this.factor }
    },
  }
  assert.equal(
    validatorOf(
      Object.assign(() => 1, { '~standard': standard }),
      use,
    )(4),
    8,
  )
})
