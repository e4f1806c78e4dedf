import { check, checkSame, contractCases, type ContractCase } from './contract-case.ts'
import { checkSuiteOptions } from './suite-options.ts'
import { checkDone, makeSinkBench, range, type AnyCommittable, type SinkBench, type SinkSuiteOptions, type Where } from './sink-bench.ts'

/**
 * The contract of sinks with a committer: nothing is seen before its commit, everything once after it, however often commits are
 * offered and whichever process offers them; what no checkpoint names is withdrawn, what belongs to others stays.
 *
 * @throws {INVALID_OPTION} {INVALID_JOB}
 */
export function sinkSuite<T>(options: SinkSuiteOptions<T>): readonly ContractCase[] {
  checkSuiteOptions('sinkSuite', options, ['create', 'value'])
  return contractCases({ ...cases, ...(options.losePower === undefined ? {} : afterPowerLoss) }, options.env, async () => {
    const bench = await makeSinkBench(options)
    check(
      bench.definition.committer !== undefined,
      'this suite is for sinks with a committer: for one that writes at once there is directSinkSuite',
    )
    return bench
  })
}

type SinkCase = (bench: SinkBench) => Promise<void>

const ANOTHER_LOG = '0000000000000002'
const codeOf = (error: unknown): string => String((error as { readonly code?: unknown } | null)?.code ?? error)

