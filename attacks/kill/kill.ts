/** One kill of a plan: when it comes. */
export type Kill =
  /** By the parent, so long after the process has begun to claim, or to run. */
  | { readonly kind: 'time'; readonly since: 'claiming' | 'running'; readonly afterMs: number; readonly fresh: boolean }
  /** By the process itself, at the `nth` time that it passes the point. */
  | { readonly kind: 'point'; readonly point: string; readonly nth: number; readonly fresh: boolean; readonly place?: Place }

/** In which kind of start it has to be: one that restores a checkpoint, or one with several subtasks. */
export type Place = 'restore' | 'subtasks'
