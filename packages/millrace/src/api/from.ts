import { sourceDefinitionOf } from '../connect/contract.ts'
import { durationMs, type Duration } from '../core/duration.ts'
import { StreamError } from '../core/errors.ts'
import { addressOf, shown } from '../plan/ids.ts'
import { checkObject, checkOptionNames, checkPerRecord } from './checks.ts'
import type { Graph, NewNode } from './graph.ts'
import { validatorOf } from './standard-schema.ts'
import { tagId } from './tag.ts'

const OPTIONS = ['timestamp', 'schema', 'invalid', 'outOfOrderness', 'idleness']

/** Adds a source; returns its node. @throws {INVALID_JOB} {INVALID_ID} {INVALID_OPTION} {INVALID_DURATION} {UNKNOWN_TAG} {ASYNC_SCHEMA} {DUPLICATE_ID} */
export function addSource(graph: Graph, id: string, source: unknown, options: unknown = {}): number {
  const address = addressOf('source', id)
  graph.checkOpen(address)
  const definition = sourceDefinitionOf(source)
  if (definition === undefined)
    throw new StreamError(
      'INVALID_JOB',
      `${address} was given ${shown(source)}, which is no source: sources are made by functions such as arraySource(…).`,
    )
  return graph.add({ kind: 'source', address, source: definition, inputs: [], ...sourceOptions(address, options) })
}

type SourceOptions = Pick<
  Extract<NewNode, { kind: 'source' }>,
  'timestamp' | 'validate' | 'invalidTag' | 'outOfOrdernessMs' | 'idlenessMs' | 'tags'
>

function sourceOptions(address: string, options: unknown): SourceOptions {
  checkObject(options, `The options of ${address}`)
  checkOptionNames(options, address, OPTIONS)
  const { timestamp, schema, invalid, outOfOrderness = 0, idleness } = options
  if (timestamp !== undefined) checkPerRecord(timestamp, { what: `timestamp of ${address}` })
  const idlenessMs = idleness === undefined ? undefined : durationMs(idleness as Duration, `idleness of ${address}`)
  if (idlenessMs === 0)
    throw new StreamError('INVALID_OPTION', `idleness of ${address} is 0: it must be longer, or every split would be idle at once.`)
  const invalidTag = invalid === undefined ? undefined : tagId(`invalid of ${address}`, invalid)
  return {
    timestamp: timestamp as SourceOptions['timestamp'],
    validate:
      schema === undefined ? undefined : validatorOf(schema, { owner: address, what: `A record of ${address}`, code: 'INVALID_RECORD' }),
    invalidTag,
    // Whole: watermarks are.
    outOfOrdernessMs: Math.ceil(durationMs(outOfOrderness as Duration, `outOfOrderness of ${address}`)),
    idlenessMs,
    tags: invalidTag === undefined ? [] : [invalidTag],
  }
}
