/** A file sink whose writer or committer strikes. */
import { sinkDefinitionOf } from '../../packages/millrace/src/connect/contract.ts'
import { defineSink, type Committer, type Plain, type Sink, type SinkDefinition, type Writer } from '../../packages/millrace/src/connect.ts'
import type { Strike } from './source.ts'

type Definition<T> = SinkDefinition<T, Plain, Plain>

export function striking<T>(sink: Sink<T>, write: Strike, commit: Strike): Sink<T> {
  const definition = sinkDefinitionOf(sink) as Definition<T>
  return defineSink<T, Plain, Plain>({
    ...definition,
    open: async (context, restored) => writerOf(await definition.open(context, restored), write),
    committer: async (context) => committerOf(await (definition.committer as NonNullable<Definition<T>['committer']>)(context), commit),
  })
}

function writerOf<T>(writer: Writer<T, Plain, Plain>, strike: Strike): Writer<T, Plain, Plain> {
  let odd: Promise<never> | undefined
  return {
    write(value, timestamp) {
      const hasRoom = writer.write(value, timestamp)
      odd ??= strike(value as never)
      return hasRoom && odd === undefined
    },
    ready: () => odd ?? writer.ready(),
    seal: (checkpoint, reason) => writer.seal(checkpoint, reason),
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
