/** A file sink whose writer or committer strikes. */
import { sinkDefinitionOf } from '../../packages/millrace/src/connect/contract.ts'
import { defineSink, type Committer, type Plain, type Sink, type SinkDefinition, type Writer } from '../../packages/millrace/src/connect.ts'
import { rowOf } from './places.ts'
import type { Strike } from './source.ts'

const NO_ROW = rowOf(0, 0)
type Definition<T> = SinkDefinition<T, Plain, Plain>

export interface SinkStrikes {
  readonly open: Strike
  readonly write: Strike
  readonly seal: Strike
  readonly commit: Strike
}

export function striking<T>(sink: Sink<T>, strikes: SinkStrikes): Sink<T> {
  const definition = sinkDefinitionOf(sink) as Definition<T>
  return defineSink<T, Plain, Plain>({
    ...definition,
    open: async (context, restored) => {
      await strikes.open(NO_ROW)
      return writerOf(await definition.open(context, restored), strikes)
    },
    committer: async (context) =>
      committerOf(await (definition.committer as NonNullable<Definition<T>['committer']>)(context), strikes.commit),
  })
}

function writerOf<T>(writer: Writer<T, Plain, Plain>, strikes: SinkStrikes): Writer<T, Plain, Plain> {
  let odd: Promise<never> | undefined
  return {
    write(value, timestamp) {
      const hasRoom = writer.write(value, timestamp)
      odd ??= strikes.write(value as never)
      return hasRoom && odd === undefined
    },
    ready: () => odd ?? writer.ready(),
    seal(checkpoint, reason) {
      const sealed = writer.seal(checkpoint, reason)
      const own = strikes.seal(NO_ROW)
      return own === undefined ? sealed : { ...sealed, durable: own }
    },
    close: () => writer.close(),
  }
}

function committerOf(committer: Committer<Plain, Plain>, strike: Strike): Committer<Plain, Plain> {
  return {
    async commit(committables) {
      await strike(committables as never)
      return committer.commit(committables)
    },
    withdraw: (kept, open) => committer.withdraw(kept, open),
    close: () => committer.close(),
  }
}