const cases: Readonly<Record<string, SinkCase>> = {
  async 'nothing is seen before its commit, everything after'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 10)
    await bench.sees([], 'written')
    const committables = await bench.seal(writer, 1)
    check(committables.length > 0, 'what was written makes at least one committable')
    await bench.sees([], 'sealed and durable')
    await bench.mustCommit(committables)
    await bench.sees(range(0, 10), 'committed')
    await writer.close()
    await bench.sees(range(0, 10), 'closed')
  },

  async 'what is written after seal belongs to the next checkpoint'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 5)
    const first = writer.seal(1, 'checkpoint').durable
    await bench.write(writer, 5, 8)
    const second = writer.seal(2, 'checkpoint').durable
    await bench.write(writer, 8, 9)
    const [one, two] = [(await first).committables, (await second).committables]
    await bench.mustCommit(one.map((data) => ({ checkpoint: 1, epoch: 1, subtask: 0, data })))
    await bench.sees(range(0, 5), 'the first')
    await bench.mustCommit(two.map((data) => ({ checkpoint: 2, epoch: 1, subtask: 0, data })))
    await bench.sees(range(0, 8), 'the second')
    await writer.close()
  },

  async 'a checkpoint without records changes nothing'(bench) {
    const writer = await bench.writer()
    await bench.mustCommit(await bench.seal(writer, 1))
    await bench.write(writer, 0, 3)
    await bench.mustCommit(await bench.seal(writer, 2))
    await bench.mustCommit(await bench.seal(writer, 3))
    await bench.sees(range(0, 3), 'the records of the one that has some')
    await writer.close()
  },

  async 'a commit that is offered again does nothing'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 4)
    const committables = await bench.seal(writer, 1)
    const committer = await bench.committer()
    for (let round = 0; round < 3; round++) for (const outcome of await committer.commit(committables)) checkDone(outcome)
    await bench.sees(range(0, 4), 'by the same committer')
    await writer.close()
    for (let epoch = 2; epoch < 5; epoch++) await bench.mustCommit(committables, { epoch })
    await bench.sees(range(0, 4), 'by committers of later epochs')
  },

  async 'half of the commits, then a restart that offers all'(bench) {
    const writer = await bench.writer()
    const all: AnyCommittable[] = []
    for (let checkpoint = 1; checkpoint <= 6; checkpoint++) {
      await bench.write(writer, checkpoint * 10, checkpoint * 10 + 3)
      all.push(...(await bench.seal(writer, checkpoint)))
    }
    await bench.mustCommit(all.slice(0, 3))
    await bench.mustCommit(all, { epoch: 2 })
    await bench.sees(
      [1, 2, 3, 4, 5, 6].flatMap((checkpoint) => range(checkpoint * 10, checkpoint * 10 + 3)),
      'all once, in the order of the checkpoints',
    )
    await writer.close()
  },

  async 'an aborted checkpoint is committed with the next one'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const aborted = await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    await bench.mustCommit([...aborted, ...(await bench.seal(writer, 2))])
    await bench.sees(range(0, 6), 'both')
    await writer.close()
  },

  async 'subtasks do not get into each other'(bench) {
    const writers = await Promise.all([0, 1].map((subtask) => bench.writer({ subtask })))
    const committables: AnyCommittable[] = []
    for (const [subtask, writer] of writers.entries()) {
      await bench.write(writer, subtask * 10, subtask * 10 + 5)
      committables.push(...(await bench.seal(writer, 1, { subtask })))
    }
    await bench.mustCommit(committables)
    await bench.sees([...range(0, 5), ...range(10, 15)], 'the records of both', 'in any order')
    for (const writer of writers) await writer.close()
  },

  async 'close without seal leaves nothing'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 1_000)
    await writer.close()
    await bench.mustCommit([])
    await bench.sees([], 'never sealed')
  },

  async 'a seal that is under way outlives close'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 1_000)
    const { durable } = writer.seal(1, 'checkpoint')
    await bench.write(writer, 1_000, 1_010)
    await writer.close()
    const { committables } = await durable
    await bench.mustCommit(committables.map((data) => ({ checkpoint: 1, epoch: 1, subtask: 0, data })))
    await bench.sees(range(0, 1_000), 'all that was sealed')
  },

  async 'what no checkpoint names is withdrawn'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    await bench.withdraw({ epoch: 2 })
    await bench.sees([], 'withdrawn')
    const next = await bench.writer({ epoch: 2 })
    await bench.write(next, 6, 9)
    await bench.mustCommit(await bench.seal(next, 2, { epoch: 2 }), { epoch: 2 })
    await bench.sees(range(6, 9), 'what the next epoch wrote')
    await next.close()
  },

  async 'what a checkpoint names is kept'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const first = await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    const second = await bench.seal(writer, 2)
    await bench.mustCommit(first)
    await writer.close()
    const committer = await bench.committer({ epoch: 2 })
    await committer.withdraw([...first, ...second], [])
    for (const outcome of await committer.commit([...first, ...second])) checkDone(outcome)
    await bench.sees(range(0, 6), 'both')
  },

  async 'what was staged under another log of checkpoints stays'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const committables = await bench.seal(writer, 1)
    await bench.write(writer, 3, 6)
    for (const [epoch, isNew] of [
      [1, true],
      [9, true],
      [9, false],
    ] as const) {
      await bench.withdraw({ log: ANOTHER_LOG, epoch, isNew })
    }
    await bench.mustCommit([...committables, ...(await bench.seal(writer, 2))], { epoch: 2 })
    await bench.sees(range(0, 6), 'all of the log whose epochs are lower')
    await writer.close()
  },

  async 'a sink that may not begin beside the output of another log may not at the next start either'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    await bench.mustCommit(await bench.seal(writer, 1))
    await writer.close()
    const answers: string[] = []
    for (let epoch = 1; epoch <= 3; epoch++) {
      answers.push(await bench.withdraw({ log: ANOTHER_LOG, epoch, isNew: true }).then(() => 'begins', codeOf))
      await bench.sees(range(0, 3), 'what was committed stays as it is')
    }
    const answer = answers[0] === 'begins' ? 'begins' : 'OUTPUT_EXISTS'
    checkSame(answers, [answer, answer, answer], 'the same answer at every start')
    // The log that has written it goes on.
    await bench.withdraw({ epoch: 2 })
  },

  async 'what a new writer of a later epoch writes is committed as well'(bench) {
    for (let epoch = 1; epoch <= 3; epoch++) {
      await bench.withdraw({ epoch })
      const writer = await bench.writer({ epoch })
      for (const checkpoint of [2 * epoch - 1, 2 * epoch]) {
        await bench.write(writer, checkpoint * 10, checkpoint * 10 + 3)
        await bench.mustCommit(await bench.seal(writer, checkpoint, { epoch }), { epoch })
      }
      await writer.close()
    }
    await bench.sees(
      [1, 2, 3, 4, 5, 6].flatMap((checkpoint) => range(checkpoint * 10, checkpoint * 10 + 3)),
      'the records of every epoch',
    )
  },

  async 'what a run on another log of checkpoints writes is seen beside it, or refused'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    await bench.mustCommit(await bench.seal(writer, 1))
    await writer.close()
    const at: Where = { log: ANOTHER_LOG, isNew: true }
    if ((await bench.withdraw(at).then(() => 'begins', codeOf)) !== 'begins') return
    const other = await bench.writer(at)
    await bench.write(other, 3, 6)
    await bench.mustCommit(await bench.seal(other, 1, at), at)
    await other.close()
    await bench.sees(range(0, 6), 'the records of both')
  },

  async 'a woken process of an older epoch withdraws nothing of a newer one'(bench) {
    const writer = await bench.writer({ epoch: 5 })
    await bench.write(writer, 0, 3)
    const committables = await bench.seal(writer, 1, { epoch: 5 })
    await bench.write(writer, 3, 6)
    for (const epoch of [4, 5]) {
      await bench.withdraw({ epoch })
    }
    await bench.mustCommit([...committables, ...(await bench.seal(writer, 2, { epoch: 5 }))], { epoch: 5 })
    await bench.sees(range(0, 6), 'all of the newer epoch')
    await writer.close()
  },

  async 'a woken writer of an older epoch changes nothing'(bench) {
    const zombie = await bench.writer({ epoch: 1 })
    await bench.write(zombie, 0, 3)
    const owner = await bench.writer({ epoch: 2 })
    await bench.write(owner, 3, 6)
    const committables = await bench.seal(owner, 1, { epoch: 2 })
    await bench.write(zombie, 6, 9)
    await bench.seal(zombie, 1, { epoch: 1 })
    await bench.mustCommit(committables, { epoch: 2 })
    await bench.write(zombie, 9, 12)
    await bench.seal(zombie, 2, { epoch: 1 })
    await zombie.close()
    await bench.sees(range(3, 6), 'the records of the owner only')
    await owner.close()
  },

  async 'the work of others stays'(bench) {
    const others: Where[] = [{ job: 'suite-2' }, { job: 'sui' }, ...(bench.hasNeighbour ? [{ isNeighbour: true }] : [])]
    const left: { readonly at: Where; readonly committables: AnyCommittable[] }[] = []
    for (const [index, at] of others.entries()) {
      const writer = await bench.writer(at)
      await bench.write(writer, index * 10, index * 10 + 3)
      left.push({ at, committables: await bench.seal(writer, index + 1, at) })
      await writer.close()
    }
    await bench.withdraw({ epoch: 9 })
    for (const { at, committables } of left) await bench.mustCommit(committables, at)
    await bench.sees(
      others.flatMap((_at, index) => range(index * 10, index * 10 + 3)),
      'the records of other jobs and sinks',
      'in any order',
    )
  },

  async 'a writer that is full takes more after ready'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 30_000)
    await bench.mustCommit(await bench.seal(writer, 1))
    await bench.write(writer, 30_000, 30_010)
    await bench.mustCommit(await bench.seal(writer, 2))
    await bench.sees(range(0, 30_010), 'every record once')
    await writer.close()
  },

  async 'a writer that awaits a commit is ready after it'(bench) {
    const writer = await bench.writer()
    let end = 0
    while (writer.awaitsCommit !== true && end < 30_000) await bench.write(writer, end, ++end)
    if (writer.awaitsCommit !== true) return writer.close()
    await bench.write(writer, end, end + 10)
    check(writer.awaitsCommit, 'what was taken although it is full is not sealed yet')
    let isReady = false
    const ready = writer.ready().then(() => (isReady = true))
    const committables = await bench.seal(writer, 1)
    check(!isReady, 'sealed is not committed')
    check(!writer.awaitsCommit, 'all is sealed: another checkpoint would not help')
    await bench.mustCommit(committables)
    await ready
    await bench.write(writer, end + 10, end + 11)
    check(!writer.awaitsCommit, 'there is room again')
    await bench.mustCommit(await bench.seal(writer, 2))
    await bench.sees(range(0, end + 11), 'every record once')
    await writer.close()
  },
}

const afterPowerLoss: Readonly<Record<string, SinkCase>> = {
  async 'what is durable can be committed after a loss of power, what is committed stays'(bench) {
    const writer = await bench.writer()
    await bench.write(writer, 0, 3)
    const first = await bench.seal(writer, 1)
    await bench.mustCommit(first)
    await bench.write(writer, 3, 6)
    const second = await bench.seal(writer, 2)
    await bench.write(writer, 6, 9)
    await bench.losePower()
    await bench.sees(range(0, 3), 'what was committed')
    await bench.mustCommit([...first, ...second], { epoch: 2 })
    const committer = await bench.committer({ epoch: 2 })
    await committer.withdraw([...first, ...second], [])
    await bench.sees(range(0, 6), 'and what was durable')
    await bench.losePower()
    await bench.sees(range(0, 6), 'also after the next loss')
  },
}
