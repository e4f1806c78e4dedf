/** A job with very many keys: first each key once, then one after the other far apart; a row from the second record of a key on. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineJob, generatorSource, valueState, type Job, type Out } from '../../packages/millrace/src/index.ts'
import { fileSink, jsonLines } from '../../packages/millrace/src/files.ts'
import { mixed } from '../lib/sequence-job.ts'

interface KeyRow {
  readonly key: number
  readonly seq: number
  readonly hash: number
}

/** Prime, so that it walks over all keys. */
const STEP = 7_919

function keyOf(index: number, keys: number): number {
  return index < keys ? index : (index * STEP) % keys
}

export function keysJob(of: { readonly output: string; readonly keys: number; readonly records: number }): Job<void, unknown> {
  const { output, keys, records } = of
  return defineJob('keys', (job) => {
    job
      .from('numbers', generatorSource({ count: records, record: (index) => ({ key: keyOf(index, keys), value: index % 1000 }) }))
      .keyBy((row) => row.key)
      .process('account', {
        state: { seq: valueState({ initial: () => 0 }), hash: valueState({ initial: () => 17 }) },
        onRecord({ key, value }, { state }, out: Out<KeyRow>) {
          const seq = state.seq.get() + 1
          const hash = mixed(state.hash.get(), value)
          state.seq.set(seq)
          state.hash.set(hash)
          if (seq > 1) out.emit({ key, seq, hash })
        },
      })
      .to('rows', fileSink(join(output, 'rows'), jsonLines()))
  })
}

/** All committed rows against a straight loop over the records. */
export function checkKeys(of: { readonly output: string; readonly keys: number; readonly records: number }): {
  readonly rows: number
  readonly wrong: number
} {
  const { output, keys, records } = of
  const seqs = new Uint32Array(keys)
  const hashes = new Uint32Array(keys).fill(17)
  const expected = new Set<string>()
  for (let index = 0; index < records; index++) {
    const key = keyOf(index, keys)
    const seq = (seqs[key] = (seqs[key] as number) + 1)
    hashes[key] = mixed(hashes[key] as number, index % 1000)
    if (seq > 1) expected.add(JSON.stringify({ key, seq, hash: hashes[key] }))
  }
  let rows = 0
  let wrong = 0
  for (const name of readdirSync(join(output, 'rows'))) {
    if (name.startsWith('.')) continue
    for (const line of readFileSync(join(output, 'rows', name), 'utf8').split('\n')) {
      if (line === '') continue
      rows++
      // A row that comes twice is not there the second time.
      if (!expected.delete(line)) wrong++
    }
  }
  return { rows, wrong: wrong + expected.size }
}
