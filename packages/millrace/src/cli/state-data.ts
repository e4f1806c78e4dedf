import type { KeyedPart, Manifest } from '../checkpoint/manifest.ts'
import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'
import { suggestionFor } from '../core/suggest.ts'
import { ChunkReader } from '../runtime/chunk-reader.ts'
import { ByteWriter } from '../serde/bytes.ts'
import { encodeKey, keyGroupOfKey, type Key } from '../serde/key.ts'
import { stateReports, sumOf, type StateReport } from './inspect-data.ts'
import { keyArgument, kindOfKey, similarKeys } from './key-argument.ts'
import { keyOfText, KeyView, type KeyContent } from './key-view.ts'
import { blocksOfRun, type StateFiles } from './run-blocks.ts'
import { GroupCount, type StateCount } from './state-count.ts'
import type { OpenedCheckpoint } from './stored-checkpoint.ts'
import { valueText } from './value-text.ts'
import { windowOfKey, windowsReport, type WindowSpan, type WindowsReport } from './window-view.ts'

interface Place {
  readonly job: string
  readonly checkpoint: number
  readonly createdAtMs: number
  /** Address. */
  readonly step: string
}
/** What a step keeps for one key. */
export interface KeyReport extends Place {
  readonly key: Key
  readonly group: number
  /** That event timers of the key's group wait for. */
  readonly watermark: number
  /** All that are declared, each with what it has: several where there are windows, none where it is empty. */
  readonly states: readonly (Pick<StateReport, 'name' | 'kind' | 'version' | 'ttlMs'> & { readonly contents: readonly ContentReport[] })[]
  /** Of a step with windows: its layout in words. */
  readonly windows?: string
}
export interface ContentReport {
  readonly content: KeyContent['content']
  /** Of a step with windows, other than count windows. */
  readonly window?: WindowSpan
}
/** What a step keeps in all. */
export interface StepReport extends Place {
  readonly keys: number
  readonly watermarks: KeyedPart['watermarks']
  readonly states: readonly StateReport[]
  /** Of a step with windows. */
  readonly windows?: WindowsReport
  /** Those that take most room, the largest first. */
  readonly largest: readonly KeySize[]
}
export interface KeySize {
  readonly key: Key
  readonly group: number
  /** Names of the states that have something. */
  readonly states: readonly string[]
  readonly entries: number
  /** As stored. */
  readonly bytes: number
}

/** Key groups whose blocks are in memory at a time. */
const GROUPS_AT_ONCE = 16

/** The keyed part of a step, found by address or id. */
export class StoredStep {
  readonly address: string
  readonly #part: KeyedPart
  readonly #files: StateFiles
  readonly #place: Place

  /** @throws {STATE_NOT_FOUND} */
  constructor(env: Env, { log, stored }: OpenedCheckpoint, step: string) {
    const { manifest } = stored
    this.address = addressOf(manifest, step)
    this.#part = manifest.operators[this.address] as KeyedPart
    this.#files = { manifest, chunks: new ChunkReader(log.storage, env), log }
    const { job, checkpoint, createdAtMs } = manifest
    this.#place = { job, checkpoint, createdAtMs, step: this.address }
  }

  /**
   * @param text the key as it was typed
   * @throws {STATE_NOT_FOUND} {CHECKPOINT_CORRUPT}
   */
  async ofKey(key: Key, text: string): Promise<KeyReport> {
    const contents = await this.#contentsOf(key)
    if (contents.length === 0) throw await this.#noKey(key, text)
    const group = this.#groupOf(key)
    const watermark = this.#part.watermarks.find(({ first, last }) => first <= group && group <= last)?.watermark
    const windowOf = windowOfKey(this.#part, contents)
    const layout = windowsReport(this.#part, new Map(), new Set())?.layout
    return {
      ...this.#place,
      key,
      group,
      ...(layout === undefined ? {} : { windows: layout }),
      watermark: watermark ?? Number.NEGATIVE_INFINITY,
      states: stateReports(this.#part, new Map()).map(({ name, kind, version, ttlMs }) => ({
        name,
        kind,
        version,
        ttlMs,
        contents: contents.flatMap(({ state, namespace, content }) => {
          if (state !== name) return []
          const window = namespace === undefined ? undefined : windowOf(namespace)
          return [window === undefined ? { content } : { window, content }]
        }),
      })),
    }
  }

