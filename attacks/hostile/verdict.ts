/** Which ends are right for which act. */
import type { Act } from './acts.ts'
import type { Place } from './places.ts'

/** How a process of the job ended. */
export type End =
  /** Exit code 0, and it says so. */
  | 'finished'
  | 'stopped'
  /** Exit code 1, with the code of an error that names the place. */
  | 'failed'
  /** Exit code 2, with the code of an error: nothing was started. */
  | 'refused'
  /** The user's code ended the process: exit code 1, with a sentence that says so. */
  | 'exit'
  /** An error that no step awaits: exit code 1, with a sentence that says so. */
  | 'uncaught'
  /** Exit code 3. */
  | 'fenced'
  /** By a signal, or by V8 with a report of its own. */
  | 'died'
  /** Exit code 1, with Node's own report, which shows the line of the hostile code: JavaScript itself was broken by then. */
  | 'crashed'
  /** Nothing but SIGKILL ends it. */
  | 'blocked'

/** Acts after which no stack tells whose function it was: then the task is named. */
export const WITHOUT_STACK: readonly Act[] = ['stack', 'throw-nothing']
export const TASK: RegExp = /A function of \S+/

/** What the engine calls the place in its errors: its address, which no frame of a stack looks like. Steps without an id are numbered. */
export const addressOf: Readonly<Record<Place, RegExp>> = {
  source: /source\/rows/,
  schema: /source\/rows/,
  timestamp: /source\/rows/,
  // A promise that is not looked at fails where the record is needed next: where it has to have a key, or the step after.
  map: /\bmap#\d|the keyBy after \S+#\d|step\/(count|windows)/,
  // With several subtasks it is called before the step, to find the one.
  key: /the keyBy after \S+#\d|step\/(count|windows)/,
  process: /step\/count/,
  timer: /step\/count/,
  window: /step\/windows/,
  sink: /sink\/history/,
  commit: /sink\/history/,
  filter: /\bfilter#\d|step\/(count|windows)/,
  flatMap: /\bflatMap#\d|step\/(count|windows)/,
  initial: /step\/count/,
  result: /step\/windows/,
  'source-open': /source\/rows/,
  acknowledge: /source\/rows/,
  'sink-open': /sink\/history/,
  seal: /sink\/history/,
  config: /[Tt]he (config of the )?job 'hostile'/,
  factory: /The factory of the job 'hostile'/,
  migrate: /state "total" of step\/count/,
  'state-schema': /step\/count/,
  'step-open': /step\/count/,
  'step-close': /step\/count/,
  progress: /source\/rows/,
  'source-close': /source\/rows/,
  'sink-close': /sink\/history/,
  'committer-open': /sink\/history/,
  withdraw: /sink\/history/,
  'committer-close': /sink\/history/,
  iterable: /\bflatMap#\d|step\/(reduced|slides|sessions|listed|lasts)/,
  reduce: /step\/reduced/,
  create: /step\/sessions/,
  merge: /step\/sessions/,
  selector: /step\/slides/,
  gap: /step\/sessions/,
  'window-process': /step\/listed/,
  'count-add': /step\/lasts/,
  ranker: /step\/lasts/,
}

const byAct: Readonly<Record<Act, readonly End[]>> = {
  throw: ['failed'],
  'throw-nothing': ['failed'],
  'throw-async': ['failed'],
  'never-resolve': ['failed'],
  'reject-later': ['uncaught'],
  'throw-later': ['uncaught'],
  'exit-0': ['exit'],
  'exit-1': ['exit'],
  'kill-self': ['died'],
  busy: ['finished'],
  'atomics-wait': ['finished'],
  'busy-past-lease': ['fenced', 'finished'],
  'block-for-ever': ['blocked'],
  heap: ['died'],
  // Whoever asks for the piece that is too much gets an error; where it is Node or V8 itself, the process ends.
  buffer: ['failed', 'died'],
  stack: ['failed'],
  // Samples of records are frozen; what was encoded before it is touched is right.
  mutate: ['failed', 'finished'],
  'mutate-state': ['failed', 'finished'],
  'patch-array': ['finished'],
  'patch-object': ['finished'],
  'break-array': ['failed', 'uncaught', 'crashed'],
  'own-handlers': ['uncaught'],
  'close-files': ['failed', 'uncaught', 'died'],
}

const AWAITED: readonly Place[] = [
  ...(['source', 'sink', 'commit', 'source-open', 'acknowledge', 'sink-open', 'seal'] as const),
  ...(['step-open', 'committer-open', 'withdraw'] as const),
]
/** Passed when all output is committed and the log says that the job has finished: no error there may say otherwise. */
export const CLOSES: readonly Place[] = ['step-close', 'source-close', 'sink-close', 'committer-close']
/** `progress` is for people, who may do without: nothing of a job depends on it. */
const SPARED: readonly Place[] = [...CLOSES, 'progress']
/** Starting again gives the same, or the job has not begun: an error there is not tried again. */
const LASTING: readonly Place[] = ['config', 'factory', 'migrate', 'state-schema']
/** Acts that are a failure of the place itself, whatever comes after. */
const FAILURES: readonly Act[] = ['throw', 'throw-nothing', 'throw-async', 'never-resolve', 'stack']

/** Whether what it prints has to say where it was: it warns of what it spares, although the job has finished. */
export function hasToSay(end: End | 'unclear', act: Act, place: Place): boolean {
  if (end === 'finished') return FAILURES.includes(act) && SPARED.includes(place)
  return end === 'failed' || end === 'refused'
}

/** `restarts`: the job starts again by itself, and it strikes only once. */
export function allowedEnds(act: Act, place: Place, restarts: boolean): readonly End[] {
  // What is not acknowledged now is so with the next checkpoint, and nobody waits for it but the end of the job, for a while.
  if (place === 'acknowledge') return ['finished', 'stopped']
  if (SPARED.includes(place) && FAILURES.includes(act)) return ['finished']
  // What is awaited may take as long as it likes, until somebody stops the job.
  if (act === 'never-resolve' && AWAITED.includes(place)) return ['stopped', 'failed']
  // One in many records is looked at where it is emitted. Of another the promise fails the step after, and its rejection may be heard first.
  if (act === 'throw-async' && (place === 'map' || place === 'iterable')) return ['failed', 'uncaught']
  // What it is given is its own: it may change it.
  if (act === 'mutate' && (place === 'migrate' || place === 'merge' || place === 'config')) return ['finished']
  // What the schema of the config does not let pass is an option that is wrong; what it is itself is the job's.
  if (place === 'config' && (act === 'throw' || act === 'throw-nothing' || act === 'stack')) return ['refused']
  if (place === 'config' && act === 'buffer') return ['refused', 'died']
  const ends = byAct[act]
  return restarts && ends.includes('failed') && !LASTING.includes(place) ? [...ends, 'finished'] : ends
}
