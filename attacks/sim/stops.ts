/**
 * Whether a process that was told to stop has stopped. A checkpoint that is under way when it is told comes first, and what is read
 * meanwhile may be the last of the input: then the job finishes. The next checkpoint is the one of the stop, and nothing more may be read
 * after it; so whoever reads on after the first one, and finishes, was deaf.
 */

/** One process was told to. */
export interface Stop {
  /** When the first checkpoint since was complete or given up; undefined before. */
  settledMs: number | undefined
}

export interface Stopping {
  /** Undefined: it was not told to. */
  readonly stop: Readonly<Stop> | undefined
  /** When it took records from a source last. */
  readonly lastReadMs: number | undefined
}

/** What is wrong with how it has ended, if it has not failed. */
export function judgeStop(end: string, { stop, lastReadMs }: Stopping): string | undefined {
  if (end === 'stopped') return stop === undefined ? 'has stopped, and nobody had told it to' : undefined
  if (end !== 'finished' || stop?.settledMs === undefined || lastReadMs === undefined || lastReadMs <= stop.settledMs) return undefined
  return `was told to stop, and has finished: it read until ${lastReadMs.toFixed(1)}, though the checkpoint under way had ended at ${stop.settledMs.toFixed(1)}`
}
