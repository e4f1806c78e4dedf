import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Env } from '../core/env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { Scheduler, type Steppable } from './scheduler.ts'

type Process = ReturnType<typeof virtualEnv>

/** A member with so much work, which notes its steps. */
function worker(name: string, steps: string[], work: number, wakes: (number | undefined)[] = []): Steppable & { work: number } {
  return {
    work,
    step() {
      steps.push(name)
      return --this.work > 0 ? 'more' : 'idle'
    },
    wakeInMs: () => wakes.shift(),
  }
}

/** Turns of exactly so many steps; how many turns there were and which timers were armed. */
function counted(stepsOfTurn: number): {
  readonly env: Env
  readonly process: Process
  readonly turns: number[]
  readonly armed: number[]
} {
  const process = virtualEnv({ seed: 1 })
  const turns: number[] = []
  const armed: number[] = []
  const env: Env = {
    ...process,
    crashPoint: process.crashPoint,
    budget: () => {
      let left = stepsOfTurn
      turns.push(process.machine.nowMs)
      return { hasLeft: () => --left > 0 }
    },
    timers: {
      soon: process.timers.soon,
      after: (ms, callback, options) => {
        armed.push(ms)
        return process.timers.after(ms, callback, options)
      },
    },
  }
  return { env, process, turns, armed }
}

test('whoever has work gets a step in rotation', async () => {
  const { env, process } = counted(100)
  const steps: string[] = []
  const scheduler = new Scheduler(env, [worker('a', steps, 4), worker('b', steps, 2), worker('c', steps, 3)])
  scheduler.wakeAll()
  await process.machine.runUntilIdle()
  assert.equal(steps.join(''), 'abcabcaca')
})

test('a turn ends with its budget, and the next one goes on where it was', async () => {
  const { env, process, turns } = counted(2)
  const steps: string[] = []
  const scheduler = new Scheduler(env, [worker('a', steps, 3), worker('b', steps, 3), worker('c', steps, 1)])
  scheduler.wakeAll()
  await process.machine.runUntilIdle()
  assert.equal(steps.join(''), 'abcabab')
  assert.equal(turns.length, 4)
  assert.equal(new Set(turns).size, 4, 'others of the thread run between two turns')
})

test('many wake-ups are one turn; nobody without work is asked', async () => {
  const { env, process, turns } = counted(100)
  const steps: string[] = []
  const scheduler = new Scheduler(env, [worker('a', steps, 1), worker('b', steps, 1)])
  for (let i = 0; i < 10; i++) scheduler.wake(1)
  await process.machine.runUntilIdle()
  assert.deepEqual(steps, ['b'])
  assert.equal(turns.length, 1)
})

test('when nobody has work one timer is armed, for the earliest', async () => {
  const { env, process, armed } = counted(100)
  const steps: string[] = []
  const scheduler = new Scheduler(env, [worker('a', steps, 1, [500]), worker('b', steps, 1, [undefined]), worker('c', steps, 1, [300])])
  scheduler.wake(0)
  await process.machine.advance(100)
  assert.deepEqual(armed, [300])
  assert.deepEqual(steps, ['a'])
  await process.machine.runUntilIdle()
  assert.deepEqual(steps, ['a', 'b', 'c', 'a'], 'in rotation from where it was')
  assert.deepEqual(armed, [300], 'nobody is due any more')
})

test('a wake-up cancels the timer, and it is armed anew', async () => {
  const { env, process, armed } = counted(100)
  const steps: string[] = []
  const scheduler = new Scheduler(env, [worker('a', steps, 1, [1_000, 900]), worker('b', steps, 1)])
  scheduler.wake(0)
  await process.machine.advance(100)
  scheduler.wake(1)
  await process.machine.advance(100)
  assert.deepEqual(armed, [1_000, 900])
  assert.deepEqual(steps, ['a', 'b'])
  await process.machine.runUntilIdle()
  assert.deepEqual(steps, ['a', 'b', 'a', 'b'], 'one timer is left')
})

/** A timer or an idle split of a quiet task waited until a busy one had nothing more to do. */
test('who is due has its step while others are always busy', async () => {
  const { env, process } = counted(3)
  const steps: string[] = []
  let isDue = false
  const quiet: Steppable = {
    step: () => {
      steps.push('quiet')
      isDue = false
      return 'idle'
    },
    wakeInMs: () => (isDue ? 0 : 50),
  }
  const scheduler = new Scheduler(env, [worker('busy', steps, 1e9), quiet])
  scheduler.wake(0)
  await process.machine.advance(20)
  assert.ok(!steps.includes('quiet'))
  isDue = true
  await process.machine.advance(5)
  assert.equal(steps.filter((step) => step === 'quiet').length, 1)
  scheduler.stop()
})

test('after stop nothing steps, and no timer is left', async () => {
  const { env, process } = counted(1)
  const steps: string[] = []
  const scheduler = new Scheduler(env, [worker('a', steps, 9, [10]), worker('b', steps, 9)])
  scheduler.wakeAll()
  await process.machine.step()
  scheduler.stop()
  const count = steps.length
  scheduler.wakeAll()
  await process.machine.runUntilIdle()
  assert.equal(steps.length, count)
  assert.ok(process.machine.nowMs < 5)
})

test('a step that stops the scheduler is its last', async () => {
  const { env, process } = counted(100)
  const steps: string[] = []
  const stopper: Steppable = {
    step: () => {
      steps.push('stop')
      scheduler.stop()
      return 'more'
    },
    wakeInMs: () => 1,
  }
  const scheduler = new Scheduler(env, [stopper, worker('b', steps, 3)])
  scheduler.wakeAll()
  await process.machine.runUntilIdle()
  assert.deepEqual(steps, ['stop'])
})
