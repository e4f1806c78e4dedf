/** What happens when something cannot be opened: what was opened before it is closed, and the error says whose it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineJob } from '../api/job.ts'
import type { Job } from '../api/job-types.ts'
import { defineSink, defineSource, type Sink, type Source } from '../connect/contract.ts'
import { StreamError } from '../core/errors.ts'
import { checkpointed, errorsOf, Lab } from './simulated-job.test.ts'

/** What was opened and what was closed, by name. */
class Ledger {
  readonly opened: string[] = []
  readonly closed: string[] = []

  source(fails: boolean = false): Source<number> {
    return defineSource<number, number>({
      kind: 'noted',
      bounded: true,
      replayable: true,
      timestamps: false,
      open: async () => {
        const close = this.#open('source', fails)
        return { splits: new Map(), poll: () => 'end', ready: async () => undefined, close }
      },
    })
  }

  sink(name: string, fails: boolean = false): Sink<number> {
    return defineSink<number, null>({
      kind: 'noted',
      delivery: 'at-least-once',
      open: async () => {
        const close = this.#open(name, fails)
        return { write: () => true, ready: async () => undefined, seal: () => ({ durable: Promise.resolve({ committables: [] }) }), close }
      },
    })
  }

  #open(name: string, fails: boolean): () => Promise<void> {
    if (fails) throw new Error('database is down')
    this.opened.push(name)
    return async () => void this.closed.push(name)
  }

  assertEven(attempts: number): void {
    assert.ok(this.opened.length >= attempts, `${this.opened.length} were opened`)
    assert.deepEqual(this.closed.toSorted(), this.opened.toSorted())
  }
}

const restart = { strategy: 'fixed-delay', attempts: 3, delay: 20 } as const

async function failing(job: Job<void, unknown>, parallelism: number = 1): Promise<StreamError> {
  const life = await new Lab().start(job, checkpointed({}, { restart, parallelism }))
  const error = await life.end()
  assert.ok(StreamError.is(error), String(error))
  assert.deepEqual(
    errorsOf(life.events),
    Array.from({ length: 4 }, () => error.code),
  )
  return error
}

test('a sink that cannot be opened: all that was opened before it is closed, in each attempt', async () => {
  const ledger = new Ledger()
  const error = await failing(
    defineJob('job', (job) => {
      const rows = job.from('rows', ledger.source())
      rows.to('good', ledger.sink('good'))
      rows.to('bad', ledger.sink('bad', true))
    }),
  )
  assert.deepEqual([error.code, error.message], ['SINK', 'sink/bad could not be opened: database is down.'])
  ledger.assertEven(8)
})

test('a source that cannot be opened: writers of the tasks behind it, which were opened before, are closed', async () => {
  const ledger = new Ledger()
  const error = await failing(
    defineJob('job', (job) => {
      job
        .from('rows', ledger.source(true))
        .keyBy((n) => n)
        .reduce('last', (_old, n) => n)
        .to('out', ledger.sink('out'))
    }),
    2,
  )
  assert.deepEqual([error.code, error.message], ['SOURCE', 'source/rows could not be opened: database is down.'])
  ledger.assertEven(8)
})

test('a step whose `open` throws: readers and writers of its task are closed', async () => {
  const ledger = new Ledger()
  const error = await failing(
    defineJob('job', (job) => {
      job
        .from('rows', ledger.source())
        .process<number>('step', {
          open: () => Promise.reject(new Error('no such model')),
          onRecord: (n, _context, out) => out.emit(n),
        })
        .to('out', ledger.sink('out'))
    }),
  )
  assert.equal(error.code, 'USER_CODE')
  ledger.assertEven(8)
})
