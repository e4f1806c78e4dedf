/** What hostile user code does, inside the process of the job. Data for both sides: the job acts by name, the attack knows the names. */
import { closeSync, readdirSync } from 'node:fs'

export const ACTS = [
  'throw',
  'throw-nothing',
  'throw-async',
  'never-resolve',
  'reject-later',
  'throw-later',
  'exit-0',
  'exit-1',
  'kill-self',
  'busy',
  'busy-past-lease',
  'block-for-ever',
  'heap',
  'buffer',
  'stack',
  'mutate',
  'mutate-state',
  'patch-array',
  'patch-object',
  'break-array',
  'own-handlers',
  'atomics-wait',
  'close-files',
] as const
export type Act = (typeof ACTS)[number]

export const BUSY_MS = 1_200
const PAST_LEASE_MS = 3_000
const PIECE_BYTES = 16 << 20

/** @returns what the function of the user returns in the place of what it should; undefined: it goes on as if nothing were */
export function perform(act: Act, value: unknown, busyMs: number): Promise<never> | undefined {
  switch (act) {
    case 'throw':
      throw new Error('hostile throw')
    case 'throw-nothing':
      throw undefined
    case 'throw-async':
      return Promise.reject(new Error('hostile rejection'))
    case 'never-resolve':
      return new Promise(() => undefined)
    case 'reject-later':
      setTimeout(() => void Promise.reject(new Error('hostile rejection later')), 1)
      return undefined
    case 'throw-later':
      setTimeout(() => {
        throw new Error('hostile throw later')
      }, 1)
      return undefined
    case 'exit-0':
      return process.exit(0)
    case 'exit-1':
      return process.exit(1)
    case 'kill-self':
      process.kill(process.pid, 'SIGKILL')
      return wait(Number.POSITIVE_INFINITY)
    case 'busy':
      return spin(busyMs)
    case 'busy-past-lease':
      return spin(PAST_LEASE_MS)
    case 'block-for-ever':
      return wait(Number.POSITIVE_INFINITY)
    case 'atomics-wait':
      return wait(busyMs)
    case 'heap':
      return fillHeap()
    case 'buffer':
      return fillBuffers()
    case 'stack':
      return recurse()
    case 'mutate':
    case 'mutate-state':
      ;(value as { touched?: boolean }).touched = true
      return undefined
    case 'patch-array':
    case 'patch-object':
      return patch(act === 'patch-array' ? Array.prototype : Object.prototype)
    case 'break-array':
      Array.prototype.push = () => {
        throw new Error('hostile push')
      }
      return undefined
    case 'own-handlers':
      process.on('unhandledRejection', () => undefined)
      process.on('uncaughtException', () => undefined)
      void Promise.reject(new Error('hostile rejection, handled by nobody'))
      setTimeout(() => {
        throw new Error('hostile throw, swallowed')
      }, 1)
      return undefined
    case 'close-files':
      return closeFiles()
  }
}

function spin(ms: number): undefined {
  const end = performance.now() + ms
  while (performance.now() < end);
  return undefined
}

function wait(ms: number): undefined {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  return undefined
}

function fillHeap(): never {
  const all: unknown[] = []
  for (;;) all.push(Array.from({ length: 1_000 }, (_zero, index) => ({ index })))
}

/** Beyond the heap, of which V8 knows nothing: until the system has no more. */
function fillBuffers(): never {
  const all: unknown[] = []
  for (;;) all.push(Buffer.alloc(PIECE_BYTES, 1))
}

function recurse(): never {
  return [recurse()] as never
}

/** As careless polyfills do: an enumerable property, which `for in` finds in every array or object. */
function patch(prototype: object): undefined {
  Reflect.set(prototype, 'hostile', () => 'patched')
  return undefined
}

/** All that the process has open beyond what it was started with: files, and what Node itself needs. */
function closeFiles(): undefined {
  for (const name of readdirSync('/proc/self/fd')) {
    if (Number(name) <= 2) continue
    try {
      closeSync(Number(name))
    } catch {
      // The listing itself, which is closed by now.
    }
  }
  return undefined
}
