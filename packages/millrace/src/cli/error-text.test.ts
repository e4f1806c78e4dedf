import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes, type ErrorCode } from '../core/error-codes.ts'
import { StreamError } from '../core/errors.ts'
import { errorText } from './error-text.ts'
import { exitCodeOf, exitCodeOfSignal, exitCodes } from './exit-codes.ts'
import { userStackOf } from './user-stack.ts'

const context = { paint: (_style: string, text: string): string => text, folder: '/app' }

function withStack<E extends Error>(error: E, stack: string): E {
  error.stack = stack
  return error
}

test('code, message, remedy and page', () => {
  const error = new StreamError('FENCED', 'Process 7 has taken over.')
  const { remedy } = errorCodes.FENCED
  assert.equal(
    errorText(error, context),
    `millrace: FENCED: Process 7 has taken over.\n  what to do: ${remedy}\n  see docs/errors.md#fenced\n`,
  )
})

test('COMMIT_FAILED says what to do once: in its message', () => {
  const cause = new StreamError('COMMIT_FAILED', 'out/part-1 is another file. Go on with the checkpoints that wrote it.')
  const error = new StreamError('COMMIT_FAILED', `sink/out cannot prove that its output was committed: ${cause.message}`, { cause })
  assert.equal(
    errorText(error, context),
    'millrace: COMMIT_FAILED: sink/out cannot prove that its output was committed: out/part-1 is another file. Go on with the checkpoints that wrote it.\n  see docs/errors.md#commit_failed\n',
  )
})

test('an error of the user shows the lines of the user, and not those of Node and the engine', () => {
  const cause = withStack(
    new TypeError("Cannot read properties of undefined (reading 'id')"),
    [
      "TypeError: Cannot read properties of undefined (reading 'id')",
      '    at parse (file:///app/job.ts:12:30)',
      '    at eval (eval at specialize (file:///app/node_modules/millrace/dist/task/specialize.js:1:1), <anonymous>:3:5)',
      '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
      '    at file:///app/lib/orders.ts:3:1',
    ].join('\n'),
  )
  const error = new StreamError('USER_CODE', 'step/parse threw.', { cause })
  assert.equal(
    errorText(error, context).split('\n  what')[0],
    [
      'millrace: USER_CODE: step/parse threw.',
      "  because: TypeError: Cannot read properties of undefined (reading 'id')",
      '    at parse (job.ts:12:30)',
      '    at lib/orders.ts:3:1',
    ].join('\n'),
  )
})

test('an error of the system shows no frames of the engine', () => {
  const cause = withStack(
    Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' }),
    'Error: EACCES: permission denied\n    at async open (node:internal/fs/promises:639:25)',
  )
  assert.doesNotMatch(errorText(new StreamError('SINK', 'sink/out cannot write out: EACCES.', { cause }), context), /node:internal/)
})

test('a cause that the message quotes is not said twice; rings end', () => {
  const cause = withStack(new Error('disk full'), 'Error: disk full')
  const error = new StreamError('STORAGE', 'It failed: disk full', { cause })
  cause.cause = error
  assert.doesNotMatch(errorText(error, context), /because/)
  let deep: Error = new Error('bottom')
  for (let i = 0; i < 20; i++) deep = withStack(new Error(`level ${i}`, { cause: deep }), '')
  assert.equal(errorText(deep, context).match(/because/g)?.length, 5)
})

test('whatever was thrown becomes text', () => {
  assert.equal(errorText('oops', context), 'millrace: oops\n')
  assert.match(
    errorText(new StreamError('COMMAND_LINE', 'No.', { details: { help: 'millrace --help' } }), context),
    /^millrace: No\.\n {2}see millrace --help\n$/,
  )
  for (const odd of [undefined, null, 5, {}, Object.create(null)]) assert.equal(typeof errorText(odd, context), 'string')
})

test('the code that a parser complains about is shown with its caret', () => {
  const error = withStack(
    new SyntaxError('Expression expected'),
    ['/app/job.ts:4', '  b: ][', '     ^', '}', '', 'SyntaxError: Expression expected', '    at parse (node:internal/x:1:1)'].join('\n'),
  )
  assert.deepEqual(userStackOf(error, '/app'), { excerpt: ['job.ts:4', '  b: ][', '     ^', '}'], frames: [] })
})

test('every code has an exit code, and every exit code is one number', () => {
  for (const code of Object.keys(errorCodes) as ErrorCode[]) assert.ok([1, 2, 3, 4].includes(exitCodeOf(new StreamError(code, 'x'))), code)
  assert.equal(exitCodeOf(new StreamError('CHECKPOINT_CORRUPT', 'x')), 4)
  assert.equal(exitCodeOf(new StreamError('FENCED', 'x')), 3)
  assert.equal(exitCodeOf(new StreamError('INVALID_OPTION', 'x')), 2)
  assert.equal(exitCodeOf(new StreamError('INVALID_DURATION', 'x')), 2)
  // Given for a record by a function of a step: a job was started.
  assert.equal(exitCodeOf(new StreamError('INVALID_DURATION', 'x', { details: { step: 'step/visits' } })), 1)
  assert.equal(exitCodeOf(new Error('x')), 1)
  assert.deepEqual([exitCodeOfSignal('SIGHUP'), exitCodeOfSignal('SIGINT'), exitCodeOfSignal('SIGTERM')], [129, 130, 143])
  const numbers = Object.values(exitCodes).map(({ code }) => code)
  assert.equal(new Set(numbers).size, numbers.length)
})
