import type { Committer, Plain, SinkContext, SinkDefinition, Writer } from '../connect/contract.ts'
import type { Env } from '../core/env.ts'
import { SeededRandom } from '../connectors/seeded-random.ts'

/** The world outside of a simulated machine: what was committed stays, whatever becomes of the process. */
export class Ledger {
  readonly rows: unknown[] = []
  readonly #markers = new Set<string>()

  /** One transaction: the rows and the marker, or neither. False: the marker is there already. */
  append(marker: string, rows: readonly unknown[]): boolean {
    if (this.#markers.has(marker)) return false
    this.#markers.add(marker)
    this.rows.push(...rows)
    return true
  }
}

type Staged = { readonly marker: string; readonly rows: readonly Plain[] }

/** Exactly once: the rows of a checkpoint and their marker are one transaction, which takes a while and whose answer may be lost. */
export function simulatedSink(kind: string, ledger: Ledger, seed: number): SinkDefinition<unknown, Plain, Plain> {
  const definition: SinkDefinition<unknown, Staged> = {
    kind,
    delivery: 'exactly-once',
    open: (context) => Promise.resolve(writer(context)),
    committer: ({ env, sink }) => Promise.resolve(committer(env, ledger, new SeededRandom(seed, `commits of ${sink}`))),
  }
  return definition as unknown as SinkDefinition<unknown, Plain, Plain>
}

function writer({ env }: SinkContext): Writer<unknown, Staged> {
  const id = env.random.id()
  let rows: unknown[] = []
  let count = 0
  return {
    write: (value) => {
      rows.push(value)
      return true
    },
    ready: () => Promise.resolve(),
    seal: () => {
      if (rows.length === 0) return { durable: Promise.resolve({ committables: [] }) }
      const staged: Staged = { marker: `${id}-${count++}`, rows: rows as Plain[] }
      rows = []
      return { durable: Promise.resolve({ committables: [staged] }) }
    },
    close: () => Promise.resolve(),
  }
}

function committer(env: Env, ledger: Ledger, delays: SeededRandom): Committer<Staged> {
  return {
    commit: async (committables) => {
      const outcomes = []
      for (const { data } of committables) {
        const isNew = await answered(env, delays, () => ledger.append(data.marker, data.rows))
        outcomes.push({ kind: isNew ? ('committed' as const) : ('already-committed' as const) })
      }
      return outcomes
    },
    withdraw: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

/** A call to the world outside: a process that dies before it has left nothing behind, one that dies after it never hears the answer. */
function answered<T>(env: Env, delays: SeededRandom, action: () => T): Promise<T> {
  return new Promise((resolve) => {
    env.timers.after(delays.next() * 5, () => {
      const result = action()
      env.timers.after(delays.next() * 5, () => resolve(result))
    })
  })
}
