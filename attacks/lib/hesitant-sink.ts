/**
 * A sink that is full now and then, by turns of its own: tasks of one step get out of step, channels run out of credits in the
 * middle of a batch, and barriers come to one channel long before they come to the other.
 */
import { sinkDefinitionOf } from '../../packages/millrace/src/connect/contract.ts'
import {
  defineSink,
  type Plain,
  type Sink,
  type SinkContext,
  type SinkDefinition,
  type Writer,
} from '../../packages/millrace/src/connect.ts'
import { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'

type Definition<T> = SinkDefinition<T, Plain, Plain>
const LONGEST_PAUSE_MS = 40

/** Some of its writers are never full, others with every third record. */
export function hesitantSink<T>(sink: Sink<T>, seed: number): Sink<T> {
  const definition = sinkDefinitionOf(sink) as Definition<T>
  return defineSink<T, Plain, Plain>({
    ...definition,
    open: async (context, restored) => hesitant(await definition.open(context, restored), context, seed),
  })
}

function hesitant<T>(writer: Writer<T, Plain, Plain>, context: SinkContext, seed: number): Writer<T, Plain, Plain> {
  const { env, sink, subtask, epoch } = context
  const random = new SeededRandom(seed, `hesitant ${sink} ${subtask} ${epoch}`)
  const probability = random.pick([0, 0, 0.03, 0.3])
  let isFull = false
  return {
    write(value, timestamp) {
      const hasRoom = writer.write(value, timestamp)
      isFull = random.chance(probability)
      return hasRoom && !isFull
    },
    async ready() {
      const share = isFull ? random.next() : 0
      const pauseMs = LONGEST_PAUSE_MS * share * share
      isFull = false
      await Promise.all([writer.ready(), new Promise<void>((resolve) => void env.timers.after(pauseMs, resolve))])
    },
    seal: (checkpoint, reason) => writer.seal(checkpoint, reason),
    close: () => writer.close(),
  }
}
