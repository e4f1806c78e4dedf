import { STORAGE_CRASH_POINTS } from '../connectors/directory-storage-open.ts'
import { DIRECTORY_CRASH_POINTS } from '../connectors/durable.ts'
import { FILE_SINK_CRASH_POINTS } from '../connectors/file-sink-names.ts'
import { SWEEP_CRASH_POINTS } from '../connectors/temporary-names.ts'
import { RUNTIME_CRASH_POINTS } from '../runtime/crash-points.ts'

/** Every name that `Env.crashPoint` is called with, by the engine and by what is built in: the one list (rule E3). */
export const CRASH_POINTS: readonly string[] = [
  ...RUNTIME_CRASH_POINTS,
  ...DIRECTORY_CRASH_POINTS,
  ...STORAGE_CRASH_POINTS,
  ...SWEEP_CRASH_POINTS,
  ...FILE_SINK_CRASH_POINTS,
]
