/** What state is, in plain Maps: the judge of `attack -- state`. It knows nothing of the engine. */
export type ModelKey = string | number | bigint | boolean | readonly ModelKey[]
export interface Ttl {
  readonly afterMs: number
  readonly refreshOn: 'write' | 'read-and-write'
  readonly expired: 'never-returned' | 'until-cleaned'
}
type Kept = { k: ModelKey; v: unknown; x: number }
export type Kind = 'value' | 'list' | 'map' | 'accumulator' | 'timer' | 'timers'
const NEVER = Number.POSITIVE_INFINITY

export function id(key: ModelKey): string {
  if (typeof key === 'object') return `[${key.map(id).join()}]`
  return `${typeof key} ${typeof key === 'number' ? String(key + 0) : JSON.stringify(String(key))}`
}

export class Model {
  now = 0
  /** state → key → content, in order of insertion. Values, accumulators and timers are lists of one. */
  content: Record<string, Map<string, Map<string, Kept>>> = {}
  keys: Map<string, ModelKey> = new Map()
  ttls: Record<string, Ttl | undefined>
  constructor(states: Record<string, { kind: Kind; ttl?: Ttl }>) {
    this.ttls = Object.fromEntries(Object.entries(states).map(([name, { ttl }]) => [name, ttl]))
    for (const name of Object.keys(states)) this.content[name] = new Map()
  }
  clone(): Model {
    const copy = new Model({})
    return Object.assign(copy, { now: this.now, content: structuredClone(this.content), keys: new Map(this.keys), ttls: this.ttls })
  }
  #of(state: string, key: ModelKey): Map<string, Kept> {
    this.keys.set(id(key), key)
    const byKey = this.content[state] as Map<string, Map<string, Kept>>
    const found = byKey.get(id(key)) ?? new Map<string, Kept>()
    byKey.set(id(key), found)
    return found
  }
  put(state: string, key: ModelKey, k: ModelKey, v: unknown): void {
    this.#of(state, key).set(id(k), { k, v, x: this.now + (this.ttls[state]?.afterMs ?? NEVER) })
  }
  remove(state: string, key: ModelKey, k: ModelKey): void {
    this.#of(state, key).delete(id(k))
  }
  clear(state: string, key: ModelKey): void {
    this.#of(state, key).clear()
  }
  /** What a read of all (or one) hands out; what has expired goes, what is read may be refreshed. */
  read(state: string, key: ModelKey, only?: ModelKey): Kept[] {
    const ttl = this.ttls[state]
    const all = this.#of(state, key)
    const seen: Kept[] = []
    for (const [name, kept] of only === undefined ? all : [[id(only), all.get(id(only))] as const]) {
      if (kept === undefined) continue
      if (kept.x <= this.now) all.delete(name)
      else if (ttl?.refreshOn === 'read-and-write') kept.x = this.now + ttl.afterMs
      if (kept.x > this.now || ttl?.expired === 'until-cleaned') seen.push(kept)
    }
    return seen
  }
  /** The earliest pending time of some timer states. */
  earliest(states: readonly string[]): number {
    let at = NEVER
    for (const state of states)
      for (const times of this.content[state]?.values() ?? []) for (const { v } of times.values()) at = Math.min(at, v as number)
    return at
  }
  count(states: readonly string[]): number {
    return states.reduce((sum, state) => sum + [...(this.content[state]?.values() ?? [])].reduce((n, times) => n + times.size, 0), 0)
  }
}
