/**
 * What each subtask of each step saw, over crashes: an attempt writes a log; a hold marks how far a checkpoint covers it. What
 * counts in the end is the history of the restored checkpoint followed by what came after it.
 */
import type { Row } from '../../reference/program.ts'
import type { StepInput } from '../../reference/replay.ts'

export type Seen =
  | {
      readonly kind: 'record'
      readonly key: string | undefined
      readonly value: Row
      readonly timestamp: number | null
      readonly now?: number
      readonly watermark?: number
      /** What a reducer was given besides. */ readonly before?: Row
    }
  | Extract<StepInput, { kind: 'watermark' | 'time' }>

/** One subtask of one step in one attempt. */
export interface Log {
  readonly step: string
  readonly subtask: number
  readonly subtasks: number
  readonly seen: Seen[]
}
interface Attempt {
  readonly number: number
  /** What it was restored from: the attempt that took the checkpoint, and how far. */
  readonly from: Mark | undefined
  readonly logs: Map<string, Log>
}
interface Mark {
  readonly attempt: Attempt
  readonly lengths: Map<string, number>
}
/** The part of a log that survived. */
export interface Segment {
  readonly attempt: number
  readonly log: Log
  readonly length: number
}

export class Recorder {
  readonly #marks = new Map<number, Mark>()
  #attempts = 0
  #current: Attempt = { number: 0, from: undefined, logs: new Map() }

  /** A new attempt begins. A checkpoint that nobody was held for is one of tasks that had all ended: it covers all they saw. */
  begin(restored: number | undefined): void {
    const covered = (checkpoint: number): Mark => this.#marks.get(checkpoint) ?? { attempt: this.#current, lengths: new Map() }
    const from = restored === undefined || restored === 0 ? undefined : covered(restored)
    this.#current = { number: ++this.#attempts, from, logs: new Map() }
  }

  get attempt(): number {
    return this.#current.number
  }

  /** An instance of a step opens. */
  open(step: string, subtask: number, subtasks: number): Log {
    const name = `${step}#${subtask}`
    const log: Log = this.#current.logs.get(name) ?? { step, subtask, subtasks, seen: [] }
    this.#current.logs.set(name, log)
    return log
  }

  watermark(step: string, subtask: number, at: number, now: number): void {
    this.#current.logs.get(`${step}#${subtask}`)?.seen.push({ kind: 'watermark', at: at === Infinity ? 'end' : at, now })
  }

  /** These steps of a subtask are sealed for a checkpoint. */
  held(steps: readonly string[], subtask: number, checkpoint: number): void {
    let mark = this.#marks.get(checkpoint)
    if (mark?.attempt !== this.#current) {
      mark = { attempt: this.#current, lengths: new Map() }
      this.#marks.set(checkpoint, mark)
    }
    for (const step of steps) mark.lengths.set(`${step}#${subtask}`, this.#current.logs.get(`${step}#${subtask}`)?.seen.length ?? 0)
    // Steps that are logged without a subtask (reduce, aggregate) are marked by whoever owns the key.
    for (const step of steps) mark.lengths.set(`${step}@${subtask}`, this.#current.logs.get(`${step}@${subtask}`)?.seen.length ?? 0)
  }

  /** A log of a step whose functions do not know their subtask. */
  openByOwner(step: string, subtask: number): Log {
    const name = `${step}@${subtask}`
    const log: Log = this.#current.logs.get(name) ?? { step, subtask, subtasks: 0, seen: [] }
    this.#current.logs.set(name, log)
    return log
  }

  /** Oldest first. */
  surviving(): Segment[] {
    const segments: Segment[] = []
    let attempt: Attempt = this.#current
    let lengths: Map<string, number> | undefined
    for (;;) {
      // A task that has ended is not asked again: what it had seen by then is all.
      for (const [name, log] of attempt.logs) segments.push({ attempt: attempt.number, log, length: lengths?.get(name) ?? log.seen.length })
      if (attempt.from === undefined) return segments.toSorted((a, b) => a.attempt - b.attempt)
      lengths = attempt.from.lengths
      attempt = attempt.from.attempt
    }
  }
}
