import { mistake, type Mistake } from './mistake.ts'

/** Barriers, positions, watermarks, and what the coordinator makes of reports. */
export const taskMistakes: readonly Mistake[] = [
  mistake(
    'channels are not held back: barriers do not align',
    'B1',
    'task/aligner.ts',
    'return this.#isHeld[channel] === true',
    'return this.#isHeld[channel] === undefined',
    'sim: crash',
  ),
  mistake(
    'a barrier overtakes records that wait for credits',
    'B1',
    'task/task-core.ts',
    'if (!this.#router.isFlushed()) return false',
    '',
    'host',
  ),
  {
    name: 'a position is taken before its batch is finished',
    like: 'S6, rules 1.13',
    edits: [
      { file: 'task/source-driver.ts', find: 'this.#batch = polled', replace: 'this.#batch = polled\n    split.position = polled.next' },
      {
        file: 'task/task-core.ts',
        find: 'this.#refreshGate() if (this.#gate.isClosed) return false',
        replace:
          'this.#refreshGate()\n    if (this.#barrier !== undefined) return this.#drain(this.#barrier)\n    if (this.#gate.isClosed) return false',
      },
    ],
  },
  mistake(
    'a barrier is taken in the middle of a batch',
    'rules 1.4',
    'task/task-core.ts',
    'this.#refreshGate() if (this.#gate.isClosed) return false',
    'this.#refreshGate()\n    if (this.#barrier !== undefined) return this.#drain(this.#barrier)\n    if (this.#gate.isClosed) return false',
  ),
  mistake(
    'the watermark of several inputs is the greatest',
    'T3, WM-9',
    'task/watermark-combiner.ts',
    'return holding.reduce((least, { watermark }) => Math.min(least, watermark), Number.POSITIVE_INFINITY)',
    'return holding.reduce((most, { watermark }) => Math.max(most, watermark), Number.NEGATIVE_INFINITY)',
  ),
  mistake(
    'a split that was never read does not hold the watermark back',
    'rules 1.13',
    'task/split-table.ts',
    'return this.#heap[0]?.watermark',
    'return this.#heap.find((split) => split.watermark > Number.NEGATIVE_INFINITY)?.watermark',
  ),
  mistake(
    'a report of an aborted checkpoint counts for the next',
    'B5, D9',
    'checkpoint/coordinator.ts',
    '!inFlight(state, event.checkpoint) ||',
    '',
    'protocol: timeout',
  ),
  {
    name: "a stale attempt's report counts",
    like: 'B5, D9',
    edits: [
      {
        file: 'checkpoint/coordinator.ts',
        find: "if ('epoch' in event && event.epoch !== state.options.epoch) return drop(state)",
        replace: '',
      },
      {
        file: 'checkpoint/coordinator.ts',
        find: '!inFlight(state, event.checkpoint) ||',
        replace: '!(inFlight(state, event.checkpoint) || event.epoch < state.options.epoch) ||',
      },
    ],
    cut: 'protocol: attempt',
  },
  mistake(
    'the end of a task is judged by when its report comes',
    'B6, commit b0643df',
    'checkpoint/coordinator.ts',
    'const final = event.report.isFinal ?',
    'const final = state.ended.includes(slot) ?',
  ),
  mistake(
    'what was sealed for an aborted checkpoint is forgotten',
    'K18',
    'task/snapshot-job.ts',
    'this.#isAborted = true',
    'this.#isAborted = true\n    this.#parts.seals.complete(this.checkpoint)',
  ),
  mistake(
    'the task does not wait until its sinks are durable',
    'D1, rules 1.4',
    'task/sink-seals.ts',
    'return seals.settled',
    'return Promise.resolve()',
  ),
  mistake(
    'upstream is told before the checkpoint exists',
    'S5',
    'checkpoint/coordinator.ts',
    "actions: [{ kind: 'store-manifest', manifest }, ...discards]",
    "actions: [{ kind: 'acknowledge-sources', checkpoint: flight.checkpoint, positions: positionsOf(manifest) }, { kind: 'store-manifest', manifest }, ...discards]",
  ),
  mistake(
    'a file that is ready is served before the one that holds the watermark back',
    'rules 1.13',
    'connectors/file-reader.ts',
    'this.#awaited === undefined ? this.#anyReady() : undefined',
    'this.#anyReady()',
    'splits',
  ),
  mistake(
    'what is due in processing time waits while there is input',
    'rules 1.17',
    'task/task-core.ts',
    'this.#work = this.#dueProcessing() ?? this.#takeInput()',
    'this.#work = this.#takeInput() ?? this.#dueProcessing()',
  ),
]
