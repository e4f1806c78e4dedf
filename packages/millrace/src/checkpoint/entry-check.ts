/** What a decoded entry must look like (rule E3). Builds it anew from the fields that are known, so nothing else comes along. */
import type { Plain } from '../connect/contract.ts'
import type { ProcessIdentity } from '../core/env.ts'
import { boolean, fields, integer, list, number, oneOf, plain, record, refuse, ShapeError, text, type Check } from './check.ts'
import { CHUNK_NAME } from './chunk-name.ts'
import { coversAllGroups, FIRST_ENTRY, MANIFEST_FORMAT } from './manifest.ts'
import type {
  ChunkRef,
  Entry,
  EntryHead,
  GroupWatermark,
  KeyedPart,
  Manifest,
  OperatorPart,
  Run,
  SinkPart,
  SourcePart,
  SplitState,
  StoredCommittable,
  StoredDeclaration,
} from './manifest.ts'

export { ShapeError }

/** Intact, but of another version: nothing else of it can be looked at. */
export class OtherFormat extends Error {
  readonly found: number

  constructor(found: number) {
    super(`its manifest has format ${found}`)
    this.found = found
  }
}

const MAX_TEXT = 65_536
/** Sinks put it into names of files. */
const LOG_ID = /^[A-Za-z0-9-]+$/
const count: Check<number> = integer(0)
const words: Check<string> = text(MAX_TEXT)
const chunkName: Check<string> = text(200, CHUNK_NAME)

/** @throws {ShapeError} saying which field is not as it may be */
export function checkEntry(value: unknown, at: number): Entry {
  const of = fields(value, 'the entry')
  const kind = oneOf('claim', 'checkpoint', 'release', 'finished')(of['kind'], 'kind')
  const head = checkHead(of, at, kind)
  switch (kind) {
    case 'claim':
      return {
        kind,
        ...head,
        owner: checkIdentity(of['owner']),
        token: words(of['token'], 'token'),
        leaseMs: number(of['leaseMs'], 'leaseMs'),
      }
    case 'checkpoint': {
      const manifest = checkManifest(of['manifest'])
      if (manifest.job !== head.job || manifest.epoch !== head.epoch) refuse('manifest', 'is of another job or epoch than its entry')
      if (manifest.checkpoint !== head.checkpointFloor) refuse('checkpointFloor', 'is not the id of the checkpoint')
      return { kind, ...head, manifest }
    }
    case 'release':
      return { kind, ...head }
    case 'finished':
      return { kind, ...head, checkpoint: count(of['checkpoint'], 'checkpoint') }
  }
}

function checkHead(of: Readonly<Record<string, unknown>>, at: number, kind: Entry['kind']): EntryHead {
  const kept = list(integer(FIRST_ENTRY, at - 1))(of['kept'], 'kept')
  if (kept.some((entry, i) => i > 0 && entry <= (kept[i - 1] as number))) refuse('kept', 'is not ascending')
  const claim = integer(FIRST_ENTRY, at)(of['claim'], 'claim')
  if (kind === 'claim' ? claim !== at : !kept.includes(claim)) refuse('claim', 'is not among the kept entries')
  const latest = of['latest'] === null ? null : integer(FIRST_ENTRY, at)(of['latest'], 'latest')
  if (kind === 'checkpoint' ? latest !== at : latest !== null && !kept.includes(latest)) refuse('latest', 'is not among the kept entries')
  return {
    job: words(of['job'], 'job'),
    log: text(64, LOG_ID)(of['log'], 'log'),
    epoch: count(of['epoch'], 'epoch'),
    claim,
    latest,
    kept,
    checkpointFloor: integer(-1)(of['checkpointFloor'], 'checkpointFloor'),
  }
}

function checkIdentity(value: unknown): ProcessIdentity {
  const of = fields(value, 'owner')
  return {
    boot: words(of['boot'], 'owner.boot'),
    namespace: words(of['namespace'], 'owner.namespace'),
    pid: count(of['pid'], 'owner.pid'),
    startedAt: words(of['startedAt'], 'owner.startedAt'),
  }
}

function checkManifest(value: unknown): Manifest {
  const of = fields(value, 'manifest')
  const format = count(of['format'], 'manifest.format')
  if (format !== MANIFEST_FORMAT) throw new OtherFormat(format)
  const keyGroups = integer(1, 32_768)(of['keyGroups'], 'manifest.keyGroups')
  const chunks = list(checkChunk)(of['chunks'], 'manifest.chunks')
  const names = new Set(chunks.map((chunk) => chunk.name))
  if (names.size !== chunks.length) refuse('manifest.chunks', 'names a chunk twice')
  return {
    format: MANIFEST_FORMAT,
    job: words(of['job'], 'manifest.job'),
    checkpoint: count(of['checkpoint'], 'manifest.checkpoint'),
    epoch: count(of['epoch'], 'manifest.epoch'),
    createdAtMs: number(of['createdAtMs'], 'manifest.createdAtMs'),
    reason: oneOf('first', 'periodic', 'stop', 'end')(of['reason'], 'manifest.reason'),
    keyGroups,
    planHash: words(of['planHash'], 'manifest.planHash'),
    chunks,
    operators: record((part, path) => checkPart(part, path, { keyGroups, names }))(of['operators'], 'operators'),
  }
}

