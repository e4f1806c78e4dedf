/** The suites for sinks themselves: sinks that break a rule of the contract are found out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  defineSink,
  type Committer,
  type Plain,
  type Sealed,
  type SinkContext,
  type SinkDefinition,
  type Writer,
} from '../connect/contract.ts'
import { nodeEnv } from '../env/node-env.ts'
import { virtualEnv } from '../simulate/virtual-env.ts'
import { ContractViolation, type ContractCase } from './contract-case.ts'
import { directSinkSuite } from './direct-sink-suite.ts'
import type { SinkUnderTest } from './sink-bench.ts'
import { sinkSuite } from './sink-suite.ts'

type Staged = { readonly marker: string; readonly rows: readonly number[] }
/** Of the committable `count` of a writer. */
type Marker = (context: SinkContext, count: number, checkpoint: number) => string

/** Rows and a marker are one transaction, as in docs/writing-connectors.md. */
function ledgerSink(markerOf: (context: SinkContext) => (count: number, checkpoint: number) => string): SinkUnderTest<number> {
  const rows: number[] = []
  const markers = new Set<string>()
  const committer: Committer<Staged> = {
    commit: async (committables) =>
      committables.map(({ data }) => {
        if (markers.has(data.marker)) return { kind: 'already-committed' as const }
        markers.add(data.marker)
        rows.push(...data.rows)
        return { kind: 'committed' as const }
      }),
    withdraw: async () => {},
    close: async () => {},
  }
  const sink = defineSink<number, Staged>({
    kind: 'ledger',
    delivery: 'exactly-once',
    open: async (context) => ledgerWriter(markerOf(context)),
    committer: async () => committer,
  })
  return { sink, committed: () => rows }
}

function ledgerWriter(markerOf: (count: number, checkpoint: number) => string): Writer<number, Staged> {
  let rows: number[] = []
  let count = 0
  return {
    write: (row) => rows.push(row) > 0,
    ready: async () => {},
    seal: (checkpoint) => {
      const staged = { marker: markerOf(count++, checkpoint), rows }
      rows = []
      return { durable: Promise.resolve({ committables: staged.rows.length === 0 ? [] : [staged] }) }
    },
    close: async () => {},
  }
}

/** The names of the cases that find it out. */
async function foundBy(suite: readonly ContractCase[]): Promise<string[]> {
  const found: string[] = []
  for (const { name, run } of suite) {
    try {
      await run()
    } catch (error) {
      assert.ok(error instanceof ContractViolation, String(error))
      found.push(name)
    }
  }
  return found
}

const suiteOf = (create: () => SinkUnderTest<number>): readonly ContractCase[] =>
  sinkSuite({ env: nodeEnv(), value: (index) => index, create })
const marked = (marker: Marker): Promise<string[]> =>
  foundBy(suiteOf(() => ledgerSink((context) => (count, checkpoint) => marker(context, count, checkpoint))))

const LATER = 'what a new writer of a later epoch writes is committed as well'
const OTHER_LOG = 'what a run on another log of checkpoints writes is seen beside it, or refused'
const SUBTASKS = 'subtasks do not get into each other'

test('the suite passes a sink whose markers are of one writer and no other', async () => {
  const random = (): readonly ContractCase[] =>
    suiteOf(() =>
      ledgerSink(({ env }) => {
        const id = env.random.id()
        return (count) => `${id}-${count}`
      }),
    )
  assert.deepEqual(await foundBy(random()), [])
  assert.deepEqual(await marked(({ log, job, sink, subtask }, _count, checkpoint) => `${log}/${job}/${sink}/${subtask}/${checkpoint}`), [])
})

test('a sink that counts its commits anew in each writer loses rows after a restart: the suite fails', async () => {
  assert.deepEqual(await marked(({ log, job, sink, subtask }, count) => `${log}/${job}/${sink}/${subtask}/${count}`), [LATER])
  assert.deepEqual(await marked(({ job, sink, subtask }, count) => `${job}/${sink}/${subtask}/${count}`), [LATER, OTHER_LOG])
})

test('a sink that forgets the log loses rows of a run on other checkpoints: the suite fails', async () => {
  assert.deepEqual(await marked(({ job, sink, subtask }, _count, checkpoint) => `${job}/${sink}/${subtask}/${checkpoint}`), [OTHER_LOG])
})

test('a sink that forgets the subtask: the suite fails', async () => {
  assert.deepEqual(await marked(({ log, job, sink }, _count, checkpoint) => `${log}/${job}/${sink}/${checkpoint}`), [SUBTASKS])
})

