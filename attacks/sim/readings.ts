/** When processes took records from sources, and when these were safe: what the judges of stops and of processing time hold the output against. */
import type { Env } from '../../packages/millrace/src/core/env.ts'

export class Readings {
  readonly #lastMs = new Map<Env, number>()
  readonly #firstAtMs = new Map<string, number>()
  readonly #covered = new Map<string, { readonly position: number; readonly atMs: number }[]>()

  /** A batch with these records was taken. */
  read(env: Env, ids: readonly string[]): void {
    if (ids.length === 0) return
    this.#lastMs.set(env, env.clock.monotonic())
    const nowMs = env.clock.now()
    for (const id of ids) if (!this.#firstAtMs.has(id)) this.#firstAtMs.set(id, nowMs)
  }

  /** All before this position is in a durable checkpoint. */
  acknowledged(env: Env, split: string, position: number): void {
    const covered = this.#covered.get(split) ?? []
    if (position > (covered.at(-1)?.position ?? 0)) this.#covered.set(split, [...covered, { position, atMs: env.clock.now() }])
  }

  /** When a process took records last, on its monotonic clock. */
  lastReadMs(env: Env): number | undefined {
    return this.#lastMs.get(env)
  }

  /** Wall clock, before which nobody can have worked on the record. Later processes may take it again. */
  firstReadAt(id: string): number | undefined {
    return this.#firstAtMs.get(id)
  }

  /** Wall clock, by which the effects of the record with this index of its split were in a durable checkpoint. */
  coveredAt(split: string, index: number): number | undefined {
    return this.#covered.get(split)?.find(({ position }) => position > index)?.atMs
  }
}