function checkChunk(value: unknown, path: string): ChunkRef {
  const of = fields(value, path)
  return {
    name: chunkName(of['name'], `${path}.name`),
    sizeBytes: count(of['sizeBytes'], `${path}.sizeBytes`),
    sha256: text(64, /^[0-9a-f]{64}$/)(of['sha256'], `${path}.sha256`),
  }
}

interface Around {
  readonly keyGroups: number
  /** Chunks that the manifest lists. */
  readonly names: ReadonlySet<string>
}

function checkPart(value: unknown, path: string, around: Around): OperatorPart {
  const of = fields(value, path)
  const kind = oneOf('keyed', 'source', 'sink')(of['kind'], `${path}.kind`)
  if (kind === 'keyed') return checkKeyed(of, path, around)
  return kind === 'source' ? checkSource(of, path) : checkSink(of, path)
}

function checkKeyed(of: Readonly<Record<string, unknown>>, path: string, around: Around): KeyedPart {
  const watermarks = list((value, at): GroupWatermark => {
    const range = fields(value, at)
    return { ...checkRange(range, at, around.keyGroups), watermark: number(range['watermark'], `${at}.watermark`) }
  })(of['watermarks'], `${path}.watermarks`)
  if (!coversAllGroups(watermarks, around.keyGroups)) refuse(`${path}.watermarks`, 'do not cover each key group once')
  return {
    kind: 'keyed',
    states: record(checkDeclaration)(of['states'], `${path}.states`),
    runs: list((value, at) => checkRun(value, at, around))(of['runs'], `${path}.runs`),
    watermarks,
  }
}

function checkRange(
  of: Readonly<Record<string, unknown>>,
  path: string,
  keyGroups: number,
): { readonly first: number; readonly last: number } {
  const first = integer(0, keyGroups - 1)(of['first'], `${path}.first`)
  return { first, last: integer(first, keyGroups - 1)(of['last'], `${path}.last`) }
}

function checkRun(value: unknown, path: string, around: Around): Run {
  const of = fields(value, path)
  const chunk = chunkName(of['chunk'], `${path}.chunk`)
  if (!around.names.has(chunk)) refuse(`${path}.chunk`, 'is not among the chunks of the manifest')
  return {
    chunk,
    ...checkRange(of, path, around.keyGroups),
    bytes: count(of['bytes'], `${path}.bytes`),
    entries: count(of['entries'], `${path}.entries`),
    level: of['level'] === 'base' ? 'base' : integer(0, 64)(of['level'], `${path}.level`),
    ...(of['ignored'] === undefined ? {} : { ignored: list(words)(of['ignored'], `${path}.ignored`) }),
  }
}

function checkDeclaration(value: unknown, path: string): StoredDeclaration {
  const of = fields(value, path)
  const ttl = of['ttl'] === undefined ? undefined : fields(of['ttl'], `${path}.ttl`)
  return {
    kind: oneOf('value', 'list', 'map', 'accumulator', 'timer', 'timers')(of['kind'], `${path}.kind`),
    ...(of['layout'] === undefined ? {} : { layout: words(of['layout'], `${path}.layout`) }),
    ...(of['domain'] === undefined ? {} : { domain: oneOf('event', 'processing')(of['domain'], `${path}.domain`) }),
    ...(of['aggregate'] === undefined ? {} : { aggregate: words(of['aggregate'], `${path}.aggregate`) }),
    ...(ttl === undefined ? {} : { ttl: checkTtl(ttl, `${path}.ttl`) }),
    version: number(of['version'], `${path}.version`),
  }
}

function checkTtl(of: Readonly<Record<string, unknown>>, path: string): NonNullable<StoredDeclaration['ttl']> {
  return {
    afterMs: number(of['afterMs'], `${path}.afterMs`),
    refreshOn: oneOf('write', 'read-and-write')(of['refreshOn'], `${path}.refreshOn`),
    expired: oneOf('never-returned', 'until-cleaned')(of['expired'], `${path}.expired`),
  }
}

function checkSource(of: Readonly<Record<string, unknown>>, path: string): SourcePart {
  const checkSplit = (value: unknown, at: string): SplitState => {
    const split = fields(value, at)
    return {
      position: plain(split['position'], `${at}.position`),
      maxTimestamp: number(split['maxTimestamp'], `${at}.maxTimestamp`),
      ended: boolean(split['ended'], `${at}.ended`),
      ...(split['watermark'] === undefined ? {} : { watermark: number(split['watermark'], `${at}.watermark`) }),
    }
  }
  return { kind: 'source', splits: record(checkSplit)(of['splits'], `${path}.splits`) }
}

function checkSink(of: Readonly<Record<string, unknown>>, path: string): SinkPart {
  const checkCommittable = (value: unknown, at: string): StoredCommittable => {
    const committable = fields(value, at)
    return {
      checkpoint: count(committable['checkpoint'], `${at}.checkpoint`),
      epoch: count(committable['epoch'], `${at}.epoch`),
      subtask: count(committable['subtask'], `${at}.subtask`),
      data: plain(committable['data'], `${at}.data`),
    }
  }
  return {
    kind: 'sink',
    committables: list(checkCommittable)(of['committables'], `${path}.committables`),
    writerStates: list<Plain>((state, at) => plain(state, at))(of['writerStates'], `${path}.writerStates`),
  }
}
