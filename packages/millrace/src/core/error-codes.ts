/**
 * The one table of error codes. A code is stable and never reused; each has a section in docs/errors.md, which is made from
 * this table. `message` says what it means in general, `remedy` what to do.
 */
interface CodeRow {
  readonly domain: 'user' | 'external' | 'internal'
  readonly retry: 'never' | 'restart-job' | 'with-backoff'
  readonly message: string
  readonly remedy: string
}

const table = {
  INVARIANT: {
    domain: 'internal',
    retry: 'restart-job',
    message: 'A rule that the engine keeps for itself is broken.',
    remedy: 'This is a bug in Millrace. Please report it with the message and, if you can, the checkpoint directory.',
  },
  USER_CODE: {
    domain: 'user',
    retry: 'restart-job',
    message: 'A function of the job threw an error.',
    remedy: 'Read the cause: it names the step. Mend the function, or route bad records away before it.',
  },
  UNCAUGHT: {
    domain: 'user',
    retry: 'never',
    message: 'An error was thrown, or a promise rejected, where nobody waits for it.',
    remedy: 'Catch it in the callback, or await the promise. With checkpoints the same command continues from the newest one.',
  },
  EARLY_EXIT: {
    domain: 'user',
    retry: 'never',
    message: 'Code of the job has ended the process before the job had ended.',
    remedy: 'Throw an error in the place of process.exit. With checkpoints the same command continues from the newest one.',
  },
  INVALID_DURATION: {
    domain: 'user',
    retry: 'never',
    message: 'A duration is negative, not finite, or not of the form 500ms, 10s, 5m, 1h, 30d.',
    remedy: 'Write a number of milliseconds or a number with one of the units ms, s, m, h, d.',
  },
  DUPLICATE_ID: {
    domain: 'user',
    retry: 'never',
    message: 'Two sources, two steps or two sinks of a job have the same id.',
    remedy: 'Give each its own id: state and positions are found again by it.',
  },
  INVALID_ID: {
    domain: 'user',
    retry: 'never',
    message: 'An id is empty, has characters other than letters, digits, dot, dash and underscore, or has more than 100 of them.',
    remedy: 'Choose a short name such as "payments".',
  },
  TIMER_WITHOUT_HANDLER: {
    domain: 'user',
    retry: 'never',
    message: 'A timer is declared but onTimer has no method of its name, or the other way round.',
    remedy: 'Add the method to onTimer, or remove the declaration.',
  },
  UNKNOWN_TAG: {
    domain: 'user',
    retry: 'never',
    message:
      'A side output is read that no step before it can send, a record was sent to a value that is no tag, or a tag was emitted as a record.',
    remedy:
      'Create the tag with outputTag, send records to it with out.side(tag, value), and read it from the stream of the step that sends it.',
  },
  NO_EVENT_TIME: {
    domain: 'user',
    retry: 'never',
    message:
      'An event timer or a window in event time is used where no source before it can give event time, or a record without a timestamp came to such a window.',
    remedy:
      "Give from() a timestamp function, or go by the clock: a processing timer, or windows with { time: 'processing' }. The message names the step and its sources.",
  },
  INVALID_JOB: {
    domain: 'user',
    retry: 'never',
    message: 'The job cannot be built as written.',
    remedy: 'The message names the step and what is wrong with it.',
  },
  INVALID_OPTION: {
    domain: 'user',
    retry: 'never',
    message: 'An option has a value that is not allowed.',
    remedy: 'The message names the option and what it may be.',
  },
  TEST_STREAM: {
    domain: 'user',
    retry: 'never',
    message: 'A test fed or read a stream, an id or a split that its job does not have, or a stream of another job.',
    remedy:
      'Take streams from `t.streams`, which is what the factory returned, or name a source or sink by its id. Splits are named in the options of testJob.',
  },
  TEST_ENDED: {
    domain: 'user',
    retry: 'never',
    message: 'A test fed an input that has ended, or used a job that has ended, was closed or was restored into another version.',
    remedy: 'Feed before `finish`, and go on with what `restoreInto` gave. Begin another test with testJob.',
  },
  TEST_NOT_AWAITED: {
    domain: 'user',
    retry: 'never',
    message: 'A test looked at its job, or closed it, while something that it had done before was still under way.',
    remedy: 'Write `await` before each action of the test: feed, advanceTo, crash and the others.',
  },
  SIMULATION_FAILED: {
    domain: 'user',
    retry: 'never',
    message: 'A simulated job gave other output with faults than without, or did not come to its end.',
    remedy:
      'The message names the seed and the fewest faults with which it happens. Look for what a crash loses or repeats: state outside of declared state, side effects of functions, output that depends on the clock or on chance.',
  },
  SIMULATION_UNSTEADY: {
    domain: 'user',
    retry: 'never',
    message: 'A simulated job gives different output in two runs with the same faults, or without any: nothing can be compared with it.',
    remedy:
      'Look for what differs from run to run: Math.random, Date.now, the `now` of the context, processing time, or output that depends on which of several splits came first.',
  },
  NOT_YET: {
    domain: 'user',
    retry: 'never',
    message: 'This part of Millrace is not built yet.',
    remedy: 'The message says what to use until then.',
  },
  ASYNC_SCHEMA: {
    domain: 'user',
    retry: 'never',
    message: 'A schema validates asynchronously; per-record code is synchronous.',
    remedy: 'Use a schema without asynchronous refinements.',
  },
  INVALID_RECORD: {
    domain: 'user',
    retry: 'never',
    message: 'A record does not parse, does not pass its schema, or has no usable timestamp.',
    remedy: 'Mend the input, or set `invalid` on from() so that such records go to a dead-letter stream.',
  },
  UNSUPPORTED_VALUE: {
    domain: 'user',
    retry: 'never',
    message: 'A value cannot be stored or sent: a function, symbol, promise, cycle or class instance.',
    remedy:
      'Use plain objects, arrays, Date and primitives, in records and state also Map, Set, Uint8Array and bigint, which JSON does not know. The message gives the path of the field.',
  },
  PROMISE: {
    domain: 'user',
    retry: 'never',
    message: 'A function of a step gave a promise.',
    remedy: 'Steps are synchronous. Await in a source, in a sink, or before the job.',
  },
  OUTSIDE_CALL: {
    domain: 'user',
    retry: 'never',
    message: 'State, a timer or an output was used outside the call for a record or a timer.',
    remedy: 'A step is synchronous: use them before its function returns, not after an await, in a promise or in setTimeout.',
  },
  INVALID_KEY: {
    domain: 'user',
    retry: 'never',
    message: 'A key is not a string, number, bigint, boolean or an array of those.',
    remedy:
      'Return such a value from the selector of keyBy. The keys of a map state and what agg.distinct counts are keys too: the message says which it is about.',
  },
  FROZEN_RECORD: {
    domain: 'user',
    retry: 'never',
    message: 'A record or a value of state was changed after it had been emitted or read.',
    remedy: 'Make a new object instead: { ...record, field: value }.',
  },
  OUTPUT_LIMIT: {
    domain: 'user',
    retry: 'never',
    message: 'One call of a user function emitted more than 65,536 records, or more than some 64 MiB.',
    remedy: 'Split the work over several records or timers, or return an iterable from flatMap.',
  },
  STAGED_LIMIT: {
    domain: 'user',
    retry: 'never',
    message:
      'A sink that keeps its records in checkpoints until they are handed over got more of them at once than a checkpoint may hold, or all that is staged makes an entry of the log too large.',
    remedy:
      'Write so many records with fileSink, which stages them in files. Or let fewer come at once: more subtasks of the step before, windows that do not all end together.',
  },
  CHECKPOINT_CORRUPT: {
    domain: 'external',
    retry: 'never',
    message: 'A file of a checkpoint is missing, damaged or not the one that was written.',
    remedy:
      'Restore the file from a backup, or name an older intact checkpoint with --restore DIR/N --accept-loss: output that was committed after it stays and is written again. Nothing has been deleted.',
  },
  CHECKPOINT_FORMAT: {
    domain: 'user',
    retry: 'never',
    message: 'A checkpoint was written by another version of the format.',
    remedy: 'Run it with the version of Millrace that wrote it, or start on an empty directory.',
  },
  CHECKPOINT_FAILED: {
    domain: 'external',
    retry: 'restart-job',
    message: 'A checkpoint could not be written.',
    remedy: 'Read the cause: usually a full or failing disk. The job goes on from its newest checkpoint.',
  },
  CHECKPOINT_TIMEOUT: {
    domain: 'external',
    retry: 'restart-job',
    message: 'A checkpoint did not finish within its timeout.',
    remedy: 'Look for a slow sink or disk, or raise checkpoints.timeout.',
  },
  CHECKPOINT_FOREIGN: {
    domain: 'user',
    retry: 'never',
    message: 'The directory holds checkpoints of another job.',
    remedy: 'Use a directory of its own for each job.',
  },
  CHECKPOINT_NOT_FOUND: {
    domain: 'user',
    retry: 'never',
    message: 'The checkpoint asked for is not there, or the directory has a job marker but no checkpoint.',
    remedy: 'List what there is with: millrace checkpoints DIR.',
  },
  STATE_NOT_FOUND: {
    domain: 'user',
    retry: 'never',
    message: 'A checkpoint has no keyed state of the step that was asked for, or nothing for the key.',
    remedy: 'List the keys of a step with: millrace state DIR STEP. The message names the steps, or keys that are written alike.',
  },
  RESTORE_REFUSED: {
    domain: 'user',
    retry: 'never',
    message: 'The storage holds checkpoints but the run asked to start without them.',
    remedy: 'Use an empty directory, or leave out --restore none to continue.',
  },
  STATE_DROPPED: {
    domain: 'user',
    retry: 'never',
    message: 'The checkpoint holds state, positions or uncommitted output that the job no longer has a place for.',
    remedy: 'Give the step its old id back, or accept the loss with --allow-dropped.',
  },
  STATE_MISMATCH: {
    domain: 'user',
    retry: 'never',
    message:
      'A state of the checkpoint does not fit the one that the job declares under the same name: it has another kind, a later version, or an older version and there is no migrate.',
    remedy:
      'The message names each such state and what to do: a new name for a new kind, a migrate for a new version, the newer job for a later version.',
  },
  MIGRATE_FAILED: {
    domain: 'user',
    retry: 'never',
    message: 'migrate of a state threw an error for a value of the checkpoint, or gave something that cannot be stored.',
    remedy: 'The message names the step, the state, the key and the version of the value. Mend migrate; the checkpoint is as it was.',
  },
  INVALID_STATE: {
    domain: 'user',
    retry: 'never',
    message: 'A value of the checkpoint does not pass the schema that the job declares for its state.',
    remedy: 'Raise the version of the state and give it a migrate that makes such values fit, or widen the schema.',
  },
  STATE_LIMIT: {
    domain: 'user',
    retry: 'never',
    message: 'The state of a job takes more memory than it may: state.maxBytes, by default 60 % of the heap.',
    remedy:
      'The message names the states that take most. Keep less: a time to live, clear, a timer that forgets, fewer keys. Or allow more: state.maxBytes in the options of run(), and node --max-old-space-size=MB (in NODE_OPTIONS) for a larger heap. The job goes on from its newest checkpoint.',
  },
  KEY_GROUPS_CHANGED: {
    domain: 'user',
    retry: 'never',
    message: 'The job asks for another number of key groups than its state was written with.',
    remedy: 'Leave keyGroups as it was: it is fixed for the life of the state.',
  },
  FENCED: {
    domain: 'external',
    retry: 'never',
    message: 'Another process has taken over this job.',
    remedy: 'Nothing to do: this process has stopped before committing anything, the other one runs the job.',
  },
  STORAGE: {
    domain: 'external',
    retry: 'restart-job',
    message: 'The checkpoint storage failed.',
    remedy: 'Read the cause; check that the directory exists, is writable and has room.',
  },
  SOURCE: {
    domain: 'external',
    retry: 'restart-job',
    message: 'A source cannot be read.',
    remedy: 'The message names the file, the line or offset, and the reason.',
  },
  SOURCE_CHANGED: {
    domain: 'external',
    retry: 'never',
    message: 'An input file shrank, vanished or was changed before the position that has been read, or grew after it had been read whole.',
    remedy: 'Put the file back as it was. Input files may only grow; those that were read to their end may not, unless they are followed.',
  },
  SINK: {
    domain: 'external',
    retry: 'restart-job',
    message: 'A sink cannot be written.',
    remedy: 'The message names the file and the reason.',
  },
  OUTPUT_EXISTS: {
    domain: 'user',
    retry: 'never',
    message: 'A job that starts from nothing, or a sink that was added to one, was given a folder that holds the output of another run.',
    remedy: 'Go on with the checkpoints that wrote it, or use an empty folder.',
  },
  COMMIT_FAILED: {
    domain: 'external',
    retry: 'never',
    message: 'A sink cannot prove that what it holds was committed.',
    remedy:
      'The message says what could not be committed. A run from the start needs an empty output folder and an empty checkpoint directory; a folder that holds output goes on with the checkpoints that wrote it. Files that were moved or changed have to be put back. The job has stopped so that nothing is lost silently.',
  },
  CONTRACT: {
    domain: 'external',
    retry: 'never',
    message: 'A source, sink or storage breaks its contract.',
    remedy: 'The message names the rule; run the contract suite of millrace/testing on the implementation.',
  },
  STOPPED: {
    domain: 'user',
    retry: 'never',
    message: 'The job was stopped, or could not be in the time it was given.',
    remedy: 'Nothing, if it was meant so. After a deadline: mend what never ends, if the message names it, or give it more time.',
  },
  TIMER_LIMIT: {
    domain: 'user',
    retry: 'never',
    message: 'A timer was set to something that is no time.',
    remedy: 'Give milliseconds since the Unix epoch as a safe integer.',
  },
  COMMAND_LINE: { domain: 'user', retry: 'never', message: 'The command line cannot be understood.', remedy: 'See millrace --help.' },
} as const

/** A code of the table of errors: docs/errors.md has a section for each. */
export type ErrorCode = keyof typeof table
export const errorCodes: Readonly<Record<ErrorCode, CodeRow>> = table
