import { check, checkSame, contractCases, type ContractCase } from './contract-case.ts'
import { makeSinkBench, range, type AnyWriter, type SinkBench, type SinkSuiteOptions, type Where } from './sink-bench.ts'
import { checkSuiteOptions } from './suite-options.ts'

/**
 * The contract of sinks without a committer, which write at once: what was sealed is outside when it is durable, and stays there, whichever
 * process goes on. Of one that calls itself idempotent, what is written again changes nothing. `committed` gives what is outside.
 *
 * @throws {INVALID_OPTION} {INVALID_JOB}
 */
export function directSinkSuite<T>(options: SinkSuiteOptions<T>): readonly ContractCase[] {
  checkSuiteOptions('directSinkSuite', options, ['create', 'value'])
  return contractCases({ ...cases, ...(options.losePower === undefined ? {} : afterPowerLoss) }, options.env, async () => {
    const bench = await makeSinkBench(options)
    const { committer, delivery } = bench.definition
    check(committer === undefined, 'this suite is for sinks without a committer: for others there is sinkSuite')
    check(delivery !== 'exactly-once', "a sink without a committer cannot be exactly-once: 'idempotent' or 'at-least-once'")
    return bench
  })
}

type DirectCase = (bench: SinkBench) => Promise<void>

const cases: Readonly<Record<string, DirectCase>> = {
  async 'what was sealed is outside when it is durable, and stays'(bench) {
    const writer = await bench.writer()
    await sealed(bench, writer, { from: 0, end: 10, checkpoint: 1 })
    await bench.sees(range(0, 10), 'the first', 'in any order')
    await sealed(bench, writer, { from: 10, end: 15, checkpoint: 2 })
    await bench.sees(range(0, 15), 'and the second', 'in any order')
    await bench.write(writer, 15, 18)
    await writer.seal(3, 'end').durable
    await writer.close()
    await bench.sees(range(0, 18), 'all, when it is closed', 'in any order')
  },

  async 'a checkpoint without records changes nothing'(bench) {
    const writer = await bench.writer()
    await sealed(bench, writer, { from: 0, end: 0, checkpoint: 1 })
    await bench.sees([], 'nothing was written')
    await sealed(bench, writer, { from: 0, end: 3, checkpoint: 2 })
    await sealed(bench, writer, { from: 3, end: 3, checkpoint: 3 })
    await bench.sees(range(0, 3), 'the records of the one that has some', 'in any order')
    await writer.close()
  },

  async 'a seal that is under way outlives close'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 100)
    const { durable } = writer.seal(1, 'checkpoint')
    await writer.close()
    await durable
    await bench.sees(range(0, 100), 'all that was sealed', 'in any order')
  },

  async 'subtasks do not get into each other'(bench) {
    const writers = await Promise.all([0, 1].map((subtask) => bench.writer({ subtask })))
    for (const [subtask, writer] of writers.entries()) await bench.write(writer, subtask * 10, subtask * 10 + 5)
    await Promise.all(writers.map((writer) => writer.seal(1, 'checkpoint').durable))
    await bench.sees([...range(0, 5), ...range(10, 15)], 'the records of both', 'in any order')
    for (const writer of writers) await writer.close()
  },

  async 'what a new writer writes is outside as well, of a later epoch or for another log of checkpoints'(bench) {
    const others: Where[] = [{}, { epoch: 2 }, { epoch: 3 }, { log: '0000000000000002', isNew: true }]
    for (const [index, at] of others.entries()) {
      const writer = await bench.writer(at)
      await sealed(bench, writer, { from: index * 10, end: index * 10 + 3, checkpoint: 1 })
      await writer.close()
    }
    await bench.sees(
      others.flatMap((_at, index) => range(index * 10, index * 10 + 3)),
      'the records of every writer',
      'in any order',
    )
  },

  async 'what is written again is there, once if the sink is idempotent'(bench) {
    const first = await bench.writer()
    await sealed(bench, first, { from: 0, end: 10, checkpoint: 1 })
    await sealed(bench, first, { from: 5, end: 10, checkpoint: 2 })
    await bench.write(first, 10, 20)
    const next = await bench.writer({ epoch: 2 })
    await sealed(bench, next, { from: 5, end: 25, checkpoint: 2 })
    await next.close()
    const isExact = bench.definition.delivery === 'idempotent'
    await bench.sees(range(0, 25), isExact ? 'each record once' : 'each record', isExact ? 'in any order' : 'at least')
  },

  async 'a writer that is full takes more after ready'(bench) {
    const writer = await bench.writer()
    await sealed(bench, writer, { from: 0, end: 30_000, checkpoint: 1 })
    await sealed(bench, writer, { from: 30_000, end: 30_010, checkpoint: 2 })
    await bench.sees(range(0, 30_010), 'every record', 'in any order')
    await writer.close()
  },
}

const afterPowerLoss: Readonly<Record<string, DirectCase>> = {
  async 'what is durable survives a loss of power'(bench) {
    const writer = await bench.writer()
    await sealed(bench, writer, { from: 0, end: 10, checkpoint: 1 })
    await bench.losePower()
    await bench.sees(range(0, 10), 'what was sealed', 'in any order')
  },
}

/** Written and durable. A committable would be given to nobody. */
async function sealed(
  bench: SinkBench,
  writer: AnyWriter,
  { from, end, checkpoint }: { readonly from: number; readonly end: number; readonly checkpoint: number },
): Promise<void> {
  await bench.write(writer, from, end)
  checkSame(await bench.seal(writer, checkpoint), [], 'committables of a sink that has nobody to commit them')
}