test('what never resolves is found by the name of its case, and does not hang', async () => {
  const never = new Promise<never>(() => {})
  const { machine } = virtualEnv({ seed: 1 })
  const env = machine.start()
  const durable: Promise<Sealed<never, null>> = never
  const sink = defineSink<number, never>({
    kind: 'never',
    delivery: 'at-least-once',
    open: async () => ({ write: () => true, ready: () => never, seal: () => ({ durable }), close: async () => {} }),
  })
  const [first] = directSinkSuite({ env, value: (index) => index, create: () => ({ sink, committed: (): number[] => [] }) })
  await assert.rejects(
    machine.run((first as ContractCase).run()),
    /'what was sealed is outside when it is durable, and stays' has not ended in 60 seconds: .* such as that of ready\(\) or durable/,
  )
})

interface Mistake {
  readonly delivery?: SinkDefinition<number, Plain>['delivery']
  /** Rows are outside some time after durable. */
  readonly isLazy?: true
  /** What is written again is there twice. */
  readonly isDoubling?: true
  /** A writer thinks that all of its place is its own. */
  readonly isClearing?: true
  /** What is written goes into committables, and there is nobody to commit them. */
  readonly isStaging?: true
}

/** An upsert, or what is meant to be one. */
function directSink({ delivery = 'idempotent', ...mistake }: Mistake): SinkUnderTest<number> {
  const outside: number[] = []
  const known = new Set<number>()
  const put = (rows: readonly number[]): void => {
    outside.push(...rows.filter((row) => mistake.isDoubling === true || !known.has(row)))
    for (const row of rows) known.add(row)
  }
  const sink = defineSink<number, number[]>({
    kind: 'direct',
    delivery,
    open: async () => {
      if (mistake.isClearing === true) outside.length = 0
      let rows: number[] = []
      return {
        write: (row) => rows.push(row) > 0,
        ready: async () => {},
        seal: () => {
          const sealed = rows
          rows = []
          if (mistake.isLazy === true) setImmediate(() => put(sealed))
          else put(sealed)
          return { durable: Promise.resolve({ committables: mistake.isStaging === true ? [sealed] : [] }) }
        },
        close: async () => {},
      }
    },
  })
  return { sink, committed: () => outside }
}

test('a sink without a committer has a suite of its own, which finds its mistakes', async () => {
  const broken = (mistake: Mistake): Promise<string[]> =>
    foundBy(directSinkSuite({ env: nodeEnv(), value: (index) => index, create: () => directSink(mistake) }))
  assert.deepEqual(await broken({}), [])
  assert.deepEqual(await broken({ delivery: 'at-least-once', isDoubling: true }), [])
  const all = directSinkSuite({ env: nodeEnv(), value: (index) => index, create: () => directSink({}) }).map(({ name }) => name)
  assert.deepEqual(await broken({ delivery: 'exactly-once' }), all)
  assert.deepEqual(
    await broken({ isStaging: true }),
    all.filter((name) => !/under way|subtasks/.test(name)),
  )
  assert.deepEqual(await broken({ isDoubling: true }), ['what is written again is there, once if the sink is idempotent'])
  const later = await broken({ isClearing: true })
  assert.ok(later.includes('what a new writer writes is outside as well, of a later epoch or for another log of checkpoints'), later.join())
  const lazy = await broken({ isLazy: true })
  assert.ok(lazy.includes('what was sealed is outside when it is durable, and stays'), lazy.join())
})

test('each of the two suites names the other one', async () => {
  const committing = suiteOf(() => directSink({}))
  await assert.rejects((committing[0] as ContractCase).run(), /for one that writes at once there is directSinkSuite/)
  const direct = directSinkSuite({ env: nodeEnv(), value: (index) => index, create: () => ledgerSink(() => () => 'x') })
  await assert.rejects((direct[0] as ContractCase).run(), /for others there is sinkSuite/)
})

test('values of which two are equal would hide what is lost: every case that writes two fails', async () => {
  const constant = sinkSuite({
    env: nodeEnv(),
    value: () => 1,
    create: () =>
      ledgerSink(
        ({ log }) =>
          (count) =>
            `${log} ${count}`,
      ),
  })
  for (const { run } of constant)
    await assert.rejects(run(), {
      code: 'CONTRACT',
      message: /^value\(index\) gives values of which no two are equal: \d+ and \d+ both give 1 as JSON$/,
    })
  const direct = directSinkSuite({ env: nodeEnv(), value: (index) => Math.floor(index / 2), create: () => directSink({}) })
  await assert.rejects((direct[0] as ContractCase).run(), /0 and 1 both give 0/)
})
