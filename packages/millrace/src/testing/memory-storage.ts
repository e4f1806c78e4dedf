import { defineStorage, type Beat, type CheckpointStorage, type OpenStorage } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { StreamError } from '../core/errors.ts'

/** What a storage holds, for all processes that open it. */
interface Held {
  readonly entries: Map<number, Uint8Array>
  readonly chunks: Map<string, Uint8Array>
  beat: Beat | undefined
}

const CHUNK_NAME = /^[A-Za-z0-9][A-Za-z0-9.-]*$/
const NAME = 'the memory of the test'

/** Checkpoints in memory. `answer` decides when a call is answered, and by whom. */
export function memoryStorage(answer: <T>(env: Env, action: () => T) => Promise<T>): CheckpointStorage {
  const held: Held = { entries: new Map(), chunks: new Map(), beat: undefined }
  return defineStorage({ kind: 'memory', open: (env) => Promise.resolve(opened(held, (action) => answer(env, action))) })
}

function opened(held: Held, answer: <T>(action: () => T) => Promise<T>): OpenStorage {
  const { entries, chunks } = held
  return {
    name: NAME,
    createEntry: (n, bytes) =>
      answer(() => {
        if (entries.has(n)) return 'exists'
        entries.set(n, bytes.slice())
        return 'created'
      }),
    readEntry: (n) => answer(() => entries.get(n)?.slice()),
    entries: () => answer(() => [...entries.keys()].sort((a, b) => a - b)),
    deleteEntry: (n) => answer(() => void entries.delete(n)),
    writeChunk: (name, parts) =>
      answer(() => {
        checkName(name)
        if (chunks.has(name)) throw new StreamError('CONTRACT', `The chunk ${name} has been written before: chunks never change.`)
        chunks.set(name, joined(parts))
      }),
    readChunk: (name, range) => answer(() => part(chunks, name, range)),
    async *listChunks() {
      for (const name of await answer(() => [...chunks.keys()])) yield name
    },
    deleteChunk: (name) =>
      answer(() => {
        checkName(name)
        chunks.delete(name)
      }),
    beat: (beat) => answer(() => void (held.beat = beat)),
    lastBeat: () => answer(() => held.beat),
    nameOf: (of) => ('entry' in of ? `entry ${of.entry} of ${NAME}` : `chunk ${of.chunk} of ${NAME}`),
    close: () => Promise.resolve(),
  }
}

function checkName(name: string): void {
  if (!CHUNK_NAME.test(name)) throw new StreamError('CONTRACT', `'${name}' cannot name a chunk: letters, digits, dash and dot only.`)
}

function part(
  chunks: ReadonlyMap<string, Uint8Array>,
  name: string,
  range: { readonly start: number; readonly end: number } | undefined,
): Uint8Array {
  checkName(name)
  const bytes = chunks.get(name)
  if (bytes === undefined) throw new StreamError('CHECKPOINT_CORRUPT', `chunk ${name} of ${NAME} is missing.`)
  if (range === undefined) return bytes.slice()
  if (range.end > bytes.length) throw new StreamError('CHECKPOINT_CORRUPT', `chunk ${name} of ${NAME} ends before byte ${range.end}.`)
  return bytes.slice(range.start, range.end)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const each of parts) {
    bytes.set(each, at)
    at += each.length
  }
  return bytes
}
