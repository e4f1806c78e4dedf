/** In which phase of its life a process is, from the crash points that it passes and the events that it tells. */
import { openSync, readFileSync, writeSync, existsSync, rmSync } from 'node:fs'
import type { JobEvent } from '../../packages/millrace/src/runtime/monitor.ts'

export const PHASES = ['before checkpoint 0', 'restore', 'processing', 'draining', 'encode', 'fsync', 'entry', 'commit', 'end'] as const
export type Phase = (typeof PHASES)[number]

/** By the beginning of the point's name; the first that fits. */
const phaseByPoint: readonly (readonly [prefix: string, phase: Phase])[] = [
  ['task.drain', 'draining'],
  ['task.held', 'encode'],
  ['task.encode', 'encode'],
  ['files.part', 'fsync'],
  ['chunk', 'fsync'],
  ['storage.chunk', 'fsync'],
  ['task.acknowledge', 'fsync'],
  ['entry', 'entry'],
  ['storage.entry', 'entry'],
  ['storage.mark', 'entry'],
  ['checkpoint.stored', 'commit'],
  ['commit.after', 'processing'],
  ['commit', 'commit'],
  ['files.commit', 'commit'],
]

export function phaseOfPoint(point: string): Phase | undefined {
  return phaseByPoint.find(([prefix]) => point.startsWith(prefix))?.[1]
}

/**
 * Writes the phase into the one byte of a file, so that it is known of a process that was killed. Until the first checkpoint of a
 * directory all is `before checkpoint 0`; from the first look at the log to the first record all is `restore`.
 */
export class PhaseRecorder {
  readonly #file: number
  readonly #byte = new Uint8Array(1)
  #phase: Phase | undefined
  /** As long as it is set, the points say nothing else. */
  #hidden: Phase | undefined = 'restore'
  #isCommitting = false

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  point(name: string): void {
    if (name === 'claim.before') this.#enter('restore')
    if (name === 'commit.before') this.#isCommitting = true
    if (name === 'commit.after') this.#isCommitting = false
    const phase = phaseOfPoint(name)
    if (phase !== undefined && this.#hidden === undefined) this.#enter(phase)
  }

  event(event: JobEvent): void {
    if (event.kind === 'restoring') this.#enter((this.#hidden = event.checkpoint === undefined ? 'before checkpoint 0' : 'restore'))
    if (event.kind === 'ended') this.#enter('end')
    if (event.kind !== 'running' && event.kind !== 'checkpoint') return
    // Records flow before checkpoint 0 is told, but only just.
    const wasHidden = this.#hidden !== undefined
    this.#hidden = undefined
    // After a checkpoint with nothing to commit.
    if (wasHidden || (this.#phase === 'commit' && !this.#isCommitting)) this.#enter('processing')
  }

  #enter(phase: Phase): void {
    if (phase === this.#phase) return
    this.#phase = phase
    this.#byte[0] = PHASES.indexOf(phase)
    writeSync(this.#file, this.#byte, 0, 1, 0)
  }
}

/** What a recorder has written last; undefined when the process had not claimed yet. */
export function lastPhase(path: string): Phase | undefined {
  const [byte] = existsSync(path) ? readFileSync(path) : []
  rmSync(path, { force: true })
  return byte === undefined ? undefined : PHASES[byte]
}
