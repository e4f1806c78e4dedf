/** A file sink whose writer or committer strikes. */
import { sinkDefinitionOf } from '../../packages/millrace/src/connect/contract.ts'
import { defineSink, type Committer, type Plain, type Sink, type SinkDefinition, type Writer } from '../../packages/millrace/src/connect.ts'
import { rowOf } from './places.ts'
import type { Strike } from './strikes.ts'

const NO_ROW = rowOf(0, 0)
type Definition<T> = SinkDefinition<T, Plain, Plain>

export interface SinkStrikes {
  readonly open: Strike
  readonly write: Strike
  readonly seal: Strike
  readonly close: Strike
  readonly commit: Strike
  readonly openCommitter: Strike
  readonly withdraw: Strike
  readonly closeCommitter: Strike
}

export function striking<T>(sink: Sink<T>, strikes: SinkStrikes): Sink<T> {
  const definition = sinkDefinitionOf(sink) as Definition<T>
  return defineSink<T, Plain, Plain>({
    ...definition,
    open: async (context, restored) => {
      await strikes.open(NO_ROW)
      return writerOf(await definition.open(context, restored), strikes)
    },
    committer: async (context) => {
      await strikes.openCommitter(NO_ROW)
      return committerOf(await (definition.committer as NonNullable<Definition<T>['committer']>)(context), strikes)
    },
  })
}

function writerOf<T>(writer: Writer<T, Plain, Plain>, strikes: SinkStrikes): Writer<T, Plain, Plain> {
  let odd: Promise<never> | undefined
  return {
    write(value, timestamp) {
      const hasRoom = writer.write(value, timestamp)
      odd ??= strikes.write(value)
      return hasRoom && odd === undefined
    },
    ready: () => odd ?? writer.ready(),
    seal(checkpoint, reason) {
      const sealed = writer.seal(checkpoint, reason)
      const own = strikes.seal(NO_ROW)
      return own === undefined ? sealed : { ...sealed, durable: own }
    },
    close: async () => {
      await writer.close()
      await strikes.close(NO_ROW)
    },
  }
}

function committerOf(committer: Committer<Plain, Plain>, strikes: SinkStrikes): Committer<Plain, Plain> {
  return {
    async commit(committables) {
      await strikes.commit(committables)
      return committer.commit(committables)
    },
    async withdraw(kept, open) {
      await strikes.withdraw(kept)
      await committer.withdraw(kept, open)
    },
    async close() {
      await committer.close()
      await strikes.closeCommitter(NO_ROW)
    },
  }
}
