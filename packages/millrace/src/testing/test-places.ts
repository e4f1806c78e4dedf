/** Which source or output is meant by a stream or an id. */
import { StreamError } from '../core/errors.ts'
import { suggestionFor } from '../core/suggest.ts'
import { outputText } from '../plan/check-plan.ts'
import { shown } from '../plan/ids.ts'
import type { SourceNode } from '../plan/nodes.ts'
import type { TestInput } from './test-input.ts'
import type { TestOutput } from './test-output.ts'
import type { TestLife } from './test-process.ts'
import type { TestWorld } from './test-world.ts'

interface Known {
  /** Of the streams that the factory returned. */
  readonly names: ReadonlyMap<unknown, string>
  readonly life: Pick<TestLife, 'sources' | 'addresses' | 'job'>
}

/** @throws {TEST_STREAM} */
export function inputOf(of: unknown, { names, life, edges }: Known & { readonly edges: TestLife['handles'] }): SourceNode {
  const { sources, addresses, job } = life
  if (typeof of === 'string') {
    const found = sources.find(({ address }) => address === `source/${of}` || address === of)
    if (found !== undefined) return found
    throw unknownId(of, { job, kind: 'source', ids: idsOf(addresses, 'source'), names })
  }
  const name = nameOf(of, { names, life })
  const outputs = edges[name]?.outputs ?? []
  const from = outputs.map((edge) => outputText(addresses[edge.from] as string, edge.output))
  const source = sources.find(({ address }) => from.length === 1 && from[0] === address)
  if (source !== undefined) return source
  throw new StreamError(
    'TEST_STREAM',
    `The stream '${name}' of the job '${job}' comes from ${from.join(' and ')}, which is no source: feed the stream that from() gave, or a source by its id: ${idsOf(addresses, 'source').join(', ')}.`,
  )
}

/** @throws {TEST_STREAM} */
export function outputOf(of: unknown, { names, life, world }: Known & { readonly world: TestWorld }): TestOutput {
  if (typeof of === 'string') {
    const found = world.sinks.get(`sink/${of}`) ?? world.sinks.get(of)
    if (found !== undefined) return found
    throw unknownId(of, { job: life.job, kind: 'sink', ids: idsOf(life.addresses, 'sink'), names })
  }
  return world.taps.get(nameOf(of, { names, life })) as TestOutput
}

/** @throws {TEST_STREAM} */
export function splitOf({ splits, address }: TestInput, split: string | undefined): string {
  if (split === undefined) return splits[0] as string
  if (splits.includes(split)) return split
  throw new StreamError(
    'TEST_STREAM',
    `${address} has no split '${split}' in this test: it has ${splits.join(', ')}. Name its splits in the options: { splits: { ${address.slice('source/'.length)}: ['${split}', …] } }.`,
  )
}

function nameOf(of: unknown, { names, life: { job } }: Known): string {
  const name = names.get(of)
  if (name !== undefined) return name
  const there = [...names.values()]
  const returned =
    there.length === 0 ? 'Its factory returns no streams' : `Its factory returns ${there.join(', ')}: take them from t.streams`
  throw new StreamError(
    'TEST_STREAM',
    `${shown(of)} is no stream that the factory of the job '${job}' returned, or one of another job or test. ${returned}, or name a source or sink by its id.`,
  )
}

function unknownId(
  id: string,
  { job, kind, ids, names }: Pick<Known, 'names'> & { readonly job: string; readonly kind: string; readonly ids: readonly string[] },
): StreamError {
  const near = suggestionFor(id, ids)
  const known = ids.length === 0 ? 'it has none.' : near === undefined ? `there are ${ids.join(', ')}.` : `did you mean '${near}'?`
  const returned = [...names.values()].includes(id) ? ` A stream that the factory returns is taken from t.streams: t.streams.${id}.` : ''
  return new StreamError('TEST_STREAM', `The job '${job}' has no ${kind} '${id}': ${known}${returned}`)
}

function idsOf(addresses: readonly string[], kind: 'source' | 'sink'): string[] {
  return addresses.flatMap((address) => (address.startsWith(`${kind}/`) ? [address.slice(kind.length + 1)] : []))
}