  /** @throws {CHECKPOINT_CORRUPT} */
  async ofAll(limit: number): Promise<StepReport> {
    const totals = new Map<string, StateCount>()
    const starts = new Set<number>()
    const largest = new Largest(limit)
    const { keyGroups } = this.#files.manifest
    for (let first = 0; first < keyGroups; first += GROUPS_AT_ONCE) {
      for (const [group, count] of await this.#count(first, Math.min(first + GROUPS_AT_ONCE, keyGroups) - 1)) {
        count.forEach((state, each) => totals.set(state, sumOf(totals.get(state), each)))
        count.forEachWindow((start) => starts.add(start))
        for (const size of keySizes(group, count)) largest.add(size)
      }
    }
    const { watermarks } = this.#part
    const windows = windowsReport(this.#part, totals, starts)
    return {
      ...this.#place,
      keys: largest.seen,
      watermarks,
      states: stateReports(this.#part, totals),
      ...(windows === undefined ? {} : { windows }),
      largest: largest.take(),
    }
  }

  async #count(first: number, last: number): Promise<ReadonlyMap<number, GroupCount>> {
    const groups = new Map<number, GroupCount>()
    for (const run of this.#part.runs) {
      for (const { group, bytes, isIgnored } of await blocksOfRun(this.address, run, { first, last }, this.#files)) {
        const count = groups.get(group) ?? new GroupCount()
        groups.set(group, count)
        count.apply(bytes, isIgnored)
      }
    }
    return groups
  }

  #groupOf(key: Key): number {
    return keyGroupOfKey(key, this.#files.manifest.keyGroups)
  }

  /** Of a key group the blocks are read one after the other. */
  async #contentsOf(key: Key): Promise<readonly KeyContent[]> {
    const writer = new ByteWriter(64)
    encodeKey(writer, key)
    const view = new KeyView(writer.take())
    const group = this.#groupOf(key)
    for (const run of this.#part.runs) {
      for (const block of await blocksOfRun(this.address, run, { first: group, last: group }, this.#files))
        view.apply(block.bytes, block.isIgnored)
    }
    // A state that the job gave up is no longer declared, and its blocks may still be there.
    return view.contents().filter(({ state }) => Object.hasOwn(this.#part.states, state))
  }

  async #noKey(key: Key, text: string): Promise<StreamError> {
    const there: string[] = []
    for (const other of similarKeys(text, key)) {
      if ((await this.#contentsOf(other)).length === 0) continue
      const written = valueText(other)
      there.push(`${kindOfKey(other)}, ${written} (write: ${keyArgument(other, written)})`)
    }
    const hint = there.length === 0 ? 'It has none that is written alike.' : `It has ${there.join(', and ')}.`
    return new StreamError(
      'STATE_NOT_FOUND',
      `${this.address} holds nothing for the key ${valueText(key)}, ${kindOfKey(key)}, in checkpoint ${this.#place.checkpoint}. ${hint}`,
      { details: { step: this.address, checkpoint: this.#place.checkpoint } },
    )
  }
}

function addressOf(manifest: Manifest, step: string): string {
  const found = [step, `step/${step}`].find((address) => Object.hasOwn(manifest.operators, address))
  const keyed = Object.entries(manifest.operators).flatMap(([address, part]) =>
    part.kind === 'keyed' && Object.keys(part.states).length > 0 ? [address] : [],
  )
  if (found !== undefined && keyed.includes(found)) return found
  const there = keyed.length === 0 ? 'No step in it keeps state.' : `Steps that keep state: ${keyed.join(', ')}.`
  const where = `checkpoint ${manifest.checkpoint} of the job ${manifest.job}`
  if (found !== undefined) {
    const part = manifest.operators[found]?.kind === 'keyed' ? '' : ' What it does hold is shown by: millrace inspect DIR.'
    throw new StreamError('STATE_NOT_FOUND', `${found} keeps no keyed state in ${where}. ${there}${part}`)
  }
  const ids = keyed.map((address) => address.slice('step/'.length))
  const near = suggestionFor(step.replace(/^step\//, ''), ids)
  throw new StreamError(
    'STATE_NOT_FOUND',
    `There is no step '${step}' in ${where}.${near === undefined ? '' : ` Did you mean '${near}'?`} ${there}`,
  )
}

function keySizes(group: number, count: GroupCount): Iterable<SizedKey> {
  const sizes = new Map<string, SizedKey>()
  count.forEachKey(({ state, key, entries, bytes }) => {
    const size = sizes.get(key) ?? { group, text: key, states: [], entries: 0, bytes: 0 }
    sizes.set(key, size)
    // With windows a state has the key several times.
    if (size.states.at(-1) !== state) size.states.push(state)
    size.entries += entries
    size.bytes += bytes
  })
  return sizes.values()
}

interface SizedKey {
  readonly group: number
  /** The bytes of the key, one character a byte. */
  readonly text: string
  readonly states: string[]
  entries: number
  bytes: number
}

/** The largest of any number of keys, in memory for twice as many as are wanted. */
class Largest {
  readonly #limit: number
  #kept: SizedKey[] = []
  seen: number = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(size: SizedKey): void {
    this.seen++
    this.#kept.push(size)
    if (this.#kept.length >= 2 * this.#limit + 16) this.#cut()
  }

  take(): readonly KeySize[] {
    this.#cut()
    return this.#kept.map(({ text, group, states, entries, bytes }) => ({ key: keyOfText(text), group, states, entries, bytes }))
  }

  /** Among equals by their bytes, so that the same state is always listed alike. */
  #cut(): void {
    this.#kept.sort((a, b) => b.bytes - a.bytes || (a.text < b.text ? -1 : 1))
    this.#kept.length = Math.min(this.#kept.length, this.#limit)
  }
}
